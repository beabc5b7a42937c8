import LinAlg
import Recurrent

extension Node {
  /// The softmax of each row's features: `pᵢ = e^(xᵢ − max x) / Σ e^(xⱼ − max x)`.
  ///
  /// - Parameter lengths: for each sequence how many of the features count, as where they are scores of the
  ///   steps of another sequence; the others get 0. A row of which nothing counts is 0. Nil means all.
  /// - Precondition: there is a feature; lengths are in `0...F`.
  public func softmax(lengths: [Int]? = nil) -> Node { rows(.softmax, lengths) }

  /// The logarithm of the softmax of each row's features: `xᵢ − max x − log Σ e^(xⱼ − max x)`.
  ///
  /// - Parameter lengths: as for ``softmax(lengths:)``; features that do not count get `-∞`, the logarithm of
  ///   0, and a gradient of theirs is ignored.
  /// - Precondition: as for ``softmax(lengths:)``.
  public func logSoftmax(lengths: [Int]? = nil) -> Node { rows(.logSoftmax, lengths) }

  private func rows(_ function: RowActivation, _ lengths: [Int]?) -> Node {
    let graph = graph
    let operation = graph.next(SoftmaxOperation<Scalar>.self) { SoftmaxOperation() }
    return operation(function, lengths, self, on: graph)
  }
}

private final class SoftmaxOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var function = RowActivation.softmax
  private var lengths: [Int]?
  private var dx: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "softmax" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .softmax(function, lengths: lengths)
  }

  func callAsFunction(
    _ function: RowActivation, _ lengths: [Int]?, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    (self.function, self.lengths) = (function, lengths)
    let shape = x.shape
    require(shape.features > 0, "softmax: a value of shape \(shape) has no feature")
    if let lengths {
      require(
        lengths.count == shape.batch,
        "softmax: \(lengths.count) lengths for a value of shape \(shape)")
      for n in 0..<lengths.count {
        require(
          lengths[n] >= 0 && lengths[n] <= shape.features,
          "softmax: length \(lengths[n]) of sequence \(n), expected 0...\(shape.features)")
      }
    }
    take(x, isRead: false, on: graph)
    let y = give(shape, isRead: true, on: graph)
    graph.divideForward(self, rows: shape.rows, work: 8 * shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    let F = shape.features
    let (x, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    guard let lengths else {
      return Scalar.apply(
        function, x + rows.lowerBound * F, into: y + rows.lowerBound * F, rows: rows.count,
        columns: F)
    }
    for row in rows {
      let length = lengths[row % shape.batch]
      if length > 0 {
        Scalar.apply(function, x + row * F, into: y + row * F, rows: 1, columns: length)
      }
      if function == .softmax {
        clearElements(y + row * F + length, count: F - length)
      } else {
        (y + row * F + length).update(repeating: -.infinity, count: F - length)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.contribute(to: inputs[0]) { dx in
      self.dx = dx
      graph.divideBackward(self, rows: shape.rows, work: 2 * shape.count)
    }
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let dx, let dy = graph.gradient(outputs[0]) else { return }
    let shape = graph.shape(outputs[0])
    let F = shape.features
    let y = graph.values(outputs[0])
    guard let lengths else {
      let start = rows.lowerBound * F
      return Scalar.applyDerivative(
        function, output: y + start, dy + start, into: dx + start, rows: rows.count, columns: F)
    }
    for row in rows {
      let length = lengths[row % shape.batch]
      if length > 0 {
        Scalar.applyDerivative(
          function, output: y + row * F, dy + row * F, into: dx + row * F, rows: 1,
          columns: length)
      }
      clearElements(dx + row * F + length, count: F - length)
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { lengths = nil }
}
