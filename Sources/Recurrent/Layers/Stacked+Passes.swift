import LinAlg

extension Stacked {
  /// Runs the stack over a batch of sequences: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: each layer's state before the first step; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: the last layer's outputs, `[T, N, F]`, and each layer's final state.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: StackedWorkspace<Layer>? = nil
  ) -> RecurrentOutput<State> {
    checkState(state, "initial state")
    let workspace = workspace ?? makeWorkspace()
    checkWorkspace(workspace)
    workspace.finalState.removeAll(keepingCapacity: true)
    var outputs = x
    for k in 0..<count {
      let run = layer(k)(
        outputs, from: state?[k], lengths: lengths, threads: threads,
        workspace: workspace.layers[k])
      outputs = run.outputs
      workspace.finalState.append(run.finalState)
    }
    return RecurrentOutput(outputs, finalState: workspace.finalState)
  }

  /// Runs the stack over a batch of sequences and records the pass, with dropout between the layers.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`; the tape keeps a reference until its backward pass.
  ///   - state: each layer's state before the first step; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: the last layer's outputs, `[T, N, F]`, and each layer's final state.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: StackedTape<Layer>
  ) -> RecurrentOutput<State> {
    checkState(state, "initial state")
    checkTape(tape)
    // Let go of before the layers run: a buffer with two owners is not reused.
    tape.discard()
    tape.finalState.removeAll(keepingCapacity: true)
    let noise = tape.noise
    tape.noise = noise?.next
    var outputs = x
    for k in 0..<count {
      if k > 0 {
        outputs = dropout.forward(
          outputs, recording: tape.dropout[k - 1], noise: noise?.child(2 * k - 1))
      }
      let recording = tape.layers[k]
      recording.noise = noise?.child(2 * k)
      let run = layer(k).forward(
        outputs, from: state?[k], lengths: lengths, threads: threads, recording: recording)
      outputs = run.outputs
      tape.finalState.append(run.finalState)
    }
    tape.noteLayers()
    return RecurrentOutput(outputs, finalState: tape.finalState)
  }

  /// Runs the recorded pass backwards, from the last layer to the first.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs`, `[T, N, F]`, or nil for zeros. Padded steps are ignored.
  ///   - dFinalState: the gradient of each layer's final state; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these; those of a tied layer from
  ///     all its places.
  /// - Returns: the gradients of the inputs and of each layer's initial state.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: StackedTape<Layer>, threads: Int? = nil,
    accumulatingInto gradients: inout StackedParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkRecorded()
    checkTape(tape)
    tape.checkLayers()
    checkState(dFinalState, "dFinalState")
    require(
      gradients.parts.count == parameters.parts.count,
      "gradients have \(gradients.parts.count) parts, the parameters \(parameters.parts.count)")
    tape.dInitialState.removeAll(keepingCapacity: true)
    var dOutputs = dOutputs
    for k in stride(from: count - 1, through: 0, by: -1) {
      let layer = layer(k)
      let d = gradients.parts.withUnsafeMutableBufferPointer {
        layer.backward(
          dOutputs, finalState: dFinalState?[k], through: tape.layers[k], threads: threads,
          accumulatingInto: &$0[part(ofLayer: k)])
      }
      tape.slots[k] = d.initialState
      dOutputs = k == 0 ? d.x : dropout.backward(d.x, through: tape.dropout[k - 1])
    }
    for k in 0..<count {
      if let state = tape.slots[k] { tape.dInitialState.append(state) }
      tape.slots[k] = nil
    }
    guard let dx = dOutputs else { failRequirement("Stacked: no layers") }
    return InputGradients(dx, initialState: tape.dInitialState)
  }

  private func checkTape(_ tape: StackedTape<Layer>) {
    require(
      tape.layers.count == count,
      "the tape was made for \(tape.layers.count) layers, the stack has \(count)")
  }
}

extension Stacked: CausalLayer where Layer: CausalLayer {
  /// Advances a batch of streams by one step through all layers: `state ← step(x, state)`.
  ///
  /// - Parameters:
  ///   - x: the inputs of this step, `[N, D]`.
  ///   - state: one for each layer; updated in place.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them (and a state that nobody else holds) a step allocates
  ///     nothing.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: StackedWorkspace<Layer>? = nil
  ) {
    checkState(state, "state")
    let workspace = workspace ?? makeWorkspace()
    checkWorkspace(workspace)
    state.withUnsafeMutableBufferPointer { states in
      var input = x
      for k in 0..<count {
        let layer = layer(k)
        layer.step(input, &states[k], threads: threads, workspace: workspace.layers[k])
        input = layer.output(of: states[k])
      }
    }
  }

  /// The last layer's output, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> {
    checkState(state, "state")
    return layer(count - 1).output(of: state[count - 1])
  }

  /// How many steps a product over time spans in each of the layers.
  public func stepsPerProduct(batch: Int) -> Int {
    var result = 1
    for k in 0..<count {
      let steps = layer(k).stepsPerProduct(batch: batch)
      var (a, b) = (result, steps)
      while b != 0 { (a, b) = (b, a % b) }
      result = result / a * steps
    }
    return result
  }
}
