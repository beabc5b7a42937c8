import LinAlg

/// The variants of the simple recurrent network of Elman (1990), `h = tanh(W·x + U·h[t−1] + b)`, all of
/// which can be combined. Plain options are the cell of ``SimpleRNN``.
public struct RNNOptions: Hashable, Codable, Sendable {
  /// The activation.
  public var activation = GateActivation.tanh
  /// Limits; there is no cell state, so ``Clipping/cell`` is refused.
  public var clipping = Clipping()
  /// Random changes; there is no cell state, so ``Regularization/zoneoutCell`` is refused.
  public var regularization = Regularization()

  /// The plain simple recurrent network.
  public init() {}

  /// The cell that the options describe.
  ///
  /// - Throws: which number is wrong.
  public func definition() throws(LayerOptionsError) -> CellDefinition {
    try activation.validate("activation")
    try clipping.validateWithoutCell()
    try regularization.validateWithoutCell()
    let h = CellExpression.state("h")
    let sum = Projection("W")(.x) + Projection("U")(regularization.dropped(h)) + .perUnit("b")
    let next = regularization.candidate(activation(clipping.limited(sum)))
    return CellDefinition(
      shipped: "elman",
      states: ["h": regularization.zoned(next, h, "zone_h", regularization.zoneoutHidden)])
  }
}

extension RNNOptions: LayerOptions {}
