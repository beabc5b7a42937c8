/// What the report's page adds to the style of all pages: the contestants' colours.
enum ReportStyle {
  static let css = """
    :root { --packed: #0b6bb0; --fused: #3d8f5f; --pergate: #d98200; --naive: #8a929a;
      --other: #7a3e9d; }
    @media (prefers-color-scheme: dark) { :root {
      --packed: #56b0f0; --fused: #6cc794; --pergate: #f2a93b; --naive: #7d8790;
      --other: #c48be6; } }
    .c-packed { fill: var(--packed); color: var(--packed); }
    .c-fused { fill: var(--fused); color: var(--fused); }
    .c-padded { fill: var(--fused); color: var(--fused); }
    .c-perGate { fill: var(--pergate); color: var(--pergate); }
    .c-naive { fill: var(--naive); color: var(--naive); }
    .c-other { fill: var(--other); color: var(--other); }
    th:nth-child(-n+2), td:nth-child(-n+2), th:nth-child(7), td:nth-child(7) { text-align: left; }
    """
}
