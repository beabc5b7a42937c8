internal import CKernels

// The unchecked primitives below `Activation` and `RowActivation`, on contiguous storage and raw
// pointers: the caller vouches for counts. An output may be the same memory as an input, and must not
// overlap it otherwise.
extension LinAlgScalar {
  /// `y[i] = f(x[i])` for `count` elements.
  public static func apply(
    _ activation: Activation, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    count: Int
  ) {
    let f = activation.form
    ck_activation_of(kernels.table, f.function).value(x, y, count, f.alpha ?? 0, f.beta ?? 0)
  }

  /// `dx[i] = dy[i]·f'(x[i])` for `count` elements, with `f'` from `y[i] = f(x[i])`.
  public static func applyDerivative(
    _ activation: Activation, output y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, count: Int
  ) {
    let f = activation.form
    ck_activation_of(kernels.table, f.function)
      .gradient(y, dy, dx, count, f.alpha ?? 0, f.beta ?? 0)
  }

  /// Softmax or its logarithm in each row of a contiguous `[rows, columns]` matrix.
  public static func apply(
    _ activation: RowActivation, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int
  ) {
    let table = kernels.table
    switch activation {
    case .softmax: table.pointee.softmax_rows(x, y, rows, columns)
    case .logSoftmax: table.pointee.log_softmax_rows(x, y, rows, columns)
    }
  }

  /// The gradient of the rows of `x` from that of `y`, each `[rows, columns]` and contiguous.
  public static func applyDerivative(
    _ activation: RowActivation, output y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, rows: Int, columns: Int
  ) {
    let table = kernels.table
    switch activation {
    case .softmax: table.pointee.softmax_rows_backward(y, dy, dx, rows, columns)
    case .logSoftmax: table.pointee.log_softmax_rows_backward(y, dy, dx, rows, columns)
    }
  }

  /// `y[i] = log x[i]` for `count` elements; `-∞` for zeros, NaN for negative numbers.
  public static func log(
    _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>, count: Int
  ) {
    kernels.table.pointee.log(x, y, count)
  }

  /// `dx[i] = dy[i] / x[i]`, the derivative of the logarithm, for `count` elements.
  public static func applyLogDerivative(
    input x: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    into dx: UnsafeMutablePointer<Self>, count: Int
  ) {
    kernels.table.pointee.log_backward(x, dy, dx, count)
  }
}
