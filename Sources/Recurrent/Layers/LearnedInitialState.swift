import LinAlg

/// A layer that learns where its sequences begin: `h₀` and the further states are parameters, the same
/// for every sequence.
///
/// ```
/// state₀[n] = initial for all n      ∂L/∂initial = Σₙ ∂L/∂state₀[n]
/// ```
/// They stand in for a nil state. A call that is given a state begins there, and has no gradient for
/// the learned one.
public struct LearnedInitialState<Layer: SequenceLayer>: SequenceLayer {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// The layer's state.
  public typealias State = Layer.State

  /// The layer's parameters, and the initial state.
  public var parameters: LearnedInitialStateParameters<Layer.Parameters>
  private let shell: LayerShell<Layer>

  /// `layer`, beginning at a state of zeros until it has learned a better one.
  public init(_ layer: Layer) {
    let state = layer.initialState(batch: 1)
    var specs: [ParameterSpec] = []
    for i in 0..<state.partCount {
      specs.append(ParameterSpec(state.partName(i), rows: 1, columns: state.part(i).columns))
    }
    var initial = ParameterBlock<Scalar>(specs)
    for i in 0..<state.partCount { initial[tensor: i] = state.part(i) }
    parameters = LearnedInitialStateParameters(layer: layer.parameters, initial: initial)
    shell = LayerShell(layer)
  }

  /// The layer itself, which begins at zeros.
  public var layer: Layer { shell.filled(with: parameters.layer) }

  /// The kind of the layer, within this one's.
  public var kind: String { "LearnedInitialState<\(layer.kind)>" }
  /// `D`, the number of features of an input step.
  public var inputSize: Int { layer.inputSize }
  /// `F`, the number of features of an output step.
  public var outputSize: Int { layer.outputSize }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State { layer.zeroState(batch: batch) }

  /// The learned state for each of `batch` sequences.
  public func initialState(batch: Int) -> State {
    var state = layer.zeroState(batch: batch)
    fill(&state)
    return state
  }

  /// A tape with room for `steps` steps of `batch` sequences.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> LearnedInitialStateTape<Layer> {
    LearnedInitialStateTape(layer.makeTape(steps: steps, batch: batch, products: products))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(
    products: ProductStrategy = .automatic
  ) -> LearnedInitialStateWorkspace<Layer> {
    LearnedInitialStateWorkspace(layer.makeWorkspace(products: products))
  }

  /// The learned state for `batch` sequences, in the memory of `buffer` where it fits.
  private func learned(batch: Int, in buffer: inout State?) -> State {
    // The buffer may have been another layer's.
    if let state = buffer, !fits(state, batch: batch) { buffer = nil }
    var state = buffer ?? layer.zeroState(batch: batch)
    buffer = nil
    fill(&state)
    buffer = state
    return state
  }

  /// Whether every part has a row for each sequence, as wide as the learned one.
  private func fits(_ state: State, batch: Int) -> Bool {
    let specs = parameters.initial.specs
    guard state.partCount == specs.count else { return false }
    for i in 0..<specs.count {
      let part = state.part(i)
      if part.rows != batch || part.columns != specs[i].count { return false }
    }
    return true
  }

  /// Traps unless the learned state has the parts of the layer's.
  private func checkInitial(_ state: State) {
    let initial = parameters.initial
    require(
      initial.specs.count == state.partCount,
      """
      the learned initial state has \(initial.specs.count) parts, \
      the layer's state \(state.partCount)
      """)
    for i in 0..<state.partCount {
      require(
        initial.specs[i].count == state.part(i).columns,
        """
        \(state.partName(i)) of the learned initial state has \(initial.specs[i].count) scalars, \
        that of the layer's \(state.part(i).columns)
        """)
    }
  }

  private func fill(_ state: inout State) {
    checkInitial(state)
    let initial = parameters.initial
    for i in 0..<state.partCount {
      let source = initial.pointer + initial.layout.offsets[i]
      state.withMutablePart(i) { part in
        let (rows, rowBytes) = (part.rows, part.columns * MemoryLayout<Scalar>.stride)
        part.withUnsafeMutableBufferPointer { part in
          copyRows(rows, of: rowBytes, source, every: 0, to: part.start, every: rowBytes)
        }
      }
    }
    withExtendedLifetime(initial) {}
  }
}

extension LearnedInitialState {
  /// Runs the layer over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step; nil means the learned one.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: the outputs, `[T, N, F]`, and each sequence's state after its last step.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: LearnedInitialStateWorkspace<Layer>? = nil
  ) -> RecurrentOutput<State> {
    let workspace = workspace ?? makeWorkspace()
    return layer(
      x, from: state ?? learned(batch: x.batch, in: &workspace.state), lengths: lengths,
      threads: threads, workspace: workspace.inner)
  }

  /// Runs the layer over a batch of sequences and records the pass.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; the tape keeps a reference until its backward pass.
  ///   - state: the state before the first step; nil means the learned one.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: the outputs, `[T, N, F]`, and each sequence's state after its last step.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: LearnedInitialStateTape<Layer>
  ) -> RecurrentOutput<State> {
    tape.discard()
    tape.usesLearnedState = state == nil
    tape.initialVersion = parameters.initial.version
    let run = layer.forward(
      x, from: state ?? learned(batch: x.batch, in: &tape.state), lengths: lengths,
      threads: threads, recording: tape.inner)
    tape.noteInner()
    return run
  }

  /// Runs the recorded pass backwards.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, F]`, or nil for zeros. Padded steps are ignored.
  ///   - dFinalState: `∂L/∂finalState`; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these; those of the learned state
  ///     where the pass began with it.
  /// - Returns: the gradients of the inputs and of each sequence's initial state.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: LearnedInitialStateTape<Layer>, threads: Int? = nil,
    accumulatingInto gradients: inout LearnedInitialStateParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkRecorded()
    tape.checkInner()
    gradients.initial.checkLayout(
      matches: parameters.initial, "gradients of the learned initial state")
    parameters.initial.checkUnchanged(since: tape.initialVersion)
    let d = layer.backward(
      dOutputs, finalState: dFinalState, through: tape.inner, threads: threads,
      accumulatingInto: &gradients.layer)
    guard tape.usesLearnedState else { return d }
    checkInitial(d.initialState)
    let offsets = parameters.initial.layout.offsets
    let sums = gradients.initial.uniquePointer()
    for i in 0..<d.initialState.partCount {
      let part = d.initialState.part(i)
      Scalar.addColumnSums(
        rows: part.rows, columns: part.columns, of: part.basePointer, ld: part.columns,
        to: sums + offsets[i])
      withExtendedLifetime(part) {}
    }
    return d
  }
}

extension LearnedInitialState: CausalLayer where Layer: CausalLayer {
  /// Advances a batch of streams by one step: `state ← step(x, state)`. A stream begins at
  /// ``initialState(batch:)``.
  ///
  /// - Parameters:
  ///   - x: the inputs of this step, `[N, D]`.
  ///   - state: updated in place.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them (and a state that nobody else holds) a step allocates
  ///     nothing.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: LearnedInitialStateWorkspace<Layer>? = nil
  ) {
    layer.step(x, &state, threads: threads, workspace: workspace?.inner)
  }

  /// The layer's output, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> { layer.output(of: state) }

  /// How many steps of `batch` sequences one product over time spans.
  public func stepsPerProduct(batch: Int) -> Int { layer.stepsPerProduct(batch: batch) }
}
