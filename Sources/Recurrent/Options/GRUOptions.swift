import LinAlg

/// The variants of the gated recurrent unit, all of which can be combined.
///
/// ```
/// r = σ(W_r·x + U_r·h[t−1] + b_r)     z = σ(…)     h = (1 − z) ⊙ n + z ⊙ h[t−1]
/// ```
///
/// Give them to a ``GRU``.
public struct GRUOptions: Hashable, Codable, Sendable {
  /// What the candidate `n` is.
  public enum Candidate: String, Hashable, Codable, Sendable, CaseIterable {
    /// `tanh(W_n·x + b_n + r ⊙ (U_n·h[t−1] + b_hn))`: cuDNN, PyTorch.
    case resetAfter
    /// `tanh(W_n·x + b_n + U_n·(r ⊙ h[t−1]))`: Cho et al. (2014).
    case resetBefore
    /// `r ⊙ tanh(h[t−1])`, with no input and no product, as some lecture notes print it.
    case lectureNotes
  }

  /// What the candidate is.
  public var candidate = Candidate.resetAfter
  /// The activation of `r`.
  public var resetGate = GateActivation.sigmoid
  /// The activation of `z`.
  public var updateGate = GateActivation.sigmoid
  /// The activation of `n`.
  public var candidateActivation = GateActivation.tanh
  /// Limits; a GRU has no cell state, so ``Clipping/cell`` is refused.
  public var clipping = Clipping()
  /// Random changes; a GRU has no cell state, so ``Regularization/zoneoutCell`` is refused.
  public var regularization = Regularization()
  /// Layer normalization.
  public var normalization = LayerNormalization.none

  /// The plain GRU.
  public init() {}

  /// The plain GRU with a candidate.
  public init(candidate: Candidate) { self.candidate = candidate }

  /// The cell that the options describe.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  public func definition() throws(LayerOptionsError) -> CellDefinition {
    try validate()
    let h = CellExpression.state("h")
    let seen = regularization.dropped(h)
    let sums = PreActivations(
      clipping: clipping, regularization: regularization, normalization: normalization)
    func gate(_ letter: String, _ activation: GateActivation) -> CellExpression {
      activation(sums.gate(letter, seen)).named(letter)
    }
    let (r, z) = (gate("r", resetGate), gate("z", updateGate))
    let n: CellExpression
    switch candidate {
    case .resetAfter:
      let recurrent = sums.recurrent("_n", seen) + .perUnit("b_hn")
      n = candidateActivation(sums.finished(sums.input("_n") + r * recurrent, "_n"))
    case .resetBefore:
      n = candidateActivation(
        sums.finished(sums.input("_n") + sums.recurrent("_n", r * seen), "_n"))
    case .lectureNotes: n = r * candidateActivation(h)
    }
    let next = (1 - z) * regularization.candidate(n.named("n")) + z * h
    return CellDefinition(
      shipped: "gru",
      states: ["h": regularization.zoned(next, h, "zone_h", regularization.zoneoutHidden)])
  }

  private func validate() throws(LayerOptionsError) {
    try resetGate.validate("resetGate")
    try updateGate.validate("updateGate")
    try candidateActivation.validate("candidateActivation")
    try clipping.validateWithoutCell()
    try regularization.validateWithoutCell()
    try normalization.validate()
  }
}

extension GRUOptions: LayerOptions {}
