/// The ratios that the gate compares, each inside one run, so that the machine's speed cancels.
enum GateMetric: String, CaseIterable, Codable, Sendable, CodingKeyRepresentable {
  /// How many times as fast as the naive loops the engine is.
  case overNaive
  /// The engine's share of the measured SGEMM peak.
  case overPeak

  var title: String {
    switch self {
    case .overNaive: "engine/naive"
    case .overPeak: "engine/peak"
    }
  }
}

/// One case's ratios, round by round.
struct GateSample: Equatable {
  var benchCase: BenchCase
  var ratios: [GateMetric: [Double]]

  /// The median and its 95% interval of each ratio that was measured.
  var intervals: [GateMetric: Interval] {
    ratios.compactMapValues { Statistics.medianInterval($0) }
  }

  /// The rounds of both.
  func merged(with other: GateSample) -> GateSample {
    GateSample(
      benchCase: benchCase, ratios: ratios.merging(other.ratios) { $0 + $1 })
  }
}

extension CaseMeasurement {
  /// The ratios of the engine in this measurement; empty when it did not take part.
  var gateSample: GateSample {
    var ratios: [GateMetric: [Double]] = [:]
    if let engine = samples(of: ContestantKind.packed.name) {
      if let naive = samples(of: ContestantKind.naive.name) {
        ratios[.overNaive] = engine.speedups(over: naive)
      }
      let work = benchCase.flops / peakFlops
      ratios[.overPeak] = engine.speedups(over: peak).map { $0 * work }
    }
    return GateSample(benchCase: benchCase, ratios: ratios.filter { !$0.value.isEmpty })
  }
}
