import Foundation

/// The ratios of the engine that earlier measurements found, by kind of machine.
struct Baseline: Codable, Equatable {
  static let currentSchema = 1
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
      for (name, item) in entry.cases {
        for interval in item.intervals.values where !interval.isPositiveAndOrdered {
          throw BenchError.data(
            "\(path): entries.\(key).cases.'\(name)': expected 0 < low ≤ median ≤ high")
        }
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
  /// By the case's name, such as `lstm training T50xN32xD256xH256`.
  var cases: [String: BaselineCase]
}

/// The expected ratios of one case.
struct BaselineCase: Codable, Equatable {
  var intervals: [GateMetric: Interval]

  init(intervals: [GateMetric: Interval]) { self.intervals = intervals }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: MetricKey.self)
    intervals = [:]
    for metric in GateMetric.allCases {
      intervals[metric] = try container.decodeIfPresent(
        Interval.self, forKey: MetricKey(metric))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: MetricKey.self)
    for (metric, interval) in intervals {
      try container.encode(interval, forKey: MetricKey(metric))
    }
  }

  private struct MetricKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ metric: GateMetric) { stringValue = metric.rawValue }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// What several passes over a suite found: the median of the passes' medians, and an interval that
  /// holds every pass's median as well as the median width of their own intervals. Between passes a
  /// machine changes more than within one.
  static func combining(_ passes: [GateSample]) -> BaselineCase {
    var result: [GateMetric: Interval] = [:]
    for metric in GateMetric.allCases {
      let intervals = passes.compactMap { $0.intervals[metric] }
      let medians = intervals.map(\.median)
      guard let median = Statistics.median(medians), let lowest = medians.min(),
        let highest = medians.max(),
        let below = Statistics.median(intervals.map { $0.median - $0.low }),
        let above = Statistics.median(intervals.map { $0.high - $0.median })
      else { continue }
      result[metric] = Interval(
        median: median, low: min(lowest, median - below), high: max(highest, median + above))
    }
    return BaselineCase(intervals: result)
  }
}

extension Interval {
  var isPositiveAndOrdered: Bool {
    low > 0 && low <= median && median <= high && high.isFinite
  }
}
