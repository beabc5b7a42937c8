/// A page that stands alone: no scripts, nothing loaded from elsewhere, light and dark.
package struct HTMLPage {
  /// What the browser shows as its name.
  package var title: String
  /// Style of the page's own, behind that of all pages; empty for none.
  package var style: String
  /// The elements of the page, as markup.
  package var body: [String]

  package init(title: String, style: String = "", body: [String]) {
    self.title = title
    self.style = style
    self.body = body
  }

  /// The text of its file.
  package var document: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(Markup.escape(title))</title>
    <style>
    \(([ChartStyle.drawing, Self.layout] + (style.isEmpty ? [] : [style])).joined(separator: "\n"))
    </style>
    </head>
    <body>
    \(body.joined(separator: "\n"))
    </body>
    </html>

    """
  }

  /// What stands around the pictures.
  private static let layout = """
    :root { --panel: #f6f7f9; --warn: #fff1d6; }
    @media (prefers-color-scheme: dark) { :root { --panel: #1b2126; --warn: #3d3013; } }
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
    pre { background: var(--panel); padding: .7rem 1rem; border-radius: 8px; margin: .6rem 0 .2rem;
      white-space: pre-wrap; font: 13px/1.45 ui-monospace, monospace; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums;
      width: 100%; }
    th, td { text-align: right; padding: .18rem .5rem; white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
    tr.first td { border-top: 1px solid var(--line); }
    """
}
