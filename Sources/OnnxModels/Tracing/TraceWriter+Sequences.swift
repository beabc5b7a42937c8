import Autodiff
import LinAlg
import Recurrent

// Layers, attention, and one row for each sequence.
extension TraceWriter {
  mutating func layer(_ step: TracedModel<S>.Step, _ x: [OnnxReference]) throws(OnnxError) {
    guard case .layer(let any, _) = step.operations[0] else { return }
    let given = try all(step) { (record) -> [Int]?? in
      if case .layer(_, let lengths) = record { .some(lengths) } else { nil }
    }
    let lengths = try lengths(given)
    guard let layer = any as? any OnnxWritableLayer else {
      throw OnnxError(.unsupported, "layer \(any.kind) is no OnnxWritableLayer")
    }
    let sizes = layer.onnxStateSizes
    var state: [OnnxReference]?
    if x.count > 1 {
      state = writer.split(writer.squeeze(x[1], axis: 0), axis: 1, sizes)
    }
    let made = try layer.write(
      to: &writer, x: x[0], from: state, lengths: lengths, isReversed: false)
    values[step.outputs[0]] = made.outputs
    if needed.contains(step.outputs[1]) {
      let all = writer.concatenate(made.finalState, axis: 1)
      values[step.outputs[1]] = writer.unsqueeze(all, axis: 0)
    }
  }

  mutating func lstmCells(_ step: TracedModel<S>.Step, _ x: [OnnxReference]) {
    let H = model.shapes[step.outputs[0]][0].features
    let gates = writer.split(x[0], axis: 2, [H, H, H, H])
    let i = writer.one("Sigmoid", [gates[0]])
    let g = writer.one("Tanh", [gates[2]])
    var cell = writer.one("Mul", [i, g])
    if x.count > 1 {
      let f = writer.one("Sigmoid", [gates[1]])
      cell = writer.one("Add", [writer.one("Mul", [f, x[1]]), cell])
    }
    values[step.outputs[0]] = cell
    let o = writer.one("Sigmoid", [gates[3]])
    values[step.outputs[1]] = writer.one("Mul", [o, writer.one("Tanh", [cell])])
  }

  func comparisons(
    _ step: TracedModel<S>.Step
  ) throws(OnnxError) -> [ComparisonRecord<S>] {
    try all(step) { record in
      switch record {
      case .scores(let comparison), .attention(let comparison): comparison
      default: nil
      }
    }
  }

  mutating func attention(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference], _ comparison: ComparisonRecord<S>
  ) throws(OnnxError) {
    let e = try scores(step, x, comparison)
    let lengths = try lengths(comparisons(step).map(\.lengths))
    let steps = try model.shape(step.outputs[0])[2]
    let weights = softmax(e, .softmax, lengths, steps)
    values[step.outputs[0]] = weights
    if needed.contains(step.outputs[1]) {
      values[step.outputs[1]] = sequenceProduct(weights, x[x.count - 1], isTransposed: false)
    }
  }

  /// The scores `[T₁, N, T₂]` of all steps.
  mutating func scores(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference], _ comparison: ComparisonRecord<S>
  ) throws(OnnxError) -> OnnxReference {
    guard comparison.isAdditive else {
      let e = sequenceProduct(x[0], x[1], isTransposed: true)
      let scales = try comparisons(step).map(\.scale)
      return scales.allSatisfy { $0 == 1 } ? e : writer.one("Mul", [e, try scalar(scales)])
    }
    // [T₁, 1, N, A] + [1, T₂, N, A]
    var sum = writer.one(
      "Add", [writer.unsqueeze(x[0], axis: 1), writer.unsqueeze(x[1], axis: 0)])
    if comparison.hasCoverage {
      let covered = writer.unsqueeze(writer.transpose(x[4], [0, 2, 1]), axis: 3)
      sum = writer.one("Add", [sum, writer.one("Mul", [covered, x[3]])])
    }
    let weighted = writer.one("Mul", [writer.one("Tanh", [sum]), x[2]])
    let e = writer.reduce("ReduceSum", weighted, axis: 3, isKept: false)
    return writer.transpose(e, [0, 2, 1])
  }

  /// One row for each sequence; nil for another operation.
  mutating func sequences(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference? {
    guard case .pooled(let kind, _) = step.operations[0] else { return nil }
    let given = try all(step) { (record) -> [Int]?? in
      if case .pooled(_, let lengths) = record { .some(lengths) } else { nil }
    }
    let shape = try model.shape(step.inputs[0])
    guard let lengths = try lengths(given) else { return pooled(kind, x[0], shape) }
    let zero = number(0)
    let isRead = countedSequences(lengths)
    switch kind {
    case .last: return writer.one("Where", [isRead, last(x[0], lengths, shape[2]), zero])
    case .ends:
      let half = model.shapes[step.inputs[0]][0].features / 2
      let ends = last(writer.slice(x[0], axis: 2, 0..<half), lengths, shape[2].fixed(half))
      let first = writer.slice(
        writer.slice(x[0], axis: 0, 0..<1), axis: 2, half..<2 * half)
      return writer.one("Where", [isRead, writer.concatenate([ends, first], axis: 2), zero])
    case .mean:
      let counts = countedSteps(lengths, shape[0])
      let sum = writer.reduce(
        "ReduceSum", writer.one("Where", [counts, x[0], zero]), axis: 0)
      let column = writer.one("Unsqueeze", [lengths, writer.integers([0, 2])])
      // The sum over an empty sequence is 0 already.
      let divisor = writer.one(
        "Where", [isRead, writer.cast(column, S.onnxType), number(1)])
      return writer.one("Div", [sum, divisor])
    case .maximum:
      let counts = countedSteps(lengths, shape[0])
      let valid = writer.one("Where", [counts, x[0], number(-.infinity)])
      return writer.one("Where", [isRead, writer.reduce("ReduceMax", valid, axis: 0), zero])
    }
  }

  /// Pooling of whole sequences.
  private mutating func pooled(
    _ kind: Pooling, _ x: OnnxReference, _ shape: [AxisSize]
  ) -> OnnxReference {
    switch kind {
    case .last: return lastStep(x)
    case .ends:
      let half = (shape[2].fixed ?? 0) / 2
      let first = writer.slice(
        writer.slice(x, axis: 0, 0..<1), axis: 2, half..<2 * half)
      return writer.concatenate(
        [writer.slice(lastStep(x), axis: 2, 0..<half), first], axis: 2)
    case .mean: return writer.reduce("ReduceMean", x, axis: 0)
    case .maximum: return writer.reduce("ReduceMax", x, axis: 0)
    }
  }

  /// The last step, `[1, N, F]`.
  mutating func lastStep(_ x: OnnxReference) -> OnnxReference {
    let (start, end) = (writer.integers([-1]), writer.integers([Int(Int64.max)]))
    return writer.one("Slice", [x, start, end, writer.integers([0])])
  }

  /// The last step of each sequence, the first of an empty one, `[1, N, F]`.
  private mutating func last(
    _ x: OnnxReference, _ lengths: OnnxReference, _ features: AxisSize
  ) -> OnnxReference {
    let one = writer.constant(OnnxTensor(Int32(1)))
    let places = writer.one(
      "Relu",
      [
        writer.cast(writer.one("Sub", [lengths, one]), S.onnxType)
      ])
    let column = writer.one(
      "Unsqueeze", [writer.cast(places, .int64), writer.integers([0, 2])])
    let shape = writer.concatenate(
      [writer.integers([1, 1]), size(features)], axis: 0)
    return writer.one(
      "GatherElements", [x, writer.one("Expand", [column, shape])], ["axis": .int(0)])
  }
}
