import LinAlg
import Recurrent

/// Where one value of a graph lies, and its gradient on the way back.
///
/// The graph and the caller's nodes hold it, and nobody else does: with no node left and no recorded
/// operation that still reads the value, its memory serves another one.
final class Slot<Scalar: RecurrentScalar> {
  unowned let graph: Graph<Scalar>
  let index: Int
  /// What nodes that may read this carry; 0 where there is no value.
  var ticket: UInt64 = 0
  var value: SequenceBatch<Scalar>?
  var shape = NodeShape(steps: 0, batch: 0, features: 0)
  /// The gradient, once something has been added to it.
  var gradient: SequenceBatch<Scalar>?
  /// Whether the loss may depend on it by way of something that is trained.
  var needsGradient = false
  /// Whether the gradient stays until the next recording: that of a variable.
  var keepsGradient = false
  /// What the value is the mean of, where it is a loss.
  var loss: Loss?
  /// How many recorded operations read the value on the way back.
  var readers = 0

  init(_ graph: Graph<Scalar>, index: Int) {
    self.graph = graph
    self.index = index
  }

  /// Forgets the value: nodes that are still there are worth nothing.
  func invalidate() {
    ticket = 0
    value = nil
    gradient = nil
    needsGradient = false
    keepsGradient = false
    readers = 0
    loss = nil
  }
}
