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
  ) -> ReversedTape<Layer> {
    ReversedTape(layer.makeTape(steps: steps, batch: batch, products: products))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> ReversedWorkspace<Layer> {
    ReversedWorkspace(layer.makeWorkspace(products: products))
  }

  /// Runs the layer backwards over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state after the last step of each sequence, from which it is read; nil means the
  ///     layer's own beginning.
  ///   - lengths: how many steps of each sequence count, zero allowed; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: the outputs, `[T, N, F]`, and the state after each sequence's first step.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: ReversedWorkspace<Layer>? = nil
  ) -> RecurrentOutput<State> {
    x.checkLengths(lengths)
    let workspace = workspace ?? makeWorkspace()
    workspace.x.assignReversed(x, lengths: lengths)
    let run = layer(
      workspace.x, from: state, lengths: lengths, threads: threads, workspace: workspace.inner)
    workspace.outputs.assignReversed(run.outputs, lengths: lengths)
    return RecurrentOutput(workspace.outputs, finalState: run.finalState)
  }

  /// Runs the layer backwards over a batch of sequences and records the pass.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state from which each sequence's last step is read; nil means the layer's own
  ///     beginning.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: the outputs, `[T, N, F]`, and the state after each sequence's first step.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: ReversedTape<Layer>
  ) -> RecurrentOutput<State> {
    x.checkLengths(lengths)
    tape.discard()
    tape.lengths = lengths
    tape.x.assignReversed(x, lengths: lengths)
    let run = layer.forward(
      tape.x, from: state, lengths: lengths, threads: threads, recording: tape.inner)
    tape.outputs.assignReversed(run.outputs, lengths: lengths)
    tape.noteInner()
    return RecurrentOutput(tape.outputs, finalState: run.finalState)
  }

  /// Runs the recorded pass backwards, which is forwards in time.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, F]`, or nil for zeros. Padded steps are ignored.
  ///   - dFinalState: `∂L/∂finalState`; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the state from which the sequences were read.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: ReversedTape<Layer>, threads: Int? = nil,
    accumulatingInto gradients: inout Layer.Parameters
  ) -> InputGradients<State> {
    tape.checkRecorded()
    tape.checkInner()
    if let dOutputs {
      dOutputs.checkIsGradient(of: tape.outputs)
      tape.dOutputs.assignReversed(dOutputs, lengths: tape.lengths)
    }
    let d = layer.backward(
      dOutputs == nil ? nil : tape.dOutputs, finalState: dFinalState, through: tape.inner,
      threads: threads, accumulatingInto: &gradients)
    tape.dx.assignReversed(d.x, lengths: tape.lengths)
    tape.lengths = nil
    return InputGradients(tape.dx, initialState: d.initialState)
  }
}

/// What a recorded forward pass of a ``Reversed`` layer leaves for its backward pass.
///
/// Made once and reused, like a ``Tape``; belongs to one caller at a time.
public final class ReversedTape<Layer: SequenceLayer>: SequenceRecording {
  /// The layer's own recording, whose steps are in the order in which it read them.
  public let inner: Layer.Recording

  var lengths: [Int]?
  var x = SequenceBatch<Layer.Scalar>.empty
  var outputs = SequenceBatch<Layer.Scalar>.empty
  var dOutputs = SequenceBatch<Layer.Scalar>.empty
  var dx = SequenceBatch<Layer.Scalar>.empty

  /// How many passes have been recorded.
  public private(set) var recordedPasses = 0
  /// How many passes ``inner`` had recorded after the recorded one.
  private var innerPasses = 0

  init(_ inner: Layer.Recording) { self.inner = inner }

  /// Notes that a pass has been recorded.
  func noteInner() {
    innerPasses = inner.recordedPasses
    recordedPasses += 1
  }

  /// Traps where the inner layer has recorded a pass of its own since.
  func checkInner() { inner.checkIsPass(innerPasses, "the layer's own tape") }

  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool { inner.isRecorded }

  /// Where the random choices of the next recorded pass come from.
  public var noise: RecordingNoise? {
    get { inner.noise }
    set { inner.noise = newValue }
  }

  /// Forgets a recording that no backward pass will use, and lets go of what it refers to.
  public func discard() {
    inner.discard()
    lengths = nil
  }

  /// The bytes that all buffers take.
  public var byteCount: Int {
    inner.byteCount + x.byteCount + outputs.byteCount + dOutputs.byteCount + dx.byteCount
  }
}

/// The buffers of a ``Reversed`` layer's inference. Belongs to one caller at a time.
public final class ReversedWorkspace<Layer: SequenceLayer> {
  let inner: Layer.Buffers
  var x = SequenceBatch<Layer.Scalar>.empty
  var outputs = SequenceBatch<Layer.Scalar>.empty

  init(_ inner: Layer.Buffers) { self.inner = inner }
}
