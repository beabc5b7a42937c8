import Foundation

/// The results as a Markdown table.
enum AddingTable {
  /// What all rows have in common.
  static func caption(_ contest: AddingContest) -> String {
    """
    Adding problem, \(contest.steps) steps: \(contest.hiddenSize) units, \(contest.updates) updates \
    of \(contest.batch) sequences, Adam \(contest.learningRate), gradient norm at most \
    \(contest.maximumNorm), forget bias \(contest.forgetBias), seed \(contest.seed). Answering 1 has \
    an error of 0.1667.

    """
  }

  static let head = """
    | cell | parameters | updates until < \(AddingContest.solved) | validation MSE at the end | \
    best | curve | sequences/s |
    |---|---:|---:|---:|---:|---|---:|
    """

  static func row(_ cell: AddingCell, _ result: AddingResult) -> String {
    let solved = result.solvedAt.map(String.init) ?? "not"
    let error =
      result.diverged ? "diverged" : String(format: "%.4f", result.finalError)
    return "| \(cell.rawValue) | \(result.parameters) | \(solved) | \(error) | "
      + String(format: "%.4f", result.bestError) + " | \(curve(result.reports)) | "
      + String(format: "%.0f |", result.sequencesPerSecond)
  }

  /// The errors on the way in twelve characters, on a logarithmic scale from 0.0001 or less to 1/6 or
  /// more.
  static func curve(_ reports: [AddingReport]) -> String {
    let bars = Array("▁▂▃▄▅▆▇█")
    let count = min(12, reports.count)
    return String(
      (0..<count).map { i in
        let error = reports[(i + 1) * reports.count / count - 1].error
        let height = log(max(error, 1e-4) / 1e-4) / log(1 / 6e-4)
        return bars[min(7, max(0, Int((height * 7).rounded())))]
      })
  }
}
