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

  let runs: [OnnxTrace<S>]
  let axisNames: [String]
  let axisSizes: [[Int]]
  private(set) var steps: [Step] = []
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
    let counts = runs.map { $0.record.entries.count }
    guard Set(counts).count == 1 else {
      throw OnnxError(
        .unsupported, at: "model",
        """
        it takes \(counts[0]) operations, and \(counts.first { $0 != counts[0] } ?? 0) with larger axes: \
        a loop over an axis; write one round of it, or fix the axis
        """)
    }
    var numbers = runs.map { _ in [UInt64: Int]() }
    for i in 0..<counts[0] {
      let entries = runs.map { $0.record.entries[i] }
      let inputs = zip(entries, numbers).map { entry, numbers in
        entry.inputs.map { numbers[$0] ?? -1 }
      }
      let outputs = entries[0].outputs.indices.map { shapes.count + $0 }
      guard Set(inputs).count == 1, Set(entries.map { $0.outputs.count }).count == 1,
        !inputs[0].contains(-1)
      else {
        throw OnnxError(
          .unsupported, at: "operation \(i)", "its inputs differ from run to run")
      }
      for (k, value) in outputs.enumerated() {
        shapes.append(entries.map { $0.outputs[k].shape })
        for (r, entry) in entries.enumerated() { numbers[r][entry.outputs[k].value] = value }
      }
      steps.append(
        Step(operations: entries.map(\.operation), inputs: inputs[0], outputs: outputs))
    }
    for (i, input) in runs[0].inputs.enumerated() {
      if case .values(_, let number) = input.content, let value = numbers[0][number] {
        inputValues[value] = i
      }
    }
    for i in runs[0].outputs.indices {
      let values = zip(runs, numbers).map { $1[$0.outputs[i].number] }
      guard Set(values).count == 1, let value = values[0] else {
        throw OnnxError(
          .unsupported, at: "output '\(runs[0].outputs[i].name)'", "it differs from run to run")
      }
      outputValues.append(value)
    }
  }

  /// The values that outputs are made of.
  var needed: Set<Int> {
    var needed = Set(outputValues)
    for step in steps.reversed() where step.outputs.contains(where: needed.contains) {
      needed.formUnion(step.inputs)
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
