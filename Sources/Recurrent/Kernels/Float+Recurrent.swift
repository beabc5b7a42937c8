import CKernels
import LinAlg

nonisolated(unsafe) private let kernels = InstructionSet.kernels.pointee

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Float: RecurrentScalar {
  public static func addColumnSums(
    rows: Int, columns: Int, of x: UnsafePointer<Float>, ld: Int,
    to sums: UnsafeMutablePointer<Float>
  ) {
    kernels.column_sums_f32(rows, columns, x, ld, sums)
  }

  public static func combine(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, by operation: PairOperation,
    into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    switch operation {
    case .sum: kernels.pair_sum_f32(a, b, y, count)
    case .mean: kernels.pair_mean_f32(a, b, y, count)
    case .product: kernels.pair_product_f32(a, b, y, count)
    }
  }

  public static func simpleRNNForward(
    _ s: ForwardStep<Float>, hiddenSize: Int, bias: UnsafePointer<Float>, activation: RNNActivation
  ) {
    switch activation {
    case .tanh:
      kernels.rnn_tanh_forward_f32(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.hidden, s.lengths64,
        Int64(s.time))
    case .relu:
      kernels.rnn_relu_forward_f32(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.hidden, s.lengths64,
        Int64(s.time))
    }
  }

  public static func simpleRNNBackward(
    _ s: BackwardStep<Float>, hiddenSize: Int,
    activation: RNNActivation
  ) {
    switch activation {
    case .tanh:
      kernels.rnn_tanh_backward_f32(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.hidden, s.dOutput, s.dHidden,
        s.lengths64,
        Int64(s.time))
    case .relu:
      kernels.rnn_relu_backward_f32(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.hidden, s.dOutput, s.dHidden,
        s.lengths64,
        Int64(s.time))
    }
  }

  public static func lstmForward(
    _ s: ForwardStep<Float>, cell: UnsafeMutablePointer<Float>, hiddenSize: Int,
    bias: UnsafePointer<Float>
  ) {
    kernels.lstm_forward_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousCell, cell, s.hidden,
      s.lengths64,
      Int64(s.time))
  }

  public static func lstmBackward(
    _ s: BackwardStep<Float>, cell: UnsafePointer<Float>, dCell: UnsafeMutablePointer<Float>,
    hiddenSize: Int
  ) {
    kernels.lstm_backward_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousCell, cell, s.dOutput,
      s.dHidden, dCell,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetAfterForward(
    _ s: ForwardStep<Float>, hiddenSize: Int, bias: UnsafePointer<Float>
  ) {
    kernels.gru_after_forward_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetAfterBackward(
    _ s: BackwardStep<Float>, hiddenSize: Int
  ) {
    kernels.gru_after_backward_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetBeforeForwardReset(
    _ s: ForwardStep<Float>, hiddenSize: Int, bias: UnsafePointer<Float>
  ) {
    kernels.gru_before_forward_reset_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.lengths64,
      Int64(s.time))
  }

  public static func gruResetBeforeForwardCandidate(
    _ s: ForwardStep<Float>, hiddenSize: Int, bias: UnsafePointer<Float>
  ) {
    kernels.gru_before_forward_candidate_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetBeforeBackwardCandidate(
    _ s: BackwardStep<Float>, hiddenSize: Int
  ) {
    kernels.gru_before_backward_candidate_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64,
      Int64(s.time))
  }

  public static func gruResetBeforeBackwardReset(
    _ s: BackwardStep<Float>, hiddenSize: Int, dProduct: UnsafePointer<Float>
  ) {
    kernels.gru_before_backward_reset_f32(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, dProduct, s.dHidden,
      s.lengths64,
      Int64(s.time))
  }
}
