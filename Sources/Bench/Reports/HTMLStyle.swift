/// The style of the report's page.
enum HTMLStyle {
  static let css = """
    :root { color-scheme: light dark;
      --back: #ffffff; --text: #1d2327; --soft: #5b6670; --line: #dfe3e7; --panel: #f6f7f9;
      --packed: #0b6bb0; --fused: #3d8f5f; --pergate: #d98200; --naive: #8a929a; --other: #7a3e9d;
      --roof: #b3261e; --warn: #fff1d6; }
    @media (prefers-color-scheme: dark) { :root {
      --back: #14181c; --text: #e6e9ec; --soft: #9aa5af; --line: #2c343c; --panel: #1b2126;
      --packed: #56b0f0; --fused: #6cc794; --pergate: #f2a93b; --naive: #7d8790; --other: #c48be6;
      --roof: #ff8a80; --warn: #3d3013; } }
    body { background: var(--back); color: var(--text); margin: 2rem auto; padding: 0 1.25rem;
      max-width: 1040px; font: 15px/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.5rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
    dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr));
      gap: .35rem 1.5rem; margin: 0; padding: .9rem 1.1rem; background: var(--panel);
      border-radius: 8px; }
    dl div { display: flex; gap: .6rem; } dt { color: var(--soft); min-width: 7.5rem; }
    dd { margin: 0; overflow-wrap: anywhere; }
    .warning { background: var(--warn); padding: .5rem .9rem; border-radius: 8px;
      margin: .6rem 0 0; }
    .legend { display: flex; flex-wrap: wrap; gap: 1.2rem; margin: .2rem 0; color: var(--soft);
      font-size: .9rem; }
    .legend span { display: inline-flex; align-items: center; gap: .4rem; }
    .legend i { width: .8rem; height: .8rem; border-radius: 2px; background: currentColor; }
    .legend svg { width: 14px; height: 14px; }
    figure { margin: 0; } figure svg { width: 100%; height: auto; display: block; }
    figcaption, ul { color: var(--soft); font-size: .9rem; } ul { padding-left: 1.1rem; }
    text { fill: var(--text); font: 12px system-ui, sans-serif; }
    text.tick, text.value { fill: var(--soft); font-size: 11px; }
    text.halo { paint-order: stroke; stroke: var(--back); stroke-width: 5px; }
    .grid { stroke: var(--line); } .whisker { stroke: var(--text); opacity: .65; }
    .reference { stroke: var(--roof); stroke-dasharray: 4 3; }
    .roof { stroke: var(--roof); stroke-width: 2; fill: none; }
    .mark { stroke: var(--back); stroke-width: 1; }
    .c-packed { fill: var(--packed); color: var(--packed); }
    .c-fused { fill: var(--fused); color: var(--fused); }
    .c-perGate { fill: var(--pergate); color: var(--pergate); }
    .c-naive { fill: var(--naive); color: var(--naive); }
    .c-other { fill: var(--other); color: var(--other); }
    .c-plain { fill: var(--soft); }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums;
      width: 100%; }
    th, td { text-align: right; padding: .18rem .5rem; white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
    th:nth-child(-n+2), td:nth-child(-n+2), th:nth-child(7), td:nth-child(7) { text-align: left; }
    tr.first td { border-top: 1px solid var(--line); }
    """
}
