import Foundation
import LinAlg

/// What the engine cost in an earlier measurement on one machine, and is compared with there alone: how
/// busy neighbours are changes what a row costs, and another machine has others.
struct Baseline: Codable, Equatable {
  static let currentSchema = 3
  static let largestByteCount = 4 << 20

  var schema = Baseline.currentSchema
  /// The machine that it is for.
  var machine: String
  /// When it was recorded, at which commit; for people, not compared.
  var date: String
  var commit: String
  /// By the row's name, such as `lstm_forward f32 N16 H128`: what a call costs, in times of the yardstick.
  var costs: [String: Interval]

  /// This machine: its name, its processor and the kernels that run on it.
  static var thisMachine: String {
    "\(ProcessInfo.processInfo.hostName), \(CPU.current.model), \(InstructionSet.current), "
      + "OpenBLAS \(OpenBLAS.version) \(OpenBLAS.coreType)"
  }

  /// Reads the file at `path`.
  ///
  /// - Throws: ``BenchError`` (exit 65) that names file and line.
  static func read(path: String) throws -> Baseline {
    let baseline = try InputFile.decode(
      Baseline.self, path: path, atMost: largestByteCount, what: "a baseline")
    guard baseline.schema == currentSchema else {
      throw BenchError.data(
        "\(path): schema \(baseline.schema), this Bench reads \(currentSchema)")
    }
    for (name, interval) in baseline.costs where !interval.isPositiveAndOrdered {
      throw BenchError.data("\(path): costs.'\(name)': expected 0 < low ≤ median ≤ high")
    }
    return baseline
  }
}

extension Interval {
  var isPositiveAndOrdered: Bool {
    low > 0 && low <= median && median <= high && high.isFinite
  }
}
