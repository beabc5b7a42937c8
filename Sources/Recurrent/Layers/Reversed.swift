import LinAlg

/// A layer that reads its sequences backwards: each from its own last step to its first.
///
/// ```
/// h[t] = step(x[t], h[t+1])      t = length − 1, …, 0,   h[length] = initial state
/// ```
/// Outputs stand at their own time steps and are zero after the end of a sequence; the final state is
/// the one after the sequence's first step. The backward direction of a bidirectional layer (Schuster &
/// Paliwal 1997), with PyTorch's meaning of lengths.
public struct Reversed<Layer: SequenceLayer>: SequenceLayer {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// The layer's state.
  public typealias State = Layer.State

  /// The layer's parameters.
  public var parameters: Layer.Parameters
  private let shell: LayerShell<Layer>

  /// `layer`, reading backwards.
  public init(_ layer: Layer) {
    parameters = layer.parameters
    shell = LayerShell(layer)
  }

  /// The layer that reads what has been turned around.
  public var layer: Layer { shell.filled(with: parameters) }

  /// `D`, the number of features of an input step.
  public var inputSize: Int { layer.inputSize }
  /// `F`, the number of features of an output step.
  public var outputSize: Int { layer.outputSize }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State { layer.zeroState(batch: batch) }

  /// The state that a nil state stands for.
  public func initialState(batch: Int) -> State { layer.initialState(batch: batch) }

  /// A tape with room for `steps` steps of `batch` sequences.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> CompositeTape<Self> {
    let inner = layer.makeTape(steps: steps, batch: batch, products: products)
    return CompositeTape([inner], ReversedContents(inner))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> CompositeWorkspace<Self> {
    CompositeWorkspace(ReversedContents(layer.makeWorkspace(products: products)))
  }

  /// The layer's own recording on a tape, whose steps are in the order in which it read them.
  public func recording(in tape: CompositeTape<Self>) -> Layer.Recording { tape.contents.inner }

  /// Runs the layer backwards over a batch of sequences: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``. A sequence is read from
  /// `state` on, beginning with its last step, and its final state is the one after its first step.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> RecurrentOutput<State> {
    x.checkLengths(lengths)
    let own = (workspace ?? makeWorkspace()).contents
    let allowed = allowedThreads(threads)
    own.x.assignReversed(x, lengths: lengths, threads: allowed)
    let run = layer(
      own.x, from: state, lengths: lengths, threads: threads, workspace: own.inner)
    own.outputs.assignReversed(run.outputs, lengths: lengths, threads: allowed)
    return RecurrentOutput(own.outputs, finalState: run.finalState)
  }

  /// Runs the layer backwards over a batch of sequences and records the pass; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> RecurrentOutput<State> {
    x.checkLengths(lengths)
    let own = tape.contents
    own.inner.noise = tape.beginPass()
    own.lengths = lengths
    let allowed = allowedThreads(threads)
    own.x.assignReversed(x, lengths: lengths, threads: allowed)
    let run = layer.forward(
      own.x, from: state, lengths: lengths, threads: threads, recording: own.inner)
    own.outputs.assignReversed(run.outputs, lengths: lengths, threads: allowed)
    tape.endPass()
    return RecurrentOutput(own.outputs, finalState: run.finalState)
  }

  /// Runs the recorded pass backwards, which is forwards in time; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CompositeTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout Layer.Parameters
  ) -> InputGradients<State> {
    tape.checkPass()
    let (own, allowed) = (tape.contents, allowedThreads(threads))
    if let dOutputs {
      dOutputs.checkIsGradient(of: own.outputs)
      own.dOutputs.assignReversed(dOutputs, lengths: own.lengths, threads: allowed)
    }
    let d = layer.backward(
      dOutputs == nil ? nil : own.dOutputs, finalState: dFinalState, through: own.inner,
      threads: threads, accumulatingInto: &gradients)
    own.dx.assignReversed(d.x, lengths: own.lengths, threads: allowed)
    own.lengths = nil
    return InputGradients(own.dx, initialState: d.initialState)
  }
}

extension Reversed: CompositeLayer {
  typealias TapeContents = ReversedContents<Layer.Recording, Scalar>
  typealias WorkspaceContents = ReversedContents<Layer.Buffers, Scalar>
}

/// What a ``Reversed`` layer keeps: all that goes into the layer and comes out of it, turned around.
final class ReversedContents<Inner: AnyObject, Scalar: RecurrentScalar>: CompositeContents {
  let inner: Inner
  var lengths: [Int]?
  var x = SequenceBatch<Scalar>.empty
  var outputs = SequenceBatch<Scalar>.empty
  var dOutputs = SequenceBatch<Scalar>.empty
  var dx = SequenceBatch<Scalar>.empty

  init(_ inner: Inner) { self.inner = inner }

  var byteCount: Int { x.byteCount + outputs.byteCount + dOutputs.byteCount + dx.byteCount }

  func discard() { lengths = nil }
}
