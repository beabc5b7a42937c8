import LinAlg

/// Anything that maps a batch of sequences `[T, N, D]` to one of the same length, `[T, N, F]`, and
/// carries a state along: one recurrent layer, both directions, a stack of either.
///
/// A ``RecurrentLayer`` is one, and so are the layers made of others: ``Stacked``, ``Bidirectional``,
/// ``Reversed``, ``LearnedInitialState``. They nest, are called in the same way, and share what is said
/// here: a layer is a value whose copies share their parameters until one of them is changed; many
/// threads may run the same layer at once, while states, recordings and buffers belong to one caller
/// each; a shape that does not fit traps, and so does a recording of another layer.
///
/// `threads` is how many threads the call may use, the caller's among them; nil means one for each
/// processor. The results do not depend on it.
public protocol SequenceLayer<Scalar>: InferenceLayer, Trainable {
  /// What a recorded forward pass leaves for its backward pass; see ``Tape``.
  associatedtype Recording: SequenceRecording
  /// A recording with room for `steps` steps of `batch` sequences: every buffer, allocated once.
  func makeTape(steps: Int, batch: Int, products: ProductStrategy) -> Recording

  /// Runs the layer over a batch of sequences and records what the backward pass needs.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step; nil means ``InferenceLayer/initialState(batch:)``.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: the outputs, `[T, N, F]`, and each sequence's state after its last step.
  @discardableResult
  func forward(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    recording tape: Recording
  ) -> RecurrentOutput<State>

  /// Runs the recorded pass backwards.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, F]`, or nil for zeros. Padded steps are ignored.
  ///   - dFinalState: `∂L/∂finalState`; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the initial state.
  @discardableResult
  func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State?, through tape: Recording,
    threads: Int?, accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State>
}

/// A layer whose output at a step depends on that step and those before it: it can be run one step at
/// a time, and in windows of time.
///
/// A layer that reads its sequences backwards, and one that is made of such a layer, is not.
public protocol CausalLayer<Scalar>: SequenceLayer, StreamingLayer {
  /// How many steps of `batch` sequences one product over time spans. A pass that is cut at multiples
  /// of it adds its gradients in the same order as a pass in one piece.
  func stepsPerProduct(batch: Int) -> Int
}

/// What every recording offers, whatever layer it belongs to.
public protocol SequenceRecording: AnyObject {
  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  var isRecorded: Bool { get }

  /// How many passes have been recorded, whether used or not. A recording that is made of others sees
  /// by it that one of them has been used by itself.
  var recordedPasses: Int { get }

  /// Where the random choices of the next recorded pass come from; nil turns them off, as in
  /// inference.
  var noise: RecordingNoise? { get set }

  /// The bytes that all buffers take.
  var byteCount: Int { get }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  func discard()
}

extension SequenceLayer {
  /// ``makeTape(steps:batch:products:)`` with the fastest products.
  public func makeTape(steps: Int, batch: Int) -> Recording {
    makeTape(steps: steps, batch: batch, products: .automatic)
  }

  /// Runs the layer over whole sequences that have no past and records the pass.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, recording tape: Recording
  ) -> RecurrentOutput<State> {
    forward(x, from: nil, lengths: nil, threads: nil, recording: tape)
  }

  /// Runs the recorded pass backwards from a gradient on the outputs alone.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>, through tape: Recording,
    accumulatingInto gradients: inout Parameters
  ) -> InputGradients<State> {
    backward(
      dOutputs, finalState: nil, through: tape, threads: nil, accumulatingInto: &gradients)
  }
}
