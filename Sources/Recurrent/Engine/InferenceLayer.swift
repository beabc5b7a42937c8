import LinAlg

/// What can be run forward over a batch of sequences: every ``SequenceLayer``, which can also be trained,
/// and a ``PackedLayer``, which cannot.
public protocol InferenceLayer<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar
  /// What is carried from step to step.
  associatedtype State: CarriedState<Scalar>
  /// The buffers of inference; see ``Workspace``.
  associatedtype Buffers: AnyObject

  /// `D`, the number of features of an input step.
  var inputSize: Int { get }
  /// `F`, the number of features of an output step.
  var outputSize: Int { get }
  /// What kind of layer this is, such as `Stacked<LSTM<Float>>`: its type, and what tells its cell apart
  /// from others of that type. A snapshot of a stream carries it.
  var kind: String { get }

  /// The state of zeros for `batch` sequences.
  func zeroState(batch: Int) -> State

  /// The state that a nil state stands for: zeros, unless the layer learns where to begin.
  func initialState(batch: Int) -> State

  /// Empty buffers for inference; they grow to what their first call needs.
  func makeWorkspace(products: ProductStrategy) -> Buffers

  /// Runs the layer over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step; nil means ``initialState(batch:)``.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///     Each sequence gets what it would get alone; its padded outputs are zero.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: the outputs, `[T, N, F]`, and each sequence's state after its last step.
  func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    workspace: Buffers?
  ) -> RecurrentOutput<State>
}

/// What can be run one step at a time: every ``CausalLayer``, and a ``PackedLayer`` of one.
public protocol StreamingLayer<Scalar>: InferenceLayer {
  /// Advances a batch of streams by one step: `state ← step(x, state)`.
  ///
  /// - Parameters:
  ///   - x: the inputs of this step, `[N, D]`.
  ///   - state: updated in place.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them (and a state that nobody else holds) a step allocates
  ///     nothing.
  func step(_ x: Matrix<Scalar>, _ state: inout State, threads: Int?, workspace: Buffers?)

  /// The output of the step after which the state is `state`, `[N, F]`.
  func output(of state: State) -> Matrix<Scalar>
}

extension InferenceLayer {
  /// The type.
  public var kind: String { String(describing: Self.self) }

  /// The state of zeros.
  public func initialState(batch: Int) -> State { zeroState(batch: batch) }

  /// ``makeWorkspace(products:)`` with the fastest products.
  public func makeWorkspace() -> Buffers { makeWorkspace(products: .automatic) }

  /// Runs the layer over whole sequences that have no past: inference.
  public func callAsFunction(_ x: SequenceBatch<Scalar>) -> RecurrentOutput<State> {
    self(x, from: nil, lengths: nil, threads: nil, workspace: nil)
  }
}
