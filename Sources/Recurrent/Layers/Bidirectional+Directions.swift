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
  /// Runs both directions over a batch of sequences and returns their outputs apart: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: where each direction begins; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  public func directions(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: BidirectionalWorkspace<Layer>? = nil
  ) -> BidirectionalOutput<Layer.State> {
    x.checkLengths(lengths)
    let workspace = workspace ?? makeWorkspace()
    let (f, b) = DirectionInference(
      forward: forwardLayer, backward: reversedLayer, x: x, state: state, lengths: lengths,
      workspace: workspace
    ).run(threads: allowedThreads(threads))
    return BidirectionalOutput(f, b)
  }

  /// Runs both directions over a batch of sequences, records the pass, and returns the outputs apart.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: where each direction begins; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  @discardableResult
  public func forwardDirections(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: BidirectionalTape<Layer>
  ) -> BidirectionalOutput<Layer.State> {
    x.checkLengths(lengths)
    tape.discard()
    tape.forward.noise = tape.noise?.child(0)
    tape.backward.noise = tape.noise?.child(1)
    tape.noise = tape.noise?.next
    let (f, b) = DirectionForward(
      forward: forwardLayer, backward: reversedLayer, x: x, state: state, lengths: lengths,
      tape: tape
    ).run(threads: allowedThreads(threads))
    tape.noteDirections()
    return BidirectionalOutput(f, b)
  }

  /// Runs both directions of the recorded pass backwards, each from the gradient of its own outputs.
  ///
  /// - Parameters:
  ///   - dForward: the gradient of the forward direction's outputs, `[T, N, H]`, or nil for zeros.
  ///   - dBackward: the gradient of the backward direction's outputs, `[T, N, H]`, or nil for zeros.
  ///   - dFinalState: `∂L/∂finalState`; nil means zeros.
  ///   - tape: the recording; it is spent by this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the states at which the directions began.
  @discardableResult
  public func backward(
    forward dForward: SequenceBatch<Scalar>?, backward dBackward: SequenceBatch<Scalar>?,
    finalState dFinalState: State? = nil, through tape: BidirectionalTape<Layer>,
    threads: Int? = nil,
    accumulatingInto gradients: inout BidirectionalParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkRecorded()
    tape.checkDirections()
    tape.factors = nil
    let (f, b) = runBackward(
      dForward, dBackward, dFinalState, tape, threads: allowedThreads(threads),
      &gradients.forward, &gradients.backward)
    tape.dx.assign(f.x, by: .sum, b.x)
    return InputGradients(
      tape.dx, initialState: State(forward: f.initialState, backward: b.initialState))
  }

  private func runBackward(
    _ dForward: SequenceBatch<Scalar>?, _ dBackward: SequenceBatch<Scalar>?, _ dState: State?,
    _ tape: BidirectionalTape<Layer>, threads: Int,
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
