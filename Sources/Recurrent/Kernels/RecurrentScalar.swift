import LinAlg

/// A scalar type that recurrent cells compute with: `Float` or `Double`.
///
/// Each requirement is the pointwise part of a whole step for a whole batch, as one C kernel; the
/// equations stand with the cells and in `Sources/CKernels/include/cell_kernels.inc`.
public protocol RecurrentScalar: LinAlgScalar, PackedProducts {
  /// `sums [columns] += Σ x`, over the rows of `x [rows, columns]`; each sum is the same in whatever
  /// range of columns it is computed.
  static func addColumnSums(
    rows: Int, columns: Int, of x: UnsafePointer<Self>, ld: Int, to sums: UnsafeMutablePointer<Self>
  )

  /// `y = a + b`, `(a + b)/2` or `a∘b`; `y` may be `a` or `b`.
  static func combine(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, by operation: PairOperation,
    into y: UnsafeMutablePointer<Self>, count: Int)

  /// `h = act(a + b)`.
  static func simpleRNNForward(
    _ step: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>,
    activation: RNNActivation)

  /// `da = (dy + dh) ∘ act′(a + b)`.
  static func simpleRNNBackward(
    _ step: BackwardStep<Self>, hiddenSize: Int,
    activation: RNNActivation)

  /// Gates i f g o, then `c = f∘c + i∘g`, `h = o∘tanh c`.
  static func lstmForward(
    _ step: ForwardStep<Self>, cell: UnsafeMutablePointer<Self>, hiddenSize: Int,
    bias: UnsafePointer<Self>)

  /// The gradients of the four pre-activations and of `c[t−1]`.
  static func lstmBackward(
    _ step: BackwardStep<Self>, cell: UnsafePointer<Self>, dCell: UnsafeMutablePointer<Self>,
    hiddenSize: Int)

  /// Gates r z, then `n = tanh(a + b + r∘q)`, `h = (1 − z)∘n + z∘h`.
  static func gruResetAfterForward(
    _ step: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>)

  /// The gradients of r, z, q and n.
  static func gruResetAfterBackward(
    _ step: BackwardStep<Self>, hiddenSize: Int)

  /// Gates r z and `m = r∘h`.
  static func gruResetBeforeForwardReset(
    _ step: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>)

  /// `n = tanh(a + b)`, `h = (1 − z)∘n + z∘h`.
  static func gruResetBeforeForwardCandidate(
    _ step: ForwardStep<Self>, hiddenSize: Int, bias: UnsafePointer<Self>)

  /// The gradients of z and n.
  static func gruResetBeforeBackwardCandidate(
    _ step: BackwardStep<Self>, hiddenSize: Int)

  /// The gradient of r from that of `m`.
  static func gruResetBeforeBackwardReset(
    _ step: BackwardStep<Self>, hiddenSize: Int, dProduct: UnsafePointer<Self>)
}

/// What becomes of two numbers.
public enum PairOperation: Sendable, Hashable {
  /// `a + b`.
  case sum
  /// `(a + b)/2`.
  case mean
  /// `a·b`.
  case product
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
private func asInt64(_ pointer: UnsafePointer<Int>) -> UnsafePointer<Int64> {
  UnsafeRawPointer(pointer).assumingMemoryBound(to: Int64.self)
}
