import CKernels
import LinAlg

nonisolated(unsafe) private let kernels = InstructionSet.kernels.pointee

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Double: RecurrentScalar {
  public static func addColumnSums(
    rows: Int, columns: Int, of x: UnsafePointer<Double>, ld: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    kernels.column_sums_f64(rows, columns, x, ld, sums)
  }

  public static func combine(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, by operation: PairOperation,
    into y: UnsafeMutablePointer<Double>, count: Int
  ) {
    switch operation {
    case .sum: kernels.pair_sum_f64(a, b, y, count)
    case .mean: kernels.pair_mean_f64(a, b, y, count)
    case .product: kernels.pair_product_f64(a, b, y, count)
    }
  }

  public static func simpleRNNForward(
    _ s: ForwardStep<Double>, hiddenSize: Int, bias: UnsafePointer<Double>,
    activation: RNNActivation
  ) {
    switch activation {
    case .tanh:
      kernels.rnn_tanh_forward_f64(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.hidden, s.lengths64,
        Int64(s.time))
    case .relu:
      kernels.rnn_relu_forward_f64(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.hidden, s.lengths64,
        Int64(s.time))
    }
  }

  public static func simpleRNNBackward(
    _ s: BackwardStep<Double>, hiddenSize: Int,
    activation: RNNActivation
  ) {
    switch activation {
    case .tanh:
      kernels.rnn_tanh_backward_f64(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.hidden, s.dOutput, s.dHidden,
        s.lengths64,
        Int64(s.time))
    case .relu:
      kernels.rnn_relu_backward_f64(
        s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.hidden, s.dOutput, s.dHidden,
        s.lengths64,
        Int64(s.time))
    }
  }

  public static func lstmForward(
    _ s: ForwardStep<Double>, cell: UnsafeMutablePointer<Double>, hiddenSize: Int,
    bias: UnsafePointer<Double>
  ) {
    kernels.lstm_forward_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousCell, cell, s.hidden,
      s.lengths64,
      Int64(s.time))
  }

  public static func lstmBackward(
    _ s: BackwardStep<Double>, cell: UnsafePointer<Double>, dCell: UnsafeMutablePointer<Double>,
    hiddenSize: Int
  ) {
    kernels.lstm_backward_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousCell, cell, s.dOutput,
      s.dHidden, dCell,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetAfterForward(
    _ s: ForwardStep<Double>, hiddenSize: Int, bias: UnsafePointer<Double>
  ) {
    kernels.gru_after_forward_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetAfterBackward(
    _ s: BackwardStep<Double>, hiddenSize: Int
  ) {
    kernels.gru_after_backward_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetBeforeForwardReset(
    _ s: ForwardStep<Double>, hiddenSize: Int, bias: UnsafePointer<Double>
  ) {
    kernels.gru_before_forward_reset_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.lengths64,
      Int64(s.time))
  }

  public static func gruResetBeforeForwardCandidate(
    _ s: ForwardStep<Double>, hiddenSize: Int, bias: UnsafePointer<Double>
  ) {
    kernels.gru_before_forward_candidate_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, bias, s.previousHidden, s.hidden,
      s.lengths64, Int64(s.time))
  }

  public static func gruResetBeforeBackwardCandidate(
    _ s: BackwardStep<Double>, hiddenSize: Int
  ) {
    kernels.gru_before_backward_candidate_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, s.dOutput, s.dHidden,
      s.lengths64,
      Int64(s.time))
  }

  public static func gruResetBeforeBackwardReset(
    _ s: BackwardStep<Double>, hiddenSize: Int, dProduct: UnsafePointer<Double>
  ) {
    kernels.gru_before_backward_reset_f64(
      s.batch, hiddenSize, s.firstUnit, s.endUnit, s.gates, s.previousHidden, dProduct, s.dHidden,
      s.lengths64,
      Int64(s.time))
  }
}
