import LinAlg

/// The values of a cell's step and of its way back, each for one unit of one sequence: an acyclic graph
/// in which equal values are one and every value stands behind those that it is made of.
struct ValueGraph {
  typealias ID = Int

  enum Operation: Hashable {
    /// The sum of the products that go into block `slot`.
    case slot(Int)
    /// A state before the step.
    case previous(Int)
    /// A number for each unit, by its place among the cell's.
    case parameter(Int)
    /// The gradient of a state after the step, from later steps.
    case dNext(Int)
    /// The gradient of the output, from the loss.
    case dOutput
    /// The gradient of an operand of products, from those products.
    case dOperand(Int)
    case constant(Double)
    /// `scale·a + offset`.
    case affine(scale: Double, offset: Double)
    case add
    case subtract
    case multiply
    case activation(Activation)
    /// `a ⊙ f′`, where `b` is the function's output.
    case derivative(Activation)
    case threshold(Double)
    /// `a` where `b`, the function's input, is above the threshold, else 0.
    case thresholdDerivative(Double)
    case clip(Double)
    /// `a` where `b`, the function's output, is inside the limits, else 0.
    case clipDerivative(Double)
    /// Random numbers, different for each `stream`.
    case dropoutMask(stream: Int, rate: Double, perStep: Bool)
    case zoneoutMask(stream: Int, rate: Double)
    /// `a`; what is different is the way back.
    case clipGradient(Double)
  }

  struct Value: Hashable {
    var operation: Operation
    var a: ID = -1
    var b: ID = -1
  }

  private(set) var values: [Value] = []
  /// The phase of a way back in which the value is known, 0 for the values of the way forward.
  private(set) var phases: [Int] = []
  private var index: [Value: ID] = [:]

  /// The value, new or known.
  mutating func insert(_ value: Value, phase: Int? = nil) -> ID {
    if let id = index[value] { return id }
    let id = values.count
    values.append(value)
    phases.append(phase ?? inputs(of: value).reduce(0) { max($0, phases[$1]) })
    index[value] = id
    return id
  }

  mutating func leaf(_ operation: Operation, phase: Int = 0) -> ID {
    insert(Value(operation: operation), phase: phase)
  }

  func inputs(of id: ID) -> [ID] { inputs(of: values[id]) }

  private func inputs(of value: Value) -> [ID] {
    value.a < 0 ? [] : value.b < 0 ? [value.a] : [value.a, value.b]
  }

  func constant(_ id: ID) -> Double? {
    if case .constant(let value) = values[id].operation { value } else { nil }
  }

  // MARK: Operators, which leave out what has no effect

  mutating func add(_ a: ID, _ b: ID) -> ID {
    var (a, b) = (a, b)
    while true {
      switch (constant(a), constant(b)) {
      case (let x?, let y?): return leaf(.constant(x + y))
      case (let x?, nil): return affine(b, scale: 1, offset: x)
      case (nil, let y?): return affine(a, scale: 1, offset: y)
      default: break
      }
      if let negated = negated(b) { return subtract(a, negated) }
      if let negated = negated(a) { return subtract(b, negated) }
      guard let terms = mixture(a, b) ?? mixture(b, a) else { break }
      (a, b) = terms
    }
    return insert(Value(operation: .add, a: a, b: b))
  }

  mutating func subtract(_ a: ID, _ b: ID) -> ID {
    if a == b { return leaf(.constant(0)) }
    if let y = constant(b) { return add(a, leaf(.constant(-y))) }
    if let x = constant(a) { return affine(b, scale: -1, offset: x) }
    return insert(Value(operation: .subtract, a: a, b: b))
  }

  mutating func multiply(_ a: ID, _ b: ID) -> ID {
    if let x = constant(a) { return affine(b, scale: x, offset: 0) }
    if let y = constant(b) { return affine(a, scale: y, offset: 0) }
    return insert(Value(operation: .multiply, a: a, b: b))
  }

  mutating func affine(_ a: ID, scale: Double, offset: Double) -> ID {
    if scale == 0 { return leaf(.constant(offset)) }
    if scale == 1 && offset == 0 { return a }
    if let x = constant(a) { return leaf(.constant(scale * x + offset)) }
    if case .affine(let inner, let start) = values[a].operation {
      return affine(values[a].a, scale: scale * inner, offset: scale * start + offset)
    }
    return insert(Value(operation: .affine(scale: scale, offset: offset), a: a))
  }

  mutating func activation(_ function: Activation, _ a: ID) -> ID {
    function == .identity ? a : insert(Value(operation: .activation(function), a: a))
  }

  mutating func derivative(_ function: Activation, _ gradient: ID, output: ID) -> ID {
    function == .identity
      ? gradient : insert(Value(operation: .derivative(function), a: gradient, b: output))
  }

  mutating func unary(_ operation: Operation, _ a: ID) -> ID {
    insert(Value(operation: operation, a: a))
  }

  /// The gradient of a function that is `operation` of `gradient` and one of its ends.
  mutating func gated(_ operation: Operation, _ gradient: ID, by end: ID) -> ID {
    insert(Value(operation: operation, a: gradient, b: end))
  }

  /// `a` where `id` is `−a`.
  private func negated(_ id: ID) -> ID? {
    values[id].operation == .affine(scale: -1, offset: 0) ? values[id].a : nil
  }

  /// `(1 − z) ⊙ n + z ⊙ h` as `n + z ⊙ (h − n)`, less to compute, both ways: the terms of that sum.
  private mutating func mixture(_ a: ID, _ b: ID) -> (ID, ID)? {
    guard values[a].operation == .multiply, values[b].operation == .multiply else { return nil }
    let complement = Operation.affine(scale: -1, offset: 1)
    for (gate, n) in [(values[a].a, values[a].b), (values[a].b, values[a].a)]
    where values[gate].operation == complement {
      let z = values[gate].a
      let h = values[b].a == z ? values[b].b : values[b].b == z ? values[b].a : -1
      if h >= 0 {
        let difference = subtract(h, n)
        return (n, multiply(z, difference))
      }
    }
    return nil
  }
}
