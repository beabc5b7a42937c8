import LinAlg

/// The variants of the simple recurrent network of Elman (1990), `h = tanh(W·x + U·h[t−1] + b)`, all of
/// which can be combined. Give them to a ``SimpleRNN``.
public struct RNNOptions: Hashable, Codable, Sendable {
  /// The activation.
  public var activation = GateActivation.tanh
  /// Limits; there is no cell state, so ``Clipping/cell`` is refused.
  public var clipping = Clipping()
  /// Random changes; there is no cell state, so ``Regularization/zoneoutCell`` is refused.
  public var regularization = Regularization()

  /// Layer normalization.
  public var normalization = LayerNormalization.none

  /// The plain simple recurrent network.
  public init() {}

  /// The plain simple recurrent network with an activation.
  public init(activation: GateActivation) { self.activation = activation }

  /// The cell that the options describe.
  ///
  /// - Throws: which number is wrong.
  public func definition() throws(LayerOptionsError) -> CellDefinition {
    try activation.validate("activation")
    try clipping.validateWithoutCell()
    try regularization.validateWithoutCell()
    try normalization.validate()
    let h = CellExpression.state("h")
    let sums = PreActivations(
      clipping: clipping, regularization: regularization, normalization: normalization)
    let next = regularization.candidate(activation(sums.gate("", regularization.dropped(h))))
    return CellDefinition(
      shipped: "elman",
      states: ["h": regularization.zoned(next, h, "zone_h", regularization.zoneoutHidden)])
  }
}

extension RNNOptions: LayerOptions {}
