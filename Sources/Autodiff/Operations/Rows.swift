import LinAlg
import Recurrent

// Rows by number: row `t·N + n` is step `t` of sequence `n`.
extension Node {
  /// The rows of the given numbers, `[T′, N′, F]` for numbers `[T′, N′]`: pointers, reordered beams, chosen
  /// positions. A negative number gives a row of zeros. Gradients of a row that is taken twice add up.
  ///
  /// - Precondition: every number is below `T·N`.
  public func gathered(rows numbers: TokenBatch) -> Node {
    let graph = graph
    let operation = graph.next(GatherOperation<Scalar>.self) { GatherOperation() }
    return operation(numbers, nil, self, sideBySide: 1, on: graph)
  }

  /// As ``gathered(rows:)``, with each `count` rows that follow each other as one: `[T′, N′, count·F]` for
  /// numbers `[T′, N′·count]`. What a convolution multiplies: each place's neighbours side by side.
  ///
  /// - Precondition: every number is below `T·N`, and `count` divides the number of numbers of a step.
  public func gathered(rows numbers: TokenBatch, sideBySide count: Int) -> Node {
    require(
      count > 0 && numbers.batch % count == 0,
      "gathered: numbers of shape \(numbers.shape), \(count) side by side")
    let graph = graph
    let operation = graph.next(GatherOperation<Scalar>.self) { GatherOperation() }
    return operation(numbers, nil, self, sideBySide: count, on: graph)
  }

  /// Each row added to the row of the given number of a value of zeros, `[steps, batch, F]`: the way back of
  /// ``gathered(rows:)``. A row with a negative number is left out.
  ///
  /// - Precondition: the numbers have this value's `[T, N]`, and every number is below `steps·batch`.
  public func scattered(rows numbers: TokenBatch, steps: Int, batch: Int) -> Node {
    let graph = graph
    let operation = graph.next(GatherOperation<Scalar>.self) { GatherOperation() }
    return operation(
      numbers, NodeShape(steps: steps, batch: batch, features: shape.features), self,
      sideBySide: 1, on: graph)
  }
}

private final class GatherOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  private var numbers: TokenBatch?
  private var scatters = false
  /// How many rows become one.
  private var count = 1

  override var name: StaticString { scatters ? "scattered" : "gathered" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    guard let numbers else { return .other("\(name)") }
    return scatters ? .scattered(numbers) : .gathered(numbers, sideBySide: count)
  }

  /// Gathers, or scatters into the shape `target`.
  func callAsFunction(
    _ numbers: TokenBatch, _ target: NodeShape?, _ x: Node<Scalar>, sideBySide count: Int,
    on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    (self.numbers, self.count) = (numbers, count)
    scatters = target != nil
    let shape = x.shape
    if scatters {
      require(
        numbers.steps == shape.steps && numbers.batch == shape.batch,
        "scattered: numbers of shape \(numbers.shape) for rows of a value of shape \(shape)")
    }
    let limit = (target ?? shape).rows
    numbers.withUnsafeBufferPointer { numbers in
      for i in 0..<numbers.count where Int(numbers[i]) >= limit {
        failRequirement("\(name): row \(numbers[i]) of a value of shape \(target ?? shape)")
      }
    }
    take(x, isRead: false, on: graph)
    let y = give(
      target
        ?? NodeShape(
          steps: numbers.steps, batch: numbers.batch / count, features: count * shape.features),
      on: graph)
    let (from, to) = (graph.values(inputs[0]), graph.output(outputs[0]))
    if scatters {
      clearElements(to, count: y.shape.count)
      scatter(from, to: to, F: shape.features)
    } else {
      gather(from, to: to, F: shape.features)
    }
    graph.finish(self)
    return y
  }

  private func gather(_ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, F: Int) {
    numbers?.withUnsafeBufferPointer { numbers in
      for i in 0..<numbers.count {
        if numbers[i] < 0 {
          clearElements(y + i * F, count: F)
        } else {
          (y + i * F).update(from: x + Int(numbers[i]) * F, count: F)
        }
      }
    }
  }

  private func scatter(_ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, F: Int) {
    numbers?.withUnsafeBufferPointer { numbers in
      for i in 0..<numbers.count where numbers[i] >= 0 {
        addElements(x + i * F, to: y + Int(numbers[i]) * F, count: F)
      }
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let dy = graph.gradient(outputs[0]) else { return }
    let F = graph.shape(inputs[0]).features
    if scatters {
      graph.contribute(to: inputs[0]) { gather(dy, to: $0, F: F) }
    } else {
      graph.contributeInPlace(to: inputs[0]) { scatter(dy, to: $0, F: F) }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) { numbers = nil }
}
