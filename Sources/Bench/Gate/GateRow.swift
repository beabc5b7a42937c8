import LinAlg
import Recurrent

/// Something that the gate times: a kernel, or the engine on a case of the suite.
struct GateRow {
  /// What it is called in the baseline, such as `lstm training T25xN8xD64xH64`.
  var name: String
  /// Rows that share a kernel are judged together; the engine's rows are one group.
  var group: String
  /// Runs it `count` times.
  var call: (_ count: Int) -> Void

  static let engineGroup = "engine"

  /// Every kernel, with fresh operands.
  static func kernels() -> [GateRow] {
    KernelProbe.all().map { probe in
      GateRow(
        name: "\(probe.kernel) \(probe.shape)", group: probe.kernel, call: probe.call(count:))
    }
  }

  /// The engine on `benchCase`, with fresh buffers.
  static func engine(_ benchCase: BenchCase, workload: Workload) -> GateRow {
    let contestant = ContestantKind.packed.make(workload)
    return GateRow(name: benchCase.description, group: engineGroup) { count in
      for _ in 0..<count { contestant.call() }
    }
  }
}

/// What the gate measured of one row.
struct GateSample: Equatable {
  var name: String
  var group: String
  /// What one call costs, sample by sample: the floating-point operations that the core could have done
  /// meanwhile, by the loop of multiply–adds timed just before and after.
  var costs: [Double]

  /// The median cost and its 95% interval.
  var interval: Interval? { Statistics.medianInterval(costs) }
}
