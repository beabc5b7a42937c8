import LinAlg

/// What a recorded step of a causal layer returns.
public struct StepOutput<State: CarriedState>: Sendable {
  /// The output of the step, `[N, F]`.
  public var output: Matrix<State.Scalar>
  /// The state after the step.
  public var state: State
}

/// The gradients of what went into a recorded step.
public struct StepGradients<State: CarriedState>: Sendable {
  /// `∂L/∂x`, `[N, D]`.
  public var x: Matrix<State.Scalar>
  /// The gradient of the state before the step.
  public var state: State
}

extension CausalLayer {
  /// Runs one step and records what its backward pass needs: for decoders, whose next input depends on this
  /// output. A decoder has a tape for each of its steps, `makeTape(steps: 1, batch: N)`, and goes back
  /// through them in reverse, handing the gradient of each step's state to the step before.
  ///
  /// The same numbers as ``StreamingLayer/step(_:_:threads:workspace:)``, with the random choices of the
  /// tape's noise: of `x`, `[N, D]`, and the state before the step, nil meaning
  /// ``InferenceLayer/initialState(batch:)``, the output, `[N, F]`, and the state after it. The tape keeps a
  /// reference to `x` until its backward pass.
  ///
  /// - Precondition: `x` has as many columns as the layer has inputs, the state as many rows as `x`.
  public func forwardStep(
    _ x: Matrix<Scalar>, from state: State? = nil, threads: Int? = nil, recording tape: Recording
  ) -> StepOutput<State> {
    let run = forward(
      SequenceBatch(step: x), from: state, lengths: nil, threads: threads, recording: tape)
    return StepOutput(output: run.outputs[step: 0], state: run.finalState)
  }

  /// Runs a recorded step backwards, which spends the recording. `dOutput`, `[N, F]`, is what the loss itself
  /// sees of the output, `dState` what later steps give of the state after the step; nil means zeros. The
  /// gradients of the parameters are *added*, those of the inputs and of the state before the step
  /// returned.
  @discardableResult
  public func backwardStep(
    _ dOutput: Matrix<Scalar>?, state dState: State? = nil, through tape: Recording,
    threads: Int? = nil, accumulatingInto gradients: inout Parameters
  ) -> StepGradients<State> {
    let d = backward(
      dOutput.map { SequenceBatch(step: $0) }, finalState: dState, through: tape,
      threads: threads, accumulatingInto: &gradients)
    require(d.x.steps == 1, "the tape has recorded \(d.x.steps) steps, expected one")
    return StepGradients(x: d.x[step: 0], state: d.initialState)
  }
}

extension SequenceBatch {
  /// A sequence of the one step `x`.
  init(step x: Matrix<Scalar>) {
    self = x.withUnsafeBufferPointer {
      SequenceBatch(steps: 1, batch: x.rows, features: x.columns, elements: $0)
    }
  }
}
