import LinAlg
import Recurrent

// Two values element by element. An axis of length 1 goes with any length of the other value's: a row, a
// column and a number are broadcast.
extension Node {
  /// The sum of each two elements.
  ///
  /// - Precondition: on every axis the lengths are equal, or one of them is 1.
  public static func + (a: Node, b: Node) -> Node { a.combined(.add, b) }
  /// The difference of each two elements; shapes as for `+`.
  public static func - (a: Node, b: Node) -> Node { a.combined(.subtract, b) }
  /// The product of each two elements (the matrix product is ``product(_:)``); shapes as for `+`.
  public static func * (a: Node, b: Node) -> Node { a.combined(.multiply, b) }
  /// The quotient of each two elements; shapes as for `+`.
  public static func / (a: Node, b: Node) -> Node { a.combined(.divide, b) }

  /// `x + b` for each element.
  public static func + (a: Node, b: Scalar) -> Node { a.scaled(by: 1, plus: b) }
  /// `x − b` for each element.
  public static func - (a: Node, b: Scalar) -> Node { a.scaled(by: 1, plus: -b) }
  /// `a·x` for each element.
  public static func * (a: Scalar, b: Node) -> Node { b.scaled(by: a) }
  /// `x·b` for each element.
  public static func * (a: Node, b: Scalar) -> Node { a.scaled(by: b) }
  /// `x / b` for each element.
  public static func / (a: Node, b: Scalar) -> Node { a.scaled(by: 1 / b) }
  /// `a − x` for each element.
  public static func - (a: Scalar, b: Node) -> Node { b.scaled(by: -1, plus: a) }
  /// `−x` for each element.
  public static prefix func - (a: Node) -> Node { a.scaled(by: -1) }

  private func combined(_ kind: Combination, _ other: Node) -> Node {
    let graph = graph
    let operation = graph.next(CombineOperation<Scalar>.self) { CombineOperation() }
    return operation(kind, self, other, on: graph)
  }
}

/// How two values are combined, element by element.
package enum Combination {
  case add
  case subtract
  case multiply
  case divide
}

private final class CombineOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var kind = Combination.add
  private var target: UnsafeMutablePointer<Scalar>?
  /// Whose gradient is being computed: 0 or 1.
  private var operand = 0

  override var name: StaticString {
    switch kind {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    }
  }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .combined(kind)
  }

  func callAsFunction(
    _ kind: Combination, _ a: Node<Scalar>, _ b: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.kind = kind
    let readsBoth = kind == .multiply || kind == .divide
    take(a, isRead: readsBoth, on: graph)
    take(b, isRead: readsBoth, on: graph)
    let shape = common(a.shape, b.shape)
    let y = give(shape, on: graph)
    graph.divideForward(self, rows: shape.rows, work: shape.count)
    graph.finish(self)
    return y
  }

  private func common(_ a: NodeShape, _ b: NodeShape) -> NodeShape {
    func axis(_ a: Int, _ b: Int) -> Int? { a == b || b == 1 ? a : a == 1 ? b : nil }
    guard let steps = axis(a.steps, b.steps), let batch = axis(a.batch, b.batch),
      let features = axis(a.features, b.features)
    else {
      failRequirement(
        "\(name): shapes \(a) and \(b); on every axis they must be equal, or one of them 1")
    }
    return NodeShape(steps: steps, batch: batch, features: features)
  }

  /// Where row `row` of the output finds its row of an operand.
  private func offset(_ operand: NodeShape, _ output: NodeShape, row: Int) -> Int {
    let (t, n) = (row / output.batch, row % output.batch)
    let (own, column) = (operand.steps == 1 ? 0 : t, operand.batch == 1 ? 0 : n)
    return (own * operand.batch + column) * operand.features
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let (sa, sb, sy) = (graph.shape(inputs[0]), graph.shape(inputs[1]), graph.shape(outputs[0]))
    let (a, b) = (graph.values(inputs[0]), graph.values(inputs[1]))
    let (y, F) = (graph.output(outputs[0]), sy.features)
    if sa == sb {
      let start = rows.lowerBound * F
      combineElements(kind, a + start, 1, b + start, 1, into: y + start, count: rows.count * F)
      return
    }
    let (strideA, strideB) = (sa.features == F ? 1 : 0, sb.features == F ? 1 : 0)
    for row in rows {
      combineElements(
        kind, a + offset(sa, sy, row: row), strideA, b + offset(sb, sy, row: row), strideB,
        into: y + row * F, count: F)
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let output = graph.shape(outputs[0])
    for operand in 0..<2 {
      let shape = graph.shape(inputs[operand])
      self.operand = operand
      if shape == output {
        graph.contribute(to: inputs[operand]) { target in
          self.target = target
          graph.divideBackward(self, rows: output.rows, work: output.count)
        }
      } else {
        // Rows of the output meet in one of the operand: one thread, in order.
        graph.contributeInPlace(to: inputs[operand]) { target in
          addReduced(to: target, shape, output, graph)
        }
      }
    }
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let target, let dy = graph.gradient(outputs[0]) else { return }
    let output = graph.shape(outputs[0])
    for row in rows {
      writeGradient(row: row, dy, output, graph, into: target + row * output.features)
    }
  }

  /// The gradient of the operand by one row of the output, before anything is summed.
  private func writeGradient(
    row: Int, _ dy: UnsafePointer<Scalar>, _ output: NodeShape, _ graph: Graph<Scalar>,
    into target: UnsafeMutablePointer<Scalar>
  ) {
    let F = output.features
    let d = dy + row * F
    switch (kind, operand) {
    case (.add, _), (.subtract, 0): target.update(from: d, count: F)
    case (.subtract, _): scaleElements(d, by: -1, plus: 0, into: target, count: F)
    case (.multiply, _), (.divide, _):
      let (sa, sb) = (graph.shape(inputs[0]), graph.shape(inputs[1]))
      let a = graph.values(inputs[0]) + offset(sa, output, row: row)
      let b = graph.values(inputs[1]) + offset(sb, output, row: row)
      let (strideA, strideB) = (sa.features == F ? 1 : 0, sb.features == F ? 1 : 0)
      if kind == .multiply {
        let (other, stride) = operand == 0 ? (b, strideB) : (a, strideA)
        combineElements(.multiply, d, 1, other, stride, into: target, count: F)
      } else if operand == 0 {
        combineElements(.divide, d, 1, b, strideB, into: target, count: F)
      } else {
        // ∂(a/b)/∂b = −a/b²
        combineElements(.multiply, d, 1, a, strideA, into: target, count: F)
        combineElements(.divide, target, 1, b, strideB, into: target, count: F)
        combineElements(.divide, target, 1, b, strideB, into: target, count: F)
        scaleElements(target, by: -1, plus: 0, into: target, count: F)
      }
    }
  }

  private func addReduced(
    to target: UnsafeMutablePointer<Scalar>, _ shape: NodeShape, _ output: NodeShape,
    _ graph: Graph<Scalar>
  ) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let F = output.features
    graph.withScratch(F) { scratch in
      for row in 0..<output.rows {
        writeGradient(row: row, dy, output, graph, into: scratch)
        let place = target + offset(shape, output, row: row)
        if shape.features == F {
          addElements(scratch, to: place, count: F)
        } else {
          place.pointee += sumOfElements(scratch, count: F)
        }
      }
    }
  }
}

/// `y[i] = a[i·strideA] ∘ b[i·strideB]`; `y` may be `a`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func combineElements<Scalar: RecurrentScalar>(
  _ kind: Combination, _ a: UnsafePointer<Scalar>, _ strideA: Int, _ b: UnsafePointer<Scalar>,
  _ strideB: Int, into y: UnsafeMutablePointer<Scalar>, count: Int
) {
  switch kind {
  case .add: for i in 0..<count { y[i] = a[i * strideA] + b[i * strideB] }
  case .subtract: for i in 0..<count { y[i] = a[i * strideA] - b[i * strideB] }
  case .multiply: for i in 0..<count { y[i] = a[i * strideA] * b[i * strideB] }
  case .divide: for i in 0..<count { y[i] = a[i * strideA] / b[i * strideB] }
  }
}
