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
  ) -> CompositeTape<Self> {
    let inner = layer.makeTape(steps: steps, batch: batch, products: products)
    return CompositeTape([inner], LearnedStateContents(inner))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> CompositeWorkspace<Self> {
    CompositeWorkspace(LearnedStateContents(layer.makeWorkspace(products: products)))
  }

  /// The layer's own recording on a tape.
  public func recording(in tape: CompositeTape<Self>) -> Layer.Recording { tape.contents.inner }

  /// The learned state for `batch` sequences, in the memory of `buffer` where it fits.
  private func learned(batch: Int, in buffer: inout State?) -> State {
    // The buffer may have been another layer's.
    if let state = buffer, misfit(state, batch: batch) != nil { buffer = nil }
    var state = buffer ?? layer.zeroState(batch: batch)
    buffer = nil
    fill(&state)
    buffer = state
    return state
  }

  /// How the parts of a state, of `batch` sequences where that is told, differ from those of the learned
  /// one; nil where they do not.
  private func misfit(_ state: State, batch: Int? = nil) -> String? {
    let specs = parameters.initial.specs
    guard specs.count == state.partCount else {
      return
        "the learned initial state has \(specs.count) parts, the layer's state \(state.partCount)"
    }
    for i in 0..<specs.count {
      let part = state.part(i)
      if part.columns != specs[i].count || part.rows != batch ?? part.rows {
        return """
          \(state.partName(i)) of the learned initial state has \(specs[i].count) scalars, \
          that of the layer's \(part.columns)
          """
      }
    }
    return nil
  }

  private func fill(_ state: inout State) {
    if let misfit = misfit(state) { failRequirement(misfit) }
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
  /// Runs the layer over a batch of sequences: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``. A nil state means the learned
  /// one.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> RecurrentOutput<State> {
    let own = (workspace ?? makeWorkspace()).contents
    return layer(
      x, from: state ?? learned(batch: x.batch, in: &own.state), lengths: lengths,
      threads: threads, workspace: own.inner)
  }

  /// Runs the layer over a batch of sequences and records the pass; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``. A nil state means the learned one.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> RecurrentOutput<State> {
    let own = tape.contents
    own.inner.noise = tape.beginPass()
    own.usesLearnedState = state == nil
    own.initialVersion = parameters.initial.version
    let run = layer.forward(
      x, from: state ?? learned(batch: x.batch, in: &own.state), lengths: lengths,
      threads: threads, recording: own.inner)
    tape.endPass()
    return run
  }

  /// Runs the recorded pass backwards; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``. The learned state has a
  /// gradient where the pass began with it.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CompositeTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout LearnedInitialStateParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkPass()
    let own = tape.contents
    gradients.initial.checkLayout(
      matches: parameters.initial, "gradients of the learned initial state")
    parameters.initial.checkUnchanged(since: own.initialVersion)
    let d = layer.backward(
      dOutputs, finalState: dFinalState, through: own.inner, threads: threads,
      accumulatingInto: &gradients.layer)
    guard own.usesLearnedState else { return d }
    if let misfit = misfit(d.initialState) { failRequirement(misfit) }
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

extension LearnedInitialState: CausalLayer, StreamingLayer where Layer: CausalLayer {
  /// Advances a batch of streams by one step; see ``StreamingLayer/step(_:_:threads:workspace:)``. A stream
  /// begins at ``initialState(batch:)``.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: CompositeWorkspace<Self>? = nil
  ) {
    layer.step(x, &state, threads: threads, workspace: workspace?.contents.inner)
  }

  /// The layer's output, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> { layer.output(of: state) }

  /// How many steps of `batch` sequences one product over time spans.
  public func stepsPerProduct(batch: Int) -> Int { layer.stepsPerProduct(batch: batch) }
}

extension LearnedInitialState: CompositeLayer {
  typealias TapeContents = LearnedStateContents<Layer.Recording, State>
  typealias WorkspaceContents = LearnedStateContents<Layer.Buffers, State>
}

/// What a ``LearnedInitialState`` keeps: the state at which a pass began.
final class LearnedStateContents<Inner: AnyObject, State: CarriedState>: CompositeContents {
  let inner: Inner
  var state: State?
  var usesLearnedState = false
  /// The version of the learned state at which the recorded pass began.
  var initialVersion: UInt64 = 0

  init(_ inner: Inner) { self.inner = inner }

  var byteCount: Int { state?.byteCount ?? 0 }
}
