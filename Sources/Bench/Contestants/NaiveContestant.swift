/// The scalar loops in single precision, as they are timed.
///
/// Not generic, like ``Oracle``: only calls whose types are known where they stand are compiled for
/// those types, and an unspecialised loop would make the baseline 30 times slower than it is.
final class NaiveContestant: Contestant {
  private let loops: ReferenceRun<Float>
  private var tensors: [TensorName: [Float]] = [:]

  init(_ workload: Workload) { loops = ReferenceRun(workload) }

  func call() { tensors = loops.run() }

  func results() -> Results { loops.results(tensors) }
}

/// The scalar loops in double precision, whose results are taken as the truth: their own rounding is
/// nine digits below the bound that is checked.
final class Oracle: Contestant {
  private let loops: ReferenceRun<Double>
  private var tensors: [TensorName: [Double]] = [:]

  init(_ workload: Workload) { loops = ReferenceRun(workload) }

  func call() { tensors = loops.run() }

  func results() -> Results { loops.results(tensors) }
}
