import CKernels
import LinAlg

// The pointwise part of an LSTM's step on its own, for steps whose products are made elsewhere: those of a
// picture's rows, where a state meets its neighbours.
extension RecurrentScalar {
  /// Gates i f g o, then `c = f∘c + i∘g`, `h = o∘tanh c`.
  ///
  /// - Parameters:
  ///   - rows: how many cells there are, each with states of `hiddenSize` numbers.
  ///   - hiddenSize: `H`.
  ///   - gates: `[rows, 4H]`; in: with their biases; out: activated, as the way back needs them.
  ///   - bias: `[4H]`, added to the gates.
  ///   - previousCell: `[rows, H]`; nil for zeros.
  ///   - cell: is overwritten by the cells after the step.
  ///   - hidden: is overwritten by the hidden states.
  package static func lstmCell(
    rows: Int, hiddenSize: Int, gates: UnsafeMutablePointer<Self>, bias: UnsafePointer<Self>,
    previousCell: UnsafePointer<Self>?, cell: UnsafeMutablePointer<Self>,
    hidden: UnsafeMutablePointer<Self>
  ) {
    kernels.table.pointee.lstm_forward(
      rows, hiddenSize, 0, hiddenSize, gates, bias, previousCell, cell, hidden, nil, 0)
  }

  /// The way back of ``lstmCell(rows:hiddenSize:gates:bias:previousCell:cell:hidden:)``.
  ///
  /// - Parameters:
  ///   - rows: as on the way forward.
  ///   - hiddenSize: `H`.
  ///   - gates: in: activated; out: gradients of what they were before.
  ///   - previousCell: as on the way forward.
  ///   - cell: the cells after the step.
  ///   - dHidden: `∂L/∂h`, `[rows, H]`; is overwritten.
  ///   - dCell: in: `∂L/∂c` of the cells after the step; out: of those before.
  package static func lstmCellBackward(
    rows: Int, hiddenSize: Int, gates: UnsafeMutablePointer<Self>,
    previousCell: UnsafePointer<Self>?, cell: UnsafePointer<Self>,
    dHidden: UnsafeMutablePointer<Self>, dCell: UnsafeMutablePointer<Self>
  ) {
    kernels.table.pointee.lstm_backward(
      rows, hiddenSize, 0, hiddenSize, gates, previousCell, cell, nil, dHidden, dCell, nil, 0)
  }
}
