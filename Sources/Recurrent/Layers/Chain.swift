import LinAlg

/// Two layers on top of each other, of any kinds: an LSTM above a GRU, a causal layer above both
/// directions. More than two nest.
///
/// ```
/// y = upper(dropout(lower(x)))
/// ```
/// ```swift
/// let mixed = gru.followed(by: lstm, dropout: 0.2)
/// ```
/// Dropout is that of a ``Stacked`` layer, which two layers of one kind give the same bits in. Each layer
/// has its own state and its own parameters.
public struct Chain<Lower: SequenceLayer, Upper: SequenceLayer>: SequenceLayer
where Lower.Scalar == Upper.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Lower.Scalar
  /// The states of both layers.
  public typealias State = ChainState<Lower.State, Upper.State>

  /// The parameters of both layers.
  public var parameters: ChainParameters<Lower.Parameters, Upper.Parameters>
  /// What is dropped between the layers of a recorded pass.
  public let dropout: Dropout
  private let lowerShell: LayerShell<Lower>
  private let upperShell: LayerShell<Upper>

  /// A layer of two.
  ///
  /// - Parameters:
  ///   - lower: takes the inputs.
  ///   - upper: takes what the lower layer gives.
  ///   - dropout: how likely a feature is to be dropped between the layers.
  ///   - dropoutMask: whether another mask is drawn in each step or one for each sequence.
  /// - Precondition: the upper layer takes as many features as the lower one gives.
  public init(
    _ lower: Lower, _ upper: Upper, dropout: Double = 0, dropoutMask: Dropout.Mask = .perStep
  ) {
    require(
      upper.inputSize == lower.outputSize,
      """
      Chain: the upper layer takes \(upper.inputSize) features, \
      the lower layer gives \(lower.outputSize)
      """)
    parameters = ChainParameters(lower: lower.parameters, upper: upper.parameters)
    self.dropout = Dropout(rate: dropout, mask: dropoutMask)
    lowerShell = LayerShell(lower)
    upperShell = LayerShell(upper)
  }

  /// The layer that takes the inputs.
  public var lower: Lower { lowerShell.filled(with: parameters.lower) }
  /// The layer that gives the outputs.
  public var upper: Upper { upperShell.filled(with: parameters.upper) }

  /// The kinds of both layers, within this one's.
  public var kind: String { "Chain<\(lower.kind), \(upper.kind)>" }
  /// `D`, the number of features of an input step.
  public var inputSize: Int { lower.inputSize }
  /// `F`, the number of features of an output step.
  public var outputSize: Int { upper.outputSize }

  /// The states of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State {
    State(lower: lower.zeroState(batch: batch), upper: upper.zeroState(batch: batch))
  }

  /// The states that a nil state stands for.
  public func initialState(batch: Int) -> State {
    State(lower: lower.initialState(batch: batch), upper: upper.initialState(batch: batch))
  }

  /// A tape with room for `steps` steps of `batch` sequences.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> CompositeTape<Self> {
    let lower = lower.makeTape(steps: steps, batch: batch, products: products)
    let upper = upper.makeTape(steps: steps, batch: batch, products: products)
    return CompositeTape([lower, upper], ChainContents(lower, upper))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> CompositeWorkspace<Self> {
    CompositeWorkspace(
      ChainContents(
        lower.makeWorkspace(products: products), upper.makeWorkspace(products: products)))
  }

  /// The lower layer's recording on a tape.
  public func lowerRecording(in tape: CompositeTape<Self>) -> Lower.Recording {
    tape.contents.lower
  }

  /// The upper layer's recording on a tape.
  public func upperRecording(in tape: CompositeTape<Self>) -> Upper.Recording {
    tape.contents.upper
  }
}

extension SequenceLayer {
  /// This layer with another one above it, of any kind; see ``Chain/init(_:_:dropout:dropoutMask:)``.
  public func followed<Upper: SequenceLayer<Scalar>>(
    by upper: Upper, dropout: Double = 0, dropoutMask: Dropout.Mask = .perStep
  ) -> Chain<Self, Upper> {
    Chain(self, upper, dropout: dropout, dropoutMask: dropoutMask)
  }
}

extension Chain {
  /// Runs both layers over a batch of sequences: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> RecurrentOutput<State> {
    let own = (workspace ?? makeWorkspace()).contents
    let below = lower(
      x, from: state?.lower, lengths: lengths, threads: threads, workspace: own.lower)
    let above = upper(
      below.outputs, from: state?.upper, lengths: lengths, threads: threads,
      workspace: own.upper)
    return RecurrentOutput(
      above.outputs, finalState: State(lower: below.finalState, upper: above.finalState))
  }

  /// Runs both layers over a batch of sequences and records the pass, with dropout between them; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> RecurrentOutput<State> {
    let (own, noise) = (tape.contents, tape.beginPass())
    // The places of a stack of two.
    own.lower.noise = noise?.child(0)
    own.upper.noise = noise?.child(2)
    let below = lower.forward(
      x, from: state?.lower, lengths: lengths, threads: threads, recording: own.lower)
    let above = upper.forward(
      dropout.forward(
        below.outputs, recording: own.dropout, noise: noise?.child(1),
        threads: allowedThreads(threads)),
      from: state?.upper, lengths: lengths, threads: threads, recording: own.upper)
    tape.endPass()
    return RecurrentOutput(
      above.outputs, finalState: State(lower: below.finalState, upper: above.finalState))
  }

  /// Runs the recorded pass backwards, first the upper layer's; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CompositeTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout ChainParameters<Lower.Parameters, Upper.Parameters>
  ) -> InputGradients<State> {
    tape.checkPass()
    let own = tape.contents
    let above = upper.backward(
      dOutputs, finalState: dFinalState?.upper, through: own.upper, threads: threads,
      accumulatingInto: &gradients.upper)
    let below = lower.backward(
      dropout.backward(above.x, through: own.dropout, threads: allowedThreads(threads)),
      finalState: dFinalState?.lower,
      through: own.lower, threads: threads, accumulatingInto: &gradients.lower)
    return InputGradients(
      below.x, initialState: State(lower: below.initialState, upper: above.initialState))
  }
}

extension Chain: CausalLayer, StreamingLayer where Lower: CausalLayer, Upper: CausalLayer {
  /// Advances a batch of streams by one step through both layers; see
  /// ``StreamingLayer/step(_:_:threads:workspace:)``.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: CompositeWorkspace<Self>? = nil
  ) {
    let own = (workspace ?? makeWorkspace()).contents
    let lower = lower
    lower.step(x, &state.lower, threads: threads, workspace: own.lower)
    upper.step(
      lower.output(of: state.lower), &state.upper, threads: threads, workspace: own.upper)
  }

  /// The upper layer's output, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> { upper.output(of: state.upper) }

  /// How many steps products over time span in both layers.
  public func stepsPerProduct(batch: Int) -> Int {
    leastCommonMultiple(
      lower.stepsPerProduct(batch: batch), upper.stepsPerProduct(batch: batch))
  }
}

extension Chain: CompositeLayer {
  typealias TapeContents = ChainContents<Lower.Recording, Upper.Recording, Scalar>
  typealias WorkspaceContents = ChainContents<Lower.Buffers, Upper.Buffers, Scalar>
}

/// What a ``Chain`` keeps: what is dropped between its layers.
final class ChainContents<Lower: AnyObject, Upper: AnyObject, Scalar: RecurrentScalar>:
  CompositeContents
{
  let lower: Lower
  let upper: Upper
  let dropout = DropoutTape<Scalar>()

  init(_ lower: Lower, _ upper: Upper) {
    self.lower = lower
    self.upper = upper
  }

  var byteCount: Int { dropout.byteCount }
}
