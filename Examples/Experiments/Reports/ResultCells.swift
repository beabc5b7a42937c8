import Charts

/// What reports print of a result.
struct ResultCells {
  var what, measured, target, met, time, parameters: String

  init(_ result: ExperimentResult) {
    what = result.name + (result.note.map { " (\($0))" } ?? "")
    measured = Format.shortest(result.measured)
    target = result.target.map { "\($0.comparison) \(Format.shortest($0.bound))" } ?? ""
    met = result.isMet.map { $0 ? "yes" : "NO" } ?? ""
    time = result.seconds < 60 ? Format.time(result.seconds) : Format.duration(result.seconds)
    parameters = result.parameters.map(String.init) ?? ""
  }
}
