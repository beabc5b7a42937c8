import Charts

/// Results as a page: a table, and for each experiment its curves, pictures and samples.
enum HTMLReport {
  static func render(_ record: ExperimentRecord) -> String {
    let (met, missed) = (
      record.results.count { $0.isMet == true }, record.results.count { $0.isMet == false }
    )
    func all(_ fact: (ExperimentResult) -> String) -> String {
      var seen: [String] = []
      for result in record.results where !seen.contains(fact(result)) { seen.append(fact(result)) }
      return seen.joined(separator: ", ")
    }
    var body = [
      "<h1>Experiments</h1>",
      HTML.facts([
        ("Targets", "\(met) met, \(missed) missed"), ("Budget", all { $0.budget.rawValue }),
        ("Commit", all(\.commit)), ("Processor", all(\.processor)),
      ]),
    ]
    for result in record.results where result.isMet == false {
      let cells = ResultCells(result)
      let line =
        "\(result.experiment): \(cells.what) is \(cells.measured), \(cells.target) was asked"
      body.append("<p class=\"warning\">\(Markup.escape(line))</p>")
    }
    body.append(
      HTML.table(
        titles: ["experiment", "what", "measured", "target", "met", "seed", "time", "parameters"],
        groups: names(record).map { name in
          record.results.filter { $0.experiment == name }.map { result in
            let cells = ResultCells(result)
            return [
              name, cells.what, cells.measured, cells.target, cells.met, "\(result.seed)",
              cells.time, cells.parameters,
            ]
          }
        }))
    for name in names(record) {
      let figures = record.figures.filter { $0.experiment == name }
      if figures.isEmpty { continue }
      body.append("<h2>\(Markup.escape(name))</h2>")
      body += figures.map { markup($0.figure) }
    }
    return HTMLPage(
      title: "Experiments",
      style: ":is(th, td):nth-child(-n+2) { text-align: left; white-space: normal; }",
      body: body
    ).document
  }

  private static func names(_ record: ExperimentRecord) -> [String] {
    var names: [String] = []
    for name in record.results.map(\.experiment) + record.figures.map(\.experiment)
    where !names.contains(name) {
      names.append(name)
    }
    return names
  }

  private static func markup(_ figure: Figure) -> String {
    switch figure {
    case .lines(let lines):
      let chart = LineChart(
        label: lines.title, x: .init(lines.x, isLogarithmic: lines.hasLogarithmicX),
        y: .init(lines.y, isLogarithmic: lines.hasLogarithmicY),
        series: lines.series.map { .init(name: $0.name, points: Array(zip($0.x, $0.y))) })
      return picture(chart.svg())
    case .heatMap(let map):
      let chart = HeatMap(
        label: map.title, axes: (map.rowAxis, map.columnAxis), rows: map.rows,
        columns: map.columns, values: map.values, fullScale: 1)
      return picture(chart.svg())
    case .picture(let picture):
      return HTML.figure(png: picture.png, width: picture.width, picture.title)
    case .text(let title, let lines):
      return HTML.figure(text: lines, title)
    }
  }

  /// A picture no larger than it was drawn.
  private static func picture(_ svg: SVG) -> String {
    "<figure style=\"max-width: \(Int(svg.width))px\">\(svg.markup)</figure>"
  }
}
