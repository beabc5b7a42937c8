import LinAlg
import Recurrent

// What becomes of scores when one of them is chosen.
extension Node {
  /// One feature of each row, `[T, N, 1]`: `y[t, n] = x[t, n, number[t, n]]`, and 0 for a negative number.
  ///
  /// Of the logarithms of probabilities it takes those of what was chosen.
  ///
  /// - Precondition: the numbers have this value's `[T, N]`, and every number is below `F`.
  public func picked(_ numbers: TokenBatch) -> Node {
    let graph = graph
    let operation = graph.next(PickOperation<Scalar>.self) { PickOperation() }
    return operation(numbers, self, on: graph)
  }

  /// The entropy of the softmax of each row's features in nats, `[T, N, 1]`:
  /// ```
  /// p = softmax x      H = −Σ pᵢ·log pᵢ      ∂H/∂xᵢ = −pᵢ·(log pᵢ + H)
  /// ```
  /// A feature of `−∞` is one that cannot be chosen: it adds nothing.
  ///
  /// - Precondition: there is a feature.
  public func entropy() -> Node {
    let graph = graph
    let operation = graph.next(EntropyOperation<Scalar>.self) { EntropyOperation() }
    return operation(self, on: graph)
  }
}

private final class PickOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var numbers: TokenBatch?

  override var name: StaticString { "picked" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    numbers.map { .picked($0) } ?? .other("\(name)")
  }

  func callAsFunction(
    _ numbers: TokenBatch, _ x: Node<Scalar>, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    self.numbers = numbers
    let shape = x.shape
    require(
      numbers.steps == shape.steps && numbers.batch == shape.batch,
      "picked: numbers of shape \(numbers.shape) for a value of shape \(shape)")
    take(x, isRead: false, on: graph)
    let y = give(NodeShape(steps: shape.steps, batch: shape.batch, features: 1), on: graph)
    let (from, to) = (graph.values(inputs[0]), graph.output(outputs[0]))
    numbers.withUnsafeBufferPointer { numbers in
      for row in 0..<numbers.count {
        let number = Int(numbers[row])
        require(
          number < shape.features, "picked: feature \(number) of a value of shape \(shape)")
        (to + row).update(
          repeating: number < 0 ? 0 : from[row * shape.features + number], count: 1)
      }
    }
    graph.finish(self)
    return y
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(inputs[0]).features
    graph.contributeInPlace(to: inputs[0]) { dx in
      numbers?.withUnsafeBufferPointer { numbers in
        for row in 0..<numbers.count where numbers[row] >= 0 {
          dx[row * F + Int(numbers[row])] += dy[row]
        }
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { numbers = nil }
}

private final class EntropyOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  /// The logarithms of the probabilities; on the way back the gradient, in their place.
  private var logs: SequenceBatch<Scalar>?

  override var name: StaticString { "entropy" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .entropy
  }

  func callAsFunction(_ x: Node<Scalar>, on graph: Graph<Scalar>) -> Node<Scalar> {
    let shape = x.shape
    require(shape.features > 0, "entropy: a value of shape \(shape) has no feature")
    take(x, isRead: false, on: graph)
    let y = give(
      NodeShape(steps: shape.steps, batch: shape.batch, features: 1), isRead: true, on: graph)
    logs = graph.pool.take(shape)
    graph.divideForward(self, rows: shape.rows, work: 16 * shape.count)
    graph.finish(self)
    return y
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let logs = logs?.pointer(atStep: 0) else { return }
    let F = graph.shape(inputs[0]).features
    let (x, y) = (graph.values(inputs[0]), graph.output(outputs[0]))
    for row in rows {
      Scalar.apply(.logSoftmax, x + row * F, into: logs + row * F, rows: 1, columns: F)
      y[row] = entropy(ofLogs: logs + row * F, count: F)
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(inputs[0])
    graph.divideBackward(self, rows: shape.rows, work: 16 * shape.count)
    graph.contribute(moving: &logs, times: 1, to: inputs[0])
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let logs = logs?.pointer(atStep: 0), let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(inputs[0]).features
    let y = graph.values(outputs[0])
    for row in rows {
      turnIntoGradient(logs + row * F, entropy: y[row], times: dy[row], count: F)
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { graph.pool.reclaim(&logs) }
}

/// `−Σ p·log p`, where `0·log 0` is 0.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func entropy<Scalar: RecurrentScalar>(
  ofLogs logs: UnsafePointer<Scalar>, count: Int
) -> Scalar {
  var sum: Scalar = 0
  for i in 0..<count where logs[i] != -.infinity { sum -= .exp(logs[i]) * logs[i] }
  return sum
}

/// `log p ← −factor·p·(log p + H)`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func turnIntoGradient<Scalar: RecurrentScalar>(
  _ logs: UnsafeMutablePointer<Scalar>, entropy: Scalar, times factor: Scalar, count: Int
) {
  for i in 0..<count {
    let log = logs[i]
    logs[i] = log == -.infinity ? 0 : -factor * .exp(log) * (log + entropy)
  }
}
