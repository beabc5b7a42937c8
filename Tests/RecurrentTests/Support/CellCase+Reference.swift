import Recurrent
import ReferenceLoops

extension CellKind {
  /// The same passes as plain scalar loops.
  func reference<Scalar>(_ p: PassInputs<Scalar>) -> PassResults<Scalar> {
    let (D, H) = (p.inputSize, p.hiddenSize)
    let gates = self == .lstm ? 4 : self == .rnnTanh || self == .rnnRelu ? 1 : 3
    var rest = p.parameters[...]
    func take(_ count: Int) -> [Scalar] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let (W, U, b) = (take(gates * H * D), take(gates * H * H), take(gates * H))
    var result = PassResults<Scalar>()
    switch self {
    case .lstm:
      let layer = ReferenceLSTM(inputSize: D, hiddenSize: H, W: W, U: U, b: b)
      let trace = layer.forward(
        p.x, steps: p.steps, batch: p.batch, initialHidden: p.initialHidden,
        initialCell: p.initialCell, lengths: p.lengths)
      let g = layer.backward(
        trace, dOutputs: p.dOutputs, dFinalHidden: p.dFinalHidden, dFinalCell: p.dFinalCell)
      (result.outputs, result.finalHidden) = (trace.outputs, trace.finalHidden)
      (result.finalCell, result.dx) = (trace.finalCell, g.dx)
      result.dParameters = g.dW + g.dU + g.db
      (result.dInitialHidden, result.dInitialCell) = (g.dInitialHidden, g.dInitialCell)
    case .gruResetAfter, .gruResetBefore:
      let layer = ReferenceGRU(
        inputSize: D, hiddenSize: H,
        variant: self == .gruResetAfter ? .resetAfter : .resetBefore, W: W, U: U, b: b,
        recurrentBias: Array(rest))
      let trace = layer.forward(
        p.x, steps: p.steps, batch: p.batch, initialHidden: p.initialHidden, lengths: p.lengths)
      let g = layer.backward(trace, dOutputs: p.dOutputs, dFinalHidden: p.dFinalHidden)
      (result.outputs, result.finalHidden) = (trace.outputs, trace.finalHidden)
      result.dx = g.dx
      result.dParameters = g.dW + g.dU + g.db + g.dRecurrentBias
      result.dInitialHidden = g.dInitialHidden
    case .rnnTanh, .rnnRelu:
      let layer = ReferenceRNN(
        inputSize: D, hiddenSize: H, activation: self == .rnnTanh ? .tanh : .relu, W: W, U: U,
        b: b)
      let trace = layer.forward(
        p.x, steps: p.steps, batch: p.batch, initialHidden: p.initialHidden, lengths: p.lengths)
      let g = layer.backward(trace, dOutputs: p.dOutputs, dFinalHidden: p.dFinalHidden)
      (result.outputs, result.finalHidden) = (trace.outputs, trace.finalHidden)
      result.dx = g.dx
      result.dParameters = g.dW + g.dU + g.db
      result.dInitialHidden = g.dInitialHidden
    }
    return result
  }
}
