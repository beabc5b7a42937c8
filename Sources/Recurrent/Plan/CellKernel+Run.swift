import LinAlg

extension CellKernel {
  /// The pointwise part of a phase of a step: from sums of products to the new states.
  ///
  /// - Parameter bias: the biases of all gates.
  func forward<Scalar: RecurrentScalar>(
    _ phase: Int, _ step: ForwardStep<Scalar>, hiddenSize H: Int, bias: UnsafePointer<Scalar>
  ) {
    switch self {
    case .lstm:
      guard let cell = step.cell else { failRequirement("an LSTM step needs a cell state") }
      Scalar.lstmForward(step, cell: cell, hiddenSize: H, bias: bias)
    case .gruResetAfter: Scalar.gruResetAfterForward(step, hiddenSize: H, bias: bias)
    case .gruResetBefore where phase == 0:
      Scalar.gruResetBeforeForwardReset(step, hiddenSize: H, bias: bias)
    case .gruResetBefore: Scalar.gruResetBeforeForwardCandidate(step, hiddenSize: H, bias: bias)
    case .rnnTanh: Scalar.simpleRNNForward(step, hiddenSize: H, bias: bias, activation: .tanh)
    case .rnnRelu: Scalar.simpleRNNForward(step, hiddenSize: H, bias: bias, activation: .relu)
    }
  }

  /// The pointwise part of a phase of a step backward: from what the step has kept to the gradients of the
  /// sums.
  func backward<Scalar: RecurrentScalar>(
    _ phase: Int, _ step: BackwardStep<Scalar>, hiddenSize H: Int
  ) {
    switch self {
    case .lstm:
      guard let cell = step.cell, let dCell = step.dCell else {
        failRequirement("an LSTM step needs a cell state")
      }
      Scalar.lstmBackward(step, cell: cell, dCell: dCell, hiddenSize: H)
    case .gruResetAfter: Scalar.gruResetAfterBackward(step, hiddenSize: H)
    case .gruResetBefore where phase == 0:
      Scalar.gruResetBeforeBackwardCandidate(step, hiddenSize: H)
    case .gruResetBefore:
      Scalar.gruResetBeforeBackwardReset(step, hiddenSize: H, dProduct: step.scratch)
    case .rnnTanh: Scalar.simpleRNNBackward(step, hiddenSize: H, activation: .tanh)
    case .rnnRelu: Scalar.simpleRNNBackward(step, hiddenSize: H, activation: .relu)
    }
  }
}
