internal import CKernels

// Documented by the protocol's requirements.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension Double: ActivationKernels {
  public static func apply(
    _ activation: Activation, _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    let kernels = InstructionSet.kernels
    switch activation {
    case .identity: y.update(from: x, count: count)
    case .tanh: kernels.pointee.tanh_f64(x, y, count)
    case .sigmoid: kernels.pointee.sigmoid_f64(x, y, count)
    case .relu: kernels.pointee.relu_f64(x, y, count)
    case .leakyRelu(let alpha): kernels.pointee.leaky_relu_f64(x, y, count, Double(alpha))
    case .elu(let alpha): kernels.pointee.elu_f64(x, y, count, Double(alpha))
    case .softplus: kernels.pointee.softplus_f64(x, y, count)
    case .softsign: kernels.pointee.softsign_f64(x, y, count)
    case .hardSigmoid(let alpha, let beta):
      kernels.pointee.hard_sigmoid_f64(x, y, count, Double(alpha), Double(beta))
    case .exp: kernels.pointee.exp_f64(x, y, count)
    }
  }

  public static func applyDerivative(
    _ activation: Activation, output y: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    into dx: UnsafeMutablePointer<Double>, count: Int
  ) {
    let kernels = InstructionSet.kernels
    switch activation {
    case .identity: dx.update(from: dy, count: count)
    case .tanh: kernels.pointee.tanh_backward_f64(y, dy, dx, count)
    case .sigmoid: kernels.pointee.sigmoid_backward_f64(y, dy, dx, count)
    case .relu: kernels.pointee.relu_backward_f64(y, dy, dx, count)
    case .leakyRelu(let alpha):
      kernels.pointee.leaky_relu_backward_f64(y, dy, dx, count, Double(alpha))
    case .elu(let alpha): kernels.pointee.elu_backward_f64(y, dy, dx, count, Double(alpha))
    case .softplus: kernels.pointee.softplus_backward_f64(y, dy, dx, count)
    case .softsign: kernels.pointee.softsign_backward_f64(y, dy, dx, count)
    case .hardSigmoid(let alpha, _):
      kernels.pointee.hard_sigmoid_backward_f64(y, dy, dx, count, Double(alpha))
    case .exp: kernels.pointee.exp_backward_f64(y, dy, dx, count)
    }
  }

  public static func apply(
    _ activation: RowActivation, _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>,
    rows: Int, columns: Int
  ) {
    let kernels = InstructionSet.kernels
    switch activation {
    case .softmax: kernels.pointee.softmax_rows_f64(x, y, rows, columns)
    case .logSoftmax: kernels.pointee.log_softmax_rows_f64(x, y, rows, columns)
    }
  }

  public static func applyDerivative(
    _ activation: RowActivation, output y: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    into dx: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    let kernels = InstructionSet.kernels
    switch activation {
    case .softmax: kernels.pointee.softmax_rows_backward_f64(y, dy, dx, rows, columns)
    case .logSoftmax: kernels.pointee.log_softmax_rows_backward_f64(y, dy, dx, rows, columns)
    }
  }

  public static func log(
    _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>, count: Int
  ) {
    InstructionSet.kernels.pointee.log_f64(x, y, count)
  }

  public static func applyLogDerivative(
    input x: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    into dx: UnsafeMutablePointer<Double>, count: Int
  ) {
    InstructionSet.kernels.pointee.log_backward_f64(x, dy, dx, count)
  }
}
