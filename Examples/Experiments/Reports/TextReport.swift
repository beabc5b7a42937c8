import Charts

/// Results as a table for a terminal.
enum TextReport {
  static func render(_ record: ExperimentRecord) -> String {
    var table = TextTable(columns: [
      .init(title: "experiment", alignment: .left), .init(title: "what", alignment: .left),
      .init(title: "measured"), .init(title: "target"), .init(title: "met", alignment: .left),
      .init(title: "time"),
    ])
    table.rows = record.results.map { result in
      let cells = ResultCells(result)
      return [
        result.experiment, cells.what, cells.measured, cells.target, cells.met, cells.time,
      ]
    }
    return table.lines().map { $0 + "\n" }.joined()
  }
}
