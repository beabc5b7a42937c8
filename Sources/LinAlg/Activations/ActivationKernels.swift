/// The activations of one scalar type, on contiguous storage and raw pointers.
///
/// These are the unchecked primitives below ``Activation`` and ``RowActivation``: the caller vouches
/// for counts. An output may be the same memory as an input, and must not overlap it otherwise.
public protocol ActivationKernels {
  /// `y[i] = f(x[i])` for `count` elements.
  static func apply(
    _ activation: Activation, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    count: Int)

  /// `dx[i] = dy[i]·f'(x[i])` for `count` elements, with `f'` from `y[i] = f(x[i])`.
  static func applyDerivative(
    _ activation: Activation, output y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, count: Int)

  /// Softmax or its logarithm in each row of a contiguous `[rows, columns]` matrix.
  static func apply(
    _ activation: RowActivation, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int)

  /// The gradient of the rows of `x` from that of `y`, each `[rows, columns]` and contiguous.
  static func applyDerivative(
    _ activation: RowActivation, output y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, rows: Int, columns: Int)

  /// `y[i] = log x[i]` for `count` elements; `-∞` for zeros, NaN for negative numbers.
  static func log(
    _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>, count: Int)

  /// `dx[i] = dy[i] / x[i]`, the derivative of the logarithm, for `count` elements.
  static func applyLogDerivative(
    input x: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, count: Int)
}
