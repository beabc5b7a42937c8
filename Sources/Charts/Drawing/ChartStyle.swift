/// The colours and lines of pictures, light and dark.
package enum ChartStyle {
  /// How many series have a colour of their own: classes `s-0`, `s-1`, … of lines and marks.
  package static let seriesCount = 8

  /// The classes that the pictures of this module use.
  package static let drawing = """
    :root { color-scheme: light dark;
      --back: #ffffff; --text: #1d2327; --soft: #5b6670; --line: #dfe3e7; --roof: #b3261e;
      --s0: #0b6bb0; --s1: #c25e00; --s2: #2c7d4f; --s3: #a3337d; --s4: #7a5a00; --s5: #5b4fc4;
      --s6: #00798c; --s7: #b3261e; --heat: #0b5fa8; --cold: #b04a00; }
    @media (prefers-color-scheme: dark) { :root {
      --back: #14181c; --text: #e6e9ec; --soft: #9aa5af; --line: #2c343c; --roof: #ff8a80;
      --s0: #56b0f0; --s1: #f2a93b; --s2: #6cc794; --s3: #e58bc4; --s4: #d9c25a; --s5: #a9a2ff;
      --s6: #4fd0e0; --s7: #ff8a80; --heat: #6cc0ff; --cold: #ffa45c; } }
    text { fill: var(--text); font: 12px system-ui, sans-serif; }
    text.tick, text.value { fill: var(--soft); font-size: 11px; }
    text.heading { font-size: 14px; font-weight: 600; }
    text.halo { paint-order: stroke; stroke: var(--back); stroke-width: 5px; }
    .back { fill: var(--back); } .frame { fill: none; stroke: var(--line); }
    .grid { stroke: var(--line); } .whisker { stroke: var(--text); opacity: .65; }
    .reference { stroke: var(--roof); stroke-dasharray: 4 3; }
    .roof { stroke: var(--roof); stroke-width: 2; fill: none; }
    .mark { stroke: var(--back); stroke-width: 1; } .c-plain { fill: var(--soft); }
    .series { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; }
    .series.dashed { stroke-dasharray: 6 4; } .point { fill: currentColor; }
    .heat { fill: var(--heat); } .cold { fill: var(--cold); }
    .missing { fill: none; stroke: var(--line); stroke-dasharray: 2 2; }

    """ + (0..<seriesCount).map { ".s-\($0) { color: var(--s\($0)); }" }.joined(separator: " ")
}
