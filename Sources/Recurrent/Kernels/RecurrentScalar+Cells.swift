import CKernels
import LinAlg

// The pointwise part of a whole step for a whole batch, each one C kernel; the equations stand with
// the cells and in Sources/CKernels/include/cell_kernels.inc.
extension RecurrentScalar {
  /// `h = act(a + b)`.
  static func simpleRNNForward(
    _ s: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>, activation: RNNActivation
  ) {
    let table = kernels.table
    let kernel =
      activation == .tanh ? table.pointee.rnn_tanh_forward : table.pointee.rnn_relu_forward
    kernel(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.hidden, s.lengths64,
      Int64(s.time))
  }

  /// `da = (dy + dh) ∘ act′(a + b)`.
  static func simpleRNNBackward(
    _ s: BackwardStep<Self>, hiddenSize: Int, activation: RNNActivation
  ) {
    let table = kernels.table
    let kernel =
      activation == .tanh ? table.pointee.rnn_tanh_backward : table.pointee.rnn_relu_backward
    kernel(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.hidden, s.dOutput, s.dHidden,
      s.lengths64, Int64(s.time))
  }

  /// Gates i f g o, then `c = f∘c + i∘g`, `h = o∘tanh c`.
  static func lstmForward(
    _ s: ForwardStep<Self>, cell: UnsafeMutablePointer<Self>, hiddenSize: Int,
    bias: UnsafePointer<Self>
  ) {
    kernels.table.pointee.lstm_forward(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousCell, cell, s.hidden,
      s.lengths64, Int64(s.time))
  }

  /// The gradients of the four pre-activations and of `c[t−1]`.
  static func lstmBackward(
    _ s: BackwardStep<Self>, cell: UnsafePointer<Self>, dCell: UnsafeMutablePointer<Self>,
    hiddenSize: Int
  ) {
    kernels.table.pointee.lstm_backward(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousCell, cell, s.dOutput,
      s.dHidden, dCell, s.lengths64, Int64(s.time))
  }

  /// Gates r z, then `n = tanh(a + b + r∘q)`, `h = (1 − z)∘n + z∘h`.
  static func gruResetAfterForward(
    _ s: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>
  ) {
    kernels.table.pointee.gru_after_forward(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  /// The gradients of n, r, z and q.
  static func gruResetAfterBackward(_ s: BackwardStep<Self>, hiddenSize: Int) {
    kernels.table.pointee.gru_after_backward(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64, Int64(s.time))
  }

  /// Gates r z and `m = r∘h`.
  static func gruResetBeforeForwardReset(
    _ s: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>
  ) {
    kernels.table.pointee.gru_before_forward_reset(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.lengths64,
      Int64(s.time))
  }

  /// `n = tanh(a + b)`, `h = (1 − z)∘n + z∘h`.
  static func gruResetBeforeForwardCandidate(
    _ s: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>
  ) {
    kernels.table.pointee.gru_before_forward_candidate(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  /// The gradients of z and n.
  static func gruResetBeforeBackwardCandidate(_ s: BackwardStep<Self>, hiddenSize: Int) {
    kernels.table.pointee.gru_before_backward_candidate(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64, Int64(s.time))
  }

  /// The gradient of r from that of `m`.
  static func gruResetBeforeBackwardReset(
    _ s: BackwardStep<Self>, hiddenSize: Int, dProduct: UnsafePointer<Self>
  ) {
    kernels.table.pointee.gru_before_backward_reset(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, dProduct, s.dHidden,
      s.lengths64, Int64(s.time))
  }
}

extension ForwardStep {
  /// The lengths as the C kernels take them.
  var lengths64: UnsafePointer<Int64>? { lengths.map(asInt64) }
}

extension BackwardStep {
  /// The lengths as the C kernels take them.
  var lengths64: UnsafePointer<Int64>? { lengths.map(asInt64) }
}

/// `Int` is 64 bits wide wherever the engine runs.
func asInt64(_ pointer: UnsafePointer<Int>) -> UnsafePointer<Int64> {
  UnsafeRawPointer(pointer).assumingMemoryBound(to: Int64.self)
}
