import LinAlg
import Recurrent

/// Layer normalisation of the features of every row (Ba et al. 2016).
///
/// ```
/// y = gain∘(x − mean x) / √(variance x + ε) + bias
/// ```
/// with the mean and the (biased) variance over the features of the row.
public struct LayerNorm<Scalar: RecurrentScalar>: Trainable {
  /// `gain` and `bias`, one number for each feature.
  public var parameters: LayerNormParameters<Scalar>
  /// `ε`.
  public let epsilon: Double

  /// A normalisation of `features` features, with gains of 1 and biases of 0.
  public init(features: Int, epsilon: Double = 1e-5) {
    require(features > 0, "LayerNorm: \(features) features")
    require(epsilon > 0, "LayerNorm: epsilon \(epsilon) is not positive")
    parameters = LayerNormParameters(features: features)
    self.epsilon = epsilon
  }
}

/// The parameters of a ``LayerNorm``: `gain [1, F]` and `bias [1, F]`.
public struct LayerNormParameters<Scalar: RecurrentScalar>: LayerParameters {
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>
  private let layout: ParameterLayout

  init(features: Int) {
    layout = ParameterLayout([
      ParameterSpec("gain", rows: 1, columns: features),
      ParameterSpec("bias", rows: 1, columns: features),
    ])
    block = ParameterBlock(layout)
    block.withUnsafeMutableBufferPointer { $0[..<features].update(repeating: 1) }
  }

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  var features: Int { layout.specs[0].columns }

  func checkLayout() { block.checkLayout(matches: layout, "parameters of the normalisation") }
}
