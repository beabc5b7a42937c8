import LinAlg
import Recurrent

/// The states of LSTM cells after a step.
public struct LSTMCellStates<Scalar: RecurrentScalar> {
  /// The hidden states `h`, `[T, N, H]`.
  public let hidden: Node<Scalar>
  /// The cells `c`, `[T, N, H]`.
  public let cell: Node<Scalar>
}

extension Node {
  /// One step of LSTM cells whose products have been made, for every row of this value: `[T, N, 4H]` with the
  /// pre-activations of the gates in the order i f g o.
  /// ```
  /// i, f, o ← σ     g ← tanh     c′ = f∘c + i∘g     h = o∘tanh c′
  /// ```
  /// (Hochreiter & Schmidhuber 1997, Gers et al. 2000.) For models whose states meet others than their own
  /// before the step, such as those of neighbouring pixels; layers are `LSTM`.
  ///
  /// - Parameter cell: the cells before the step, `[T, N, H]`; nil for zeros.
  /// - Precondition: there are four times as many features as the cells have, and at least four.
  public func lstmCells(after cell: Node?) -> LSTMCellStates<Scalar> {
    let graph = graph
    let operation = graph.next(LSTMCellOperation<Scalar>.self) { LSTMCellOperation() }
    return operation(self, cell, on: graph)
  }
}

private final class LSTMCellOperation<Scalar: RecurrentScalar>: Operation<Scalar> {
  /// The gates, activated; on the way back their gradients, in their place.
  private var gates: SequenceBatch<Scalar>?
  private var bias: UnsafePointer<Scalar>?
  private var dHidden: UnsafeMutablePointer<Scalar>?
  private var dCell: UnsafeMutablePointer<Scalar>?

  override var name: StaticString { "LSTM cells" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    .lstmCells
  }

  func callAsFunction(
    _ x: Node<Scalar>, _ cell: Node<Scalar>?, on graph: Graph<Scalar>
  ) -> LSTMCellStates<Scalar> {
    var shape = x.shape
    require(
      shape.features > 0 && shape.features % 4 == 0,
      "LSTM cells: gates have shape \(shape), expected [T, N, 4H]")
    take(x, isRead: false, on: graph)
    shape.features /= 4
    if let cell {
      require(
        cell.shape == shape,
        "LSTM cells: the cells have shape \(cell.shape), expected \(shape) for gates \(x.shape)")
      take(cell, isRead: true, on: graph)
    }
    // The cells first: it is the first output that the way back may read.
    let next = give(shape, isRead: true, on: graph)
    let hidden = give(shape, on: graph)
    gates = graph.pool.take(x.shape)
    graph.withScratch(4 * shape.features) { bias in
      clearElements(bias, count: 4 * shape.features)
      self.bias = UnsafePointer(bias)
      graph.divideForward(self, rows: shape.rows, work: 32 * shape.count)
    }
    bias = nil
    graph.finish(self)
    return LSTMCellStates(hidden: hidden, cell: next)
  }

  override func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let gates = gates?.pointer(atStep: 0), let bias else { return }
    let H = graph.shape(outputs[0]).features
    let start = rows.lowerBound * H
    (gates + 4 * start).update(
      from: graph.values(inputs[0]) + 4 * start, count: 4 * rows.count * H)
    Scalar.lstmCell(
      rows: rows.count, hiddenSize: H, gates: gates + 4 * start, bias: bias,
      previousCell: inputs.count > 1 ? graph.values(inputs[1]) + start : nil,
      cell: graph.output(outputs[0]) + start, hidden: graph.output(outputs[1]) + start)
  }

  override func backward(_ graph: Graph<Scalar>) {
    let shape = graph.shape(outputs[0])
    graph.withScratch(2 * shape.count) { scratch in
      (dHidden, dCell) = (scratch, scratch + shape.count)
      graph.divideBackward(self, rows: shape.rows, work: 32 * shape.count)
      if inputs.count > 1 {
        graph.contribute(to: inputs[1]) {
          $0.update(from: scratch + shape.count, count: shape.count)
        }
      }
    }
    (dHidden, dCell) = (nil, nil)
    graph.contribute(moving: &gates, times: 1, to: inputs[0])
  }

  override func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {
    guard let gates = gates?.pointer(atStep: 0), let dHidden, let dCell else { return }
    let H = graph.shape(outputs[0]).features
    let (start, count) = (rows.lowerBound * H, rows.count * H)
    copyGradient(outputs[0], from: start, to: dCell + start, count: count, graph)
    copyGradient(outputs[1], from: start, to: dHidden + start, count: count, graph)
    Scalar.lstmCellBackward(
      rows: rows.count, hiddenSize: H, gates: gates + 4 * start,
      previousCell: inputs.count > 1 ? graph.values(inputs[1]) + start : nil,
      cell: graph.values(outputs[0]) + start, dHidden: dHidden + start, dCell: dCell + start)
  }

  /// The gradient of an output, zeros where the loss does not depend on it.
  private func copyGradient(
    _ output: Int, from start: Int, to target: UnsafeMutablePointer<Scalar>, count: Int,
    _ graph: Graph<Scalar>
  ) {
    guard let gradient = graph.gradient(output) else {
      return clearElements(target, count: count)
    }
    target.update(from: gradient + start, count: count)
  }

  override func letGo(_ graph: Graph<Scalar>) { graph.pool.reclaim(&gates) }
}
