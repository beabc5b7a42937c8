import LinAlg

extension Stacked {
  /// Runs the stack over a batch of sequences: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> RecurrentOutput<State> {
    checkState(state, "initial state")
    let own = (workspace ?? makeWorkspace()).contents
    own.checkCount(count, "the workspace")
    own.finalState.removeAll(keepingCapacity: true)
    let allowed = allowedThreads(threads)
    var (outputs, k) = (x, 0)
    while k < count {
      let together = layersTogether(from: k, own, x, state, lengths, threads: allowed)
      if together.count > 1 {
        outputs = runTogether(
          k..<k + together.count, blockSteps: together.blockSteps, outputs, state, lengths,
          tape: nil, workspace: own, noise: nil)
        k += together.count
        continue
      }
      let run = layer(k)(
        outputs, from: state?[k], lengths: lengths, threads: allowed, workspace: own.layers[k])
      outputs = run.outputs
      own.finalState.append(run.finalState)
      k += 1
    }
    return RecurrentOutput(outputs, finalState: own.finalState)
  }

  /// Runs the stack over a batch of sequences and records the pass, with dropout between the layers; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> RecurrentOutput<State> {
    checkState(state, "initial state")
    let own = tape.contents
    own.checkCount(count, "the tape")
    let noise = tape.beginPass()
    own.finalState.removeAll(keepingCapacity: true)
    let allowed = allowedThreads(threads)
    var (outputs, k) = (x, 0)
    while k < count {
      if k > 0 {
        outputs = dropout.forward(
          outputs, recording: own.dropout[k - 1], noise: noise?.child(2 * k - 1), threads: allowed)
      }
      let together = layersTogether(from: k, own, x, state, lengths, threads: allowed)
      if together.count > 1 {
        outputs = runTogether(
          k..<k + together.count, blockSteps: together.blockSteps, outputs, state, lengths,
          tape: own, workspace: nil, noise: noise)
        k += together.count
        continue
      }
      let recording = own.layers[k]
      recording.noise = noise?.child(2 * k)
      let run = layer(k).forward(
        outputs, from: state?[k], lengths: lengths, threads: allowed, recording: recording)
      outputs = run.outputs
      own.finalState.append(run.finalState)
      k += 1
    }
    tape.endPass()
    return RecurrentOutput(outputs, finalState: own.finalState)
  }

  /// Runs the recorded pass backwards, from the last layer to the first; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``. The gradient of a tied
  /// layer comes from all its places.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CompositeTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout StackedParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    let own = tape.contents
    own.checkCount(count, "the tape")
    tape.checkPass()
    checkState(dFinalState, "dFinalState")
    require(
      gradients.parts.count == parameters.parts.count,
      "gradients have \(gradients.parts.count) parts, the parameters \(parameters.parts.count)")
    own.dInitialState.removeAll(keepingCapacity: true)
    let allowed = allowedThreads(threads)
    var (dOutputs, k) = (dOutputs, count - 1)
    while k >= 0 {
      let together = layersTogether(downFrom: k, own, dOutputs, dFinalState, threads: allowed)
      var dx: SequenceBatch<Scalar>?
      if together.count > 1 {
        dx = gradients.parts.withUnsafeMutableBufferPointer {
          runTogetherBackward(
            k + 1 - together.count..<k + 1, blockSteps: together.blockSteps, dOutputs, dFinalState,
            own, $0.start)
        }
      } else {
        let layer = layer(k)
        let d = gradients.parts.withUnsafeMutableBufferPointer {
          layer.backward(
            dOutputs, finalState: dFinalState?[k], through: own.layers[k], threads: allowed,
            accumulatingInto: &$0[part(ofLayer: k)])
        }
        own.dInitialState.append(d.initialState)
        dx = d.x
      }
      k -= together.count
      if k >= 0, let d = dx {
        dOutputs = dropout.backward(d, through: own.dropout[k], threads: allowed)
      } else {
        dOutputs = dx
      }
    }
    // Not reverse(), which allocates in unoptimised builds.
    own.dInitialState.withUnsafeMutableBufferPointer {
      for k in 0..<count / 2 { $0.swapAt(k, count - 1 - k) }
    }
    guard let dx = dOutputs else { failRequirement("Stacked: no layers") }
    return InputGradients(dx, initialState: own.dInitialState)
  }
}

extension Stacked: CausalLayer, StreamingLayer where Layer: CausalLayer {
  /// Advances a batch of streams by one step through all layers; see
  /// ``StreamingLayer/step(_:_:threads:workspace:)``.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil,
    workspace: CompositeWorkspace<Self>? = nil
  ) {
    checkState(state, "state")
    let own = (workspace ?? makeWorkspace()).contents
    own.checkCount(count, "the workspace")
    state.withUnsafeMutableBufferPointer { states in
      var input = x
      for k in 0..<count {
        let layer = layer(k)
        layer.step(input, &states[k], threads: threads, workspace: own.layers[k])
        input = layer.output(of: states[k])
      }
    }
  }

  /// The last layer's output, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> {
    checkState(state, "state")
    return layer(count - 1).output(of: state[count - 1])
  }

  /// How many steps products over time span in all layers.
  public func stepsPerProduct(batch: Int) -> Int {
    var result = 1
    for k in 0..<count {
      result = leastCommonMultiple(result, layer(k).stepsPerProduct(batch: batch))
    }
    return result
  }
}

/// The smallest number that both divide.
func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
  var (divisor, rest) = (a, b)
  while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
  return a / divisor * b
}
