import LinAlg
import Recurrent

/// A value of a graph, `[T, N, F]`: what an operation gave, and what the next ones take.
///
/// ```swift
/// let scores = output(encoder(embedding(tokens, on: graph), lengths: lengths))
/// let loss = scores.crossEntropy(labels, lengths: lengths)
/// ```
/// The value is there as soon as the operation has been called. A node is good until the graph is used
/// for the next pass; one of another graph or of an earlier pass traps.
public struct Node<Scalar: RecurrentScalar> {
  let slot: Slot<Scalar>
  private let ticket: UInt64

  init(_ slot: Slot<Scalar>) {
    self.slot = slot
    ticket = slot.ticket
  }

  /// The graph that it belongs to.
  public var graph: Graph<Scalar> {
    // A graph that is gone has finished all of its passes.
    check("graph")
    return slot.graph
  }

  /// `[T, N, F]`.
  public var shape: NodeShape {
    check("shape")
    return slot.shape
  }

  /// `T`, the number of steps.
  public var steps: Int { shape.steps }
  /// `N`, the number of sequences.
  public var batch: Int { shape.batch }
  /// `F`, the number of features.
  public var features: Int { shape.features }

  /// The numbers, `[T, N, F]`. They share the graph's memory until the next pass: keep what you need of
  /// them and not the value itself, and the pass allocates nothing.
  public var value: SequenceBatch<Scalar> {
    check("value")
    guard let value = slot.value else { failRequirement("value: the node has none") }
    return value
  }

  /// The value of a node of shape `[1, 1, 1]`, such as a loss.
  public var scalar: Scalar {
    check("scalar")
    require(slot.shape.count == 1, "scalar: the node has shape \(slot.shape), expected [1, 1, 1]")
    return slot.graph.values(slot.index).pointee
  }

  /// The gradient of the loss by this value, `[T, N, F]`, after the pass backward: for variables; nil
  /// where the loss does not depend on it.
  public var gradient: SequenceBatch<Scalar>? {
    check("gradient")
    return slot.gradient
  }

  /// Copies the numbers into a value of the caller's, in the memory that it has where the shapes are equal:
  /// what is kept this way, such as a state for the next pass, does not keep the graph from using its memory
  /// again.
  public func copy(into value: inout SequenceBatch<Scalar>?) {
    check("copy")
    let shape = slot.shape
    if value == nil { value = SequenceBatch(uninitializedSteps: 0, batch: 0, features: 0) }
    value?.renew(steps: shape.steps, batch: shape.batch, features: shape.features)
    value?.pointer(atStep: 0).update(from: slot.graph.values(slot.index), count: shape.count)
  }

  /// Copies the numbers of a node of one step into a matrix `[N, F]`, as ``copy(into:)-(SequenceBatch<Scalar>?)``
  /// does.
  public func copy(into value: inout Matrix<Scalar>) {
    check("copy")
    let shape = slot.shape
    require(shape.steps == 1, "copy: the node has shape \(shape), expected one step")
    value.renew(rows: shape.batch, columns: shape.features)
    value.basePointer.update(from: slot.graph.values(slot.index), count: shape.count)
  }

  /// Traps unless the node's pass is still the graph's.
  func check(_ operation: StaticString) {
    require(
      ticket == slot.ticket,
      "\(operation): a node of a finished pass; each pass of a graph makes its own")
  }
}
