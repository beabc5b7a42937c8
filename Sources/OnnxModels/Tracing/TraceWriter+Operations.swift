import Autodiff
import LinAlg
import Recurrent

extension NodeAxis {
  /// The axis's number in `[T, N, F]`.
  var number: Int {
    switch self {
    case .steps: 0
    case .batch: 1
    case .features: 2
    }
  }
}

extension TraceWriter {
  /// Writes the nodes of an operation.
  mutating func write(_ step: TracedModel<S>.Step) throws(OnnxError) {
    let x = try inputs(step)
    switch step.operations[0] {
    case .attention(let comparison): return try attention(step, x, comparison)
    case .layer: return try layer(step, x)
    case .lstmCells: return lstmCells(step, x)
    default: break
    }
    var made = try source(step)
    if made == nil { made = try elements(step, x) }
    if made == nil { made = try shaped(step, x) }
    if made == nil { made = try products(step, x) }
    if made == nil { made = try sequences(step, x) }
    if made == nil { made = try chosen(step, x) }
    guard let made else { throw refusal(step) }
    values[step.outputs[0]] = made
  }

  private func refusal(_ step: TracedModel<S>.Step) -> OnnxError {
    guard case .other(let name) = step.operations[0] else {
      return OnnxError(.unsupported, "'scattered' is not written")
    }
    return OnnxError(
      .unsupported, "'\(name)' is not written: it belongs to training, or is the caller's own")
  }

  /// Where values come from.
  private mutating func source(
    _ step: TracedModel<S>.Step
  ) throws(OnnxError) -> OnnxReference? {
    switch step.operations[0] {
    case .constant:
      return try constant(all(step) { if case .constant(let value) = $0 { value } else { nil } })
    case .parameter(let block): return writer.unsqueeze(table(block), axis: 0)
    case .lookup(let block, _):
      let given = try all(step) { if case .lookup(_, let tokens) = $0 { tokens } else { nil } }
      let numbers = try tokens(given, below: block.specs[0].rows)
      return writer.one("Gather", [table(block), numbers])
    case .occurrences:
      let given = try all(step) {
        if case .occurrences(let tokens, _) = $0 { tokens } else { nil }
      }
      let all = writer.unsqueeze(try tokens(given), axis: 2)
      let features = try model.shape(step.outputs[0])[2]
      let now = writer.cast(writer.one("Equal", [all, range(features)]), S.onnxType)
      let counts = writer.one("CumSum", [now, writer.constant(OnnxTensor(Int64(0)))])
      return writer.cast(writer.one("Greater", [counts, number(0)]), S.onnxType)
    case .validSteps:
      let given = try all(step) { (record) -> [Int]? in
        if case .validSteps(let lengths, _) = record { lengths } else { nil }
      }
      guard let lengths = try lengths(given) else { return nil }
      let steps = try model.shape(step.outputs[0])[0]
      return writer.cast(countedSteps(lengths, steps), S.onnxType)
    case .validFeatures:
      let given = try all(step) { (record) -> [Int]? in
        if case .validFeatures(let lengths, _) = record { lengths } else { nil }
      }
      guard let lengths = try lengths(given) else { return nil }
      let features = try model.shape(step.outputs[0])[2]
      return writer.cast(countedFeatures(lengths, features), S.onnxType)
    default: return nil
    }
  }

  /// Functions of elements.
  private mutating func elements(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference? {
    switch step.operations[0] {
    case .identity: return x[0]
    case .combined:
      let kind = try same(step) { if case .combined(let kind) = $0 { kind } else { nil } }
      switch kind {
      case .add: return writer.one("Add", x)
      case .subtract: return writer.one("Sub", x)
      case .multiply: return writer.one("Mul", x)
      case .divide: return writer.one("Div", x)
      }
    case .activation:
      let function = try same(step) {
        if case .activation(let function) = $0 { function } else { nil }
      }
      return writer.activated(x[0], function, as: S.self)
    case .function(let function): return try self.function(step, function, x[0])
    case .masked:
      let isHidden = writer.one("Greater", [x[1], number(0)])
      return writer.one("Where", [isHidden, number(-.infinity), x[0]])
    default: return nil
    }
  }

  private mutating func function(
    _ step: TracedModel<S>.Step, _ function: ElementFunction<S>, _ x: OnnxReference
  ) throws(OnnxError) -> OnnxReference {
    switch function {
    case .logarithm: return writer.one("Log", [x])
    case .square: return writer.one("Mul", [x, x])
    case .squareRoot: return writer.one("Sqrt", [x])
    case .magnitude: return writer.magnitude(x)
    case .affine:
      let numbers = try all(step) { (record) -> (S, S)? in
        if case .function(.affine(let alpha, let beta)) = record { (alpha, beta) } else { nil }
      }
      let (alpha, beta) = numbers[0]
      if numbers.allSatisfy({ $0 == (alpha, beta) }) {
        return writer.affine(x, Double(alpha), Double(beta), as: S.self)
      }
      let scaled = writer.one("Mul", [x, try scalar(numbers.map(\.0))])
      return writer.one("Add", [scaled, try scalar(numbers.map(\.1))])
    case .clamp:
      let range = try same(step) { (record) -> [S]? in
        if case .function(.clamp(let low, let high)) = record { [low, high] } else { nil }
      }
      return writer.clamped(x, Double(range[0]), Double(range[1]), as: S.self)
    }
  }

  /// Parts of values, and values put together.
  private mutating func shaped(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference? {
    switch step.operations[0] {
    case .slice:
      let axis = try same(step) { if case .slice(let axis, _) = $0 { axis } else { nil } }
      let ranges = try all(step) { if case .slice(_, let range) = $0 { range } else { nil } }
      let start = try model.size(ranges.map(\.lowerBound))
      let end = try model.size(ranges.map(\.upperBound))
      let whole = try model.shape(step.inputs[0])[axis.number]
      if start.fixed == 0 && end == whole { return x[0] }
      let last = end == whole ? writer.integers([Int(Int64.max)]) : size(end)
      return writer.one("Slice", [x[0], size(start), last, writer.integers([axis.number])])
    case .joined:
      let axis = try same(step) { if case .joined(let axis) = $0 { axis } else { nil } }
      return writer.concatenate(x, axis: axis.number)
    case .sum:
      let axis = try same(step) { if case .sum(let axis) = $0 { axis } else { nil } }
      return writer.reduce("ReduceSum", x[0], axis: axis.number)
    case .maximum:
      let axis = try same(step) { if case .maximum(let axis) = $0 { axis } else { nil } }
      return writer.reduce("ReduceMax", x[0], axis: axis.number)
    case .sumsOfEarlierSteps:
      let axis = writer.constant(OnnxTensor(Int64(0)))
      return writer.one("CumSum", [x[0], axis], ["exclusive": .int(1)])
    default: return nil
    }
  }

  /// Products, and what is made of whole rows.
  private mutating func products(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference? {
    switch step.operations[0] {
    case .affine(let block, let hasBias):
      let product = writer.one("MatMul", [x[0], writer.transpose(table(block), [1, 0])])
      if !hasBias { return product }
      let bias = block[tensor: 1]
      let b = writer.constant(OnnxTensor(shape: [bias.count], bias.elements), name: "b")
      return writer.one("Add", [product, b])
    case .product:
      let isTransposed = try same(step) { (record) -> Bool? in
        if case .product(let isTransposed) = record { isTransposed } else { nil }
      }
      let matrix = isTransposed ? writer.transpose(x[1], [0, 2, 1]) : x[1]
      return writer.one("MatMul", [x[0], matrix])
    case .sequenceProduct:
      let isTransposed = try same(step) { (record) -> Bool? in
        if case .sequenceProduct(let isTransposed) = record { isTransposed } else { nil }
      }
      return sequenceProduct(x[0], x[1], isTransposed: isTransposed)
    case .layerNorm(let block, let epsilon):
      return writer.layerNorm(block, epsilon: Double(epsilon), to: x[0])
    case .softmax:
      let function = try same(step) {
        if case .softmax(let function, _) = $0 { function } else { nil }
      }
      let given = try all(step) { (record) -> [Int]?? in
        if case .softmax(_, let lengths) = record { .some(lengths) } else { nil }
      }
      let features = try model.shape(step.inputs[0])[2]
      return softmax(x[0], function, try lengths(given), features)
    case .scores(let comparison):
      let e = try scores(step, x, comparison)
      guard let lengths = try lengths(comparisons(step).map(\.lengths)) else { return e }
      let counts = countedFeatures(lengths, try model.shape(step.outputs[0])[2])
      return writer.one("Where", [counts, e, number(-.infinity)])
    case .entropy:
      let logs = writer.one("LogSoftmax", [x[0]], ["axis": .int(2)])
      let p = writer.one("Exp", [logs])
      // 0·−∞ is nothing.
      let isPossible = writer.one("Greater", [p, number(0)])
      let terms = writer.one("Where", [isPossible, writer.one("Mul", [p, logs]), number(0)])
      return writer.one("Neg", [writer.reduce("ReduceSum", terms, axis: 2)])
    case .treeLeaves(let tree): return leaves(x[0], tree, try model.shape(step.inputs[0]))
    default: return nil
    }
  }

  /// `Y = A·B` or `A·Bᵀ` for the steps of each sequence.
  mutating func sequenceProduct(
    _ a: OnnxReference, _ b: OnnxReference, isTransposed: Bool
  ) -> OnnxReference {
    let first = writer.transpose(a, [1, 0, 2])
    let second = writer.transpose(b, isTransposed ? [1, 2, 0] : [1, 0, 2])
    return writer.transpose(writer.one("MatMul", [first, second]), [1, 0, 2])
  }

  /// The softmax of the features that count, or its logarithm.
  mutating func softmax(
    _ x: OnnxReference, _ function: RowActivation, _ lengths: OnnxReference?, _ features: AxisSize
  ) -> OnnxReference {
    let type = function == .softmax ? "Softmax" : "LogSoftmax"
    guard let lengths else { return writer.one(type, [x], ["axis": .int(2)]) }
    let counts = countedFeatures(lengths, features)
    // Not −∞, of which a row of nothing else has no softmax.
    let lowest = number(-Double(S.greatestFiniteMagnitude))
    let limited = writer.one("Where", [counts, x, lowest])
    let y = writer.one(type, [limited], ["axis": .int(2)])
    return writer.one("Where", [counts, y, number(function == .softmax ? 0 : -.infinity)])
  }

  /// `log P` of each token: the sum of the logarithms of the decisions on the way to it.
  private mutating func leaves(
    _ z: OnnxReference, _ tree: HuffmanTree, _ shape: [AxisSize]
  ) -> OnnxReference {
    let V = tree.vocabularySize
    let left = writer.one("Neg", [writer.softplus(writer.one("Neg", [z]), as: S.self)])
    let right = writer.one("Neg", [writer.softplus(z, as: S.self)])
    var one = shape
    one[2] = one[2].fixed(1)
    // Ways that are shorter than others end in zeros.
    let zero = writer.filled(0, self.shape(one), as: S.self)
    let decisions = writer.concatenate([left, right, zero], axis: 2)
    var sum: OnnxReference?
    for depth in 0..<((0..<V).map { tree.count($0) }.max() ?? 0) {
      let numbers = (0..<V).map { token -> Int in
        guard depth < tree.count(token) else { return 2 * (V - 1) }
        let branch = tree.branch(token, depth)
        return Int(branch.node) + (branch.isLeft ? 0 : V - 1)
      }
      let level = writer.one(
        "Gather", [decisions, writer.integers(numbers)], ["axis": .int(2)])
      sum = sum.map { writer.one("Add", [$0, level]) } ?? level
    }
    return sum ?? zero
  }
}
