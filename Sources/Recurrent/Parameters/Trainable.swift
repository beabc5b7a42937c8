import LinAlg

/// What has parameters: a layer, an embedding, an affine map.
public protocol Trainable<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar
  /// The trainable numbers; also the type of their gradients.
  associatedtype Parameters: ParameterSet<Scalar>

  /// The trainable numbers.
  var parameters: Parameters { get set }
}
