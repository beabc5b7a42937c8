/// Runs contestants on a part of a row's work and compares them with the oracle.
struct Verifier {
  private let benchCase: BenchCase
  private let plan: VerificationPlan
  /// What the engine-side contestants run: all sequences, the gradients of the unseen ones zero.
  private let masked: Workload
  /// The compared sequences alone, for the oracle and the naive loops.
  private let restricted: Workload
  private let expected: Results
  /// The same of a contestant that knows no lengths.
  private let expectedPadded: Results

  /// Runs the oracle.
  init(_ benchCase: BenchCase, workload: Workload, plan: VerificationPlan) {
    self.benchCase = benchCase
    self.plan = plan
    let prefix = workload.prefix(steps: plan.steps)
    let isWholeBatch = plan.sequences.count == benchCase.shape.N
    masked = isWholeBatch ? prefix : prefix.maskingGradients(to: plan.sequences)
    restricted = isWholeBatch ? prefix : prefix.restricted(to: plan.sequences)
    expected = Self.oracle(restricted)
    expectedPadded = restricted.lengths == nil ? expected : Self.oracle(restricted.padded)
  }

  private static func oracle(_ workload: Workload) -> Results {
    if let lengths = workload.lengths { return RaggedOracle.results(workload, lengths) }
    let oracle = Oracle(workload)
    oracle.call()
    return oracle.results()
  }

  /// Compares the second of two calls of a contestant, so that what a call leaves behind for the next
  /// one is checked too.
  ///
  /// - Parameter plantedError: a relative error that is added to the largest output, to test that a
  ///   wrong answer is noticed; zero otherwise.
  /// - Throws: ``BenchError`` (exit 1) when the answer is wrong.
  func verify(_ kind: ContestantKind, plantedError: Double = 0) throws -> Verification.Outcome {
    let followsAll = kind.name != ContestantKind.naive.name
    let contestant = kind.make(followsAll ? masked : restricted)
    contestant.call()
    contestant.call()
    var actual = contestant.results()
    if followsAll, plan.sequences.count != benchCase.shape.N {
      actual = actual.restricted(to: plan.sequences)
    }
    if plantedError != 0 { actual.plant(relativeError: plantedError) }
    var outcome = Verification.compare(
      actual, with: kind.name == ContestantKind.padded.name ? expectedPadded : expected,
      cell: benchCase.cell, shape: restricted.shape)
    guard let weights = kind.weights else {
      try outcome.check("\(kind.name), \(benchCase)", against: "the scalar loops")
      return outcome
    }
    // What is reported is how far rounded weights are from the exact ones. Whether the answer is right is
    // judged by loops with rounded weights.
    let error = outcome.maxError
    let oracle = Oracle(restricted.rounded(to: weights))
    oracle.call()
    outcome = Verification.compare(
      actual, with: oracle.results(), cell: benchCase.cell, shape: restricted.shape)
    if weights == .int8Dynamic { outcome.bound = Verification.quantizationBound }
    try outcome.check(
      "\(kind.name), \(benchCase)", against: "the scalar loops with rounded weights")
    outcome.maxError = error
    return outcome
  }
}

extension Results {
  /// Makes the largest output wrong by `relativeError` of itself.
  mutating func plant(relativeError: Double) {
    guard var outputs = tensors[.outputs],
      let index = outputs.indices.max(by: { abs(outputs[$0]) < abs(outputs[$1]) })
    else { return }
    outputs[index] *= 1 + relativeError
    tensors[.outputs] = outputs
  }
}
