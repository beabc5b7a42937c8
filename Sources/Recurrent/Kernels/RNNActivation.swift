/// The activations of a plain ``SimpleRNN``.
public enum RNNActivation: String, Sendable, Hashable, Codable, CaseIterable {
  /// The hyperbolic tangent.
  case tanh
  /// `max(·, 0)`.
  case relu
}
