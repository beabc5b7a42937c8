import Autodiff
import LinAlg
import Recurrent

/// What a model computed in several runs: one with plain sizes, one with each axis larger, one with all larger.
struct TracedModel<S: RecurrentScalar & OnnxScalar> {
  /// An operation: what it was in each run, and between which values.
  struct Step {
    var operations: [OperationRecord<S>]
    var inputs: [Int]
    var outputs: [Int]
  }

  /// The steps that are written once and done in every round.
  struct Loop {
    var steps: Range<Int>
    /// How many rounds each run has.
    var rounds: [Int]
    /// States: the value in a round, that before the first round, and the one that a round leaves.
    var carried: [(value: Int, initial: Int, next: Int)] = []
    /// The value that is a step of a sequence, from which step on.
    var scanned: [(value: Int, sequence: Int, start: Int)] = []
    /// Values behind the loop, and that of a round: the last one's, or all, stacked.
    var results: [(value: Int, source: Int, isStacked: Bool)] = []
  }

  let runs: [OnnxTrace<S>]
  let axisNames: [String]
  let axisSizes: [[Int]]
  private(set) var steps: [Step] = []
  private(set) var loop: Loop?
  /// The shape of each value in each run.
  private(set) var shapes: [[NodeShape]] = []
  /// The input that a value is.
  private(set) var inputValues: [Int: Int] = [:]
  /// The value of each output.
  private(set) var outputValues: [Int] = []

  /// - Parameter run: runs the model.
  /// - Throws: runs that cannot be one file.
  init(_ run: (TraceVariation) -> OnnxTrace<S>) throws(OnnxError) {
    let plain = run(TraceVariation(kind: .plain, seed: 1))
    var runs = [plain]
    for i in plain.axes.indices {
      runs.append(run(TraceVariation(kind: .larger(axis: i), seed: UInt64(2 + i))))
    }
    runs.append(run(TraceVariation(kind: .allLarger, seed: 1000)))
    self.runs = runs
    axisNames = plain.axes.map(\.name)
    axisSizes = runs.map { $0.axes.map(\.size) }
    let names = runs.map { $0.axes.map(\.name) }
    try Self.check(Set(names).count == 1, "model", "its axes differ from run to run: \(names)")
    for kind in [runs.map { $0.inputs.map(\.name) }, runs.map { $0.outputs.map(\.name) }] {
      try Self.check(
        Set(kind).count == 1, "model", "its inputs and outputs differ from run to run: \(kind)")
    }
    try Self.check(!plain.outputs.isEmpty, "model", "it has no output")
    try align()
  }

  static func check(
    _ condition: Bool, _ place: String, _ reason: @autoclosure () -> String
  ) throws(OnnxError) {
    if !condition { throw OnnxError(.unsupported, at: place, reason()) }
  }

  /// Numbers the values alike in all runs.
  private mutating func align() throws(OnnxError) {
    var folded = runs.compactMap { FoldedRun($0) }
    try Self.check(folded.count == runs.count, "model", "an operation reads what none of it made")
    let counts = folded.map(\.operations.count)
    var numbers: [FoldedValue: Int] = [:]
    let loop = Set(counts).count == 1 ? nil : FoldedRun.fold(&folded, axes: axisSizes)
    guard loop != nil || Set(counts).count == 1 else {
      throw OnnxError(
        .unsupported, at: "model",
        """
        it takes \(counts[0]) operations, and \(counts.first { $0 != counts[0] } ?? 0) with larger axes: \
        a loop over an axis that is no single loop with the same operations in each round; write one round of \
        it, or fix the axis
        """)
    }
    for i in folded[0].operations.indices {
      if let loop, i == loop.body.lowerBound {
        begin(loop, rounds: folded.map(\.rounds), &numbers)
      }
      let operations = folded.map { $0.operations[i] }
      let inputs = operations[0].inputs.map { numbers[$0] ?? -1 }
      guard operations.allSatisfy({ $0.inputs == operations[0].inputs }),
        Set(operations.map(\.outputs.count)).count == 1, !inputs.contains(-1)
      else {
        throw OnnxError(
          .unsupported, at: "operation \(i)", "its inputs differ from run to run")
      }
      let outputs = operations[0].outputs.indices.map { k in
        add(.made(ValuePlace(operation: i, output: k)), operations.map { $0.outputs[k] }, &numbers)
      }
      steps.append(Step(operations: operations.map(\.operation), inputs: inputs, outputs: outputs))
      if let loop, i == loop.body.upperBound - 1 { end(loop, &numbers) }
    }
    for (i, input) in folded[0].inputs.enumerated() {
      if let input, let value = numbers[input] { inputValues[value] = i }
    }
    for i in runs[0].outputs.indices {
      let values = Set(folded.map(\.outputs[i]))
      guard values.count == 1, let found = values.first ?? nil, let value = numbers[found] else {
        throw OnnxError(
          .unsupported, at: "output '\(runs[0].outputs[i].name)'", "it differs from run to run")
      }
      outputValues.append(value)
    }
  }

  /// Numbers a value.
  private mutating func add(
    _ value: FoldedValue, _ shapes: [NodeShape], _ numbers: inout [FoldedValue: Int]
  ) -> Int {
    numbers[value] = self.shapes.count
    self.shapes.append(shapes)
    return self.shapes.count - 1
  }

  /// Numbers what the rounds of a loop read.
  private mutating func begin(
    _ loop: FoldedLoop, rounds: [Int], _ numbers: inout [FoldedValue: Int]
  ) {
    var made = Loop(steps: loop.body, rounds: rounds)
    for (i, state) in loop.carried.enumerated() {
      guard let initial = numbers[.made(state.initial)] else { continue }
      let value = add(.carried(i), shapes[initial], &numbers)
      made.carried.append((value, initial, next: value))
    }
    for (i, scanned) in loop.scanned.enumerated() {
      guard let sequence = numbers[.made(scanned.sequence)] else { continue }
      let step = shapes[sequence].map {
        NodeShape(steps: 1, batch: $0.batch, features: $0.features)
      }
      made.scanned.append((add(.scanned(i), step, &numbers), sequence, scanned.start))
    }
    self.loop = made
  }

  /// Numbers what a loop gives.
  private mutating func end(_ loop: FoldedLoop, _ numbers: inout [FoldedValue: Int]) {
    guard var made = self.loop else { return }
    for (i, state) in loop.carried.enumerated() {
      if let next = numbers[.made(state.next)] { made.carried[i].next = next }
    }
    for (i, result) in loop.results.enumerated() {
      guard let source = numbers[.made(result.value)] else { continue }
      let shape = zip(shapes[source], made.rounds).map { shape, rounds in
        NodeShape(
          steps: result.isStacked ? rounds : 1, batch: shape.batch, features: shape.features)
      }
      made.results.append((add(.result(i), shape, &numbers), source, result.isStacked))
    }
    self.loop = made
  }

  /// The values that outputs are made of.
  var needed: Set<Int> {
    var (needed, count) = (Set(outputValues), 0)
    // Again where a state of the loop is needed, which an operation behind those that read it makes.
    while needed.count > count {
      count = needed.count
      for step in steps.reversed() where step.outputs.contains(where: needed.contains) {
        needed.formUnion(step.inputs)
      }
      guard let loop else { continue }
      for result in loop.results where needed.contains(result.value) {
        needed.insert(result.source)
      }
      for state in loop.carried where needed.contains(state.value) {
        needed.formUnion([state.initial, state.next])
      }
      for scanned in loop.scanned where needed.contains(scanned.value) {
        needed.insert(scanned.sequence)
      }
    }
    return needed
  }

  /// The size that was so much in each run.
  func size(_ sizes: [Int]) throws(OnnxError) -> AxisSize {
    guard let size = AxisSize(sizes, axes: axisSizes) else {
      throw OnnxError(.unsupported, "a size of \(sizes) where axes \(axisNames) are \(axisSizes)")
    }
    return size
  }

  /// The sizes of a value's axes.
  func shape(_ value: Int) throws(OnnxError) -> [AxisSize] {
    try sizes(shapes[value].map { [$0.steps, $0.batch, $0.features] })
  }

  /// The sizes of several axes, which were so much in each run.
  func sizes(_ shapes: [[Int]]) throws(OnnxError) -> [AxisSize] {
    var result: [AxisSize] = []
    for axis in shapes[0].indices { result.append(try size(shapes.map { $0[axis] })) }
    return result
  }
}
