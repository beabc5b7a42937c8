import Foundation

/// What the engine cost in earlier measurements, by kind of machine.
struct Baseline: Codable, Equatable {
  static let currentSchema = 2
  static let largestByteCount = 4 << 20

  var schema = Baseline.currentSchema
  /// One entry for each instruction set and OpenBLAS core type, such as `AVX2/Zen`.
  var entries: [String: BaselineEntry]

  /// The key of a machine.
  static func key(isa: String, coreType: String) -> String { "\(isa)/\(coreType)" }

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
    for (key, entry) in baseline.entries {
      for (name, interval) in entry.costs where !interval.isPositiveAndOrdered {
        throw BenchError.data(
          "\(path): entries.\(key).costs.'\(name)': expected 0 < low ≤ median ≤ high")
      }
    }
    return baseline
  }
}

/// What is expected of one kind of machine.
struct BaselineEntry: Codable, Equatable {
  /// Where and when it was recorded; for people, not compared.
  var cpu: String
  var openblas: String
  var commit: String
  var date: String
  /// The number of threads of the measurement, which must be the same.
  var threads: Int
  /// By the row's name, such as `lstm_forward_f32 N16 H128`: what a call costs, in floating-point
  /// operations that the core could have done meanwhile.
  var costs: [String: Interval]

  /// What several passes found: the median of the passes' medians, between the smallest and the largest.
  /// Between passes a machine changes more than within one.
  static func combining(_ passes: [GateSample]) -> Interval? {
    let medians = passes.compactMap { Statistics.median($0.costs) }
    guard let median = Statistics.median(medians), let low = medians.min(),
      let high = medians.max()
    else { return nil }
    return Interval(median: median, low: low, high: high)
  }
}

extension Interval {
  var isPositiveAndOrdered: Bool {
    low > 0 && low <= median && median <= high && high.isFinite
  }
}
