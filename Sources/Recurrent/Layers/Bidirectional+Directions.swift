import LinAlg

/// The outputs of both directions, not merged.
public struct BidirectionalOutput<Direction: CarriedState>: Sendable {
  /// What the layer that reads from the first step to the last gives, `[T, N, H]`.
  public var forward: SequenceBatch<Direction.Scalar>
  /// What the layer that reads from the last step to the first gives, `[T, N, H]`, each output at its
  /// own step.
  public var backward: SequenceBatch<Direction.Scalar>
  /// The state at which each direction ends.
  public var finalState: BidirectionalState<Direction>

  init(_ forward: RecurrentOutput<Direction>, _ backward: RecurrentOutput<Direction>) {
    self.forward = forward.outputs
    self.backward = backward.outputs
    finalState = BidirectionalState(forward: forward.finalState, backward: backward.finalState)
  }
}

extension Bidirectional {
  /// Runs both directions over a batch of sequences and returns their outputs apart: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``.
  public func directions(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> BidirectionalOutput<Layer.State> {
    x.checkLengths(lengths)
    let workspace = workspace ?? makeWorkspace()
    let (f, b) = DirectionForward(
      forward: forwardLayer, backward: reversedLayer, x: x, state: state, lengths: lengths,
      workspace: workspace.contents
    ).run(threads: allowedThreads(threads))
    return BidirectionalOutput(f, b)
  }

  /// Runs both directions over a batch of sequences, records the pass, and returns the outputs apart; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forwardDirections(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> BidirectionalOutput<Layer.State> {
    x.checkLengths(lengths)
    let (own, noise) = (tape.contents, tape.beginPass())
    own.forward.noise = noise?.child(0)
    own.backward.noise = noise?.child(1)
    own.merge = nil
    let (f, b) = DirectionForward(
      forward: forwardLayer, backward: reversedLayer, x: x, state: state, lengths: lengths,
      tape: own
    ).run(threads: allowedThreads(threads))
    tape.endPass()
    return BidirectionalOutput(f, b)
  }

  /// Runs both directions of the recorded pass backwards, each from the gradient of its own outputs, nil
  /// for zeros; see ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``.
  @discardableResult
  public func backward(
    forward dForward: SequenceBatch<Scalar>?, backward dBackward: SequenceBatch<Scalar>?,
    finalState dFinalState: State? = nil, through tape: CompositeTape<Self>,
    threads: Int? = nil,
    accumulatingInto gradients: inout BidirectionalParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkPass()
    let own = tape.contents
    own.factors = nil
    let allowed = allowedThreads(threads)
    let (f, b) = runBackward(
      dForward, dBackward, dFinalState, own, threads: allowed, &gradients.forward,
      &gradients.backward)
    own.dx.assign(f.x, by: .sum, b.x, threads: allowed)
    return InputGradients(
      own.dx, initialState: State(forward: f.initialState, backward: b.initialState))
  }

  private func runBackward(
    _ dForward: SequenceBatch<Scalar>?, _ dBackward: SequenceBatch<Scalar>?, _ dState: State?,
    _ tape: TapeContents, threads: Int,
    _ forwardGradients: inout Layer.Parameters, _ backwardGradients: inout Layer.Parameters
  ) -> (InputGradients<Layer.State>, InputGradients<Layer.State>) {
    withUnsafeMutablePointer(to: &forwardGradients) { f in
      withUnsafeMutablePointer(to: &backwardGradients) { b in
        DirectionBackward(
          forward: forwardLayer, backward: reversedLayer, dForward: dForward,
          dBackward: dBackward, dState: dState, tape: tape, forwardGradients: f,
          backwardGradients: b
        ).run(threads: threads)
      }
    }
  }
}
