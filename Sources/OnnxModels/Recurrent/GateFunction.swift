import LinAlg
import Recurrent

/// An activation of ONNX's recurrent operators with its coefficients, whatever their signs.
struct GateFunction: Hashable, Sendable {
  private enum Name: String {
    case relu, tanh, sigmoid, affine, leakyrelu, thresholdedrelu, scaledtanh, hardsigmoid, elu
    case softsign, softplus
  }

  private let name: Name
  private let alpha: Double
  private let beta: Double

  /// The functions of one node in order. Coefficients are handed out in order, each to the next function
  /// that has one, as ONNX Runtime does; a function for which there is none left takes its usual one.
  static func functions(
    _ names: [String], alphas: [Float], betas: [Float]
  ) throws(OnnxError) -> [GateFunction] {
    var (alphas, betas) = (alphas[...], betas[...])
    var result: [GateFunction] = []
    for given in names {
      guard let name = Name(rawValue: given.lowercased()) else {
        throw OnnxError(.unsupported, "activation '\(given)'")
      }
      let usual: (alpha: Float?, beta: Float?) =
        switch name {
        case .affine: (1, 0)
        case .scaledtanh: (1, 1)
        case .leakyrelu: (0.01, nil)
        case .thresholdedrelu, .elu: (1, nil)
        case .hardsigmoid: (0.2, 0.5)
        default: (nil, nil)
        }
      let alpha = usual.alpha == nil ? 0 : alphas.popFirst() ?? usual.alpha ?? 0
      let beta = usual.beta == nil ? 0 : betas.popFirst() ?? usual.beta ?? 0
      guard alpha.isFinite && beta.isFinite else {
        throw OnnxError(.malformed, "activation '\(given)' with alpha \(alpha) and beta \(beta)")
      }
      result.append(GateFunction(name: name, alpha: Double(alpha), beta: Double(beta)))
    }
    return result
  }

  private init(name: Name, alpha: Double, beta: Double) {
    (self.name, self.alpha, self.beta) = (name, alpha, beta)
  }

  /// The function of a value of a cell.
  func callAsFunction(_ x: CellExpression) -> CellExpression {
    let function: GateActivation =
      switch name {
      case .relu: .relu
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .softsign: .softsign
      case .softplus: .softplus
      case .affine: .affine(alpha: alpha, beta: beta)
      case .thresholdedrelu: .thresholdedRelu(alpha: alpha)
      case .scaledtanh: .scaledTanh(alpha: alpha, beta: beta)
      case .leakyrelu: .leakyRelu(alpha: alpha)
      case .elu: .elu(alpha: alpha)
      case .hardsigmoid: .hardSigmoid(alpha: alpha, beta: beta)
      }
    guard alpha < 0 else { return function(x) }
    // The engine has these with coefficients that are not negative.
    switch name {
    case .leakyrelu: return relu(x) - .constant(alpha) * relu(-x)
    case .elu: return relu(x) + .constant(alpha) * GateActivation.elu(alpha: 1)(-relu(-x))
    case .hardsigmoid:
      return GateActivation.hardSigmoid(alpha: 1, beta: beta)(.constant(alpha) * x)
    default: return function(x)
    }
  }
}
