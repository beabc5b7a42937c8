import LinAlg

extension CellDefinition {
  /// A gate that an ``lstm(without:forgetBias:)`` can do without; it is then always open.
  public enum RemovableGate: String, Sendable, Hashable, Codable, CaseIterable {
    /// `i`, which scales the candidate.
    case input
    /// `f`, which scales the old cell state.
    case forget
    /// `o`, which scales what the cell shows.
    case output
  }

  /// The simple recurrent network of Elman (1990): `h ← tanh(W·x + U·h + b)`, or with another
  /// activation.
  public static func elman(activation: Activation = .tanh) -> CellDefinition {
    CellDefinition(
      shipped: "elman",
      states: ["h": preActivation("").activated(by: activation).named("h_next")])
  }

  /// The long short-term memory of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et
  /// al. (2000): ``LSTM`` as a definition.
  public static func lstm(forgetBias: Double = 1) -> CellDefinition {
    gated("lstm", forgetBias: forgetBias)
  }

  /// The LSTM without one of its gates: Jozefowicz et al. (2015) and Greff et al. (2017) compare them.
  public static func lstm(without gate: RemovableGate, forgetBias: Double = 1) -> CellDefinition {
    gated("lstm-without-\(gate.rawValue)-gate", forgetBias: forgetBias, without: gate)
  }

  /// The LSTM whose input gate is `i = 1 − f`: it forgets as much as it takes in (Greff et al. 2017).
  public static func coupledLSTM(forgetBias: Double = 1) -> CellDefinition {
    gated("lstm-coupled", forgetBias: forgetBias, coupled: true)
  }

  /// The LSTM whose gates see the cell state through diagonal weights (Gers et al. 2002): `i` and `f`
  /// see `c[t−1]`, `o` sees `c[t]`.
  public static func peepholeLSTM(forgetBias: Double = 1) -> CellDefinition {
    gated("lstm-peephole", forgetBias: forgetBias, peepholes: true)
  }

  /// The LSTM whose output is projected, `h ← Wₚ(o ⊙ tanh c)` (Sak et al. 2014), here to as many units as
  /// the cell has.
  public static func projectedLSTM(forgetBias: Double = 1) -> CellDefinition {
    gated("lstm-projected", forgetBias: forgetBias, projected: true)
  }

  private static func gated(
    _ name: String, forgetBias: Double, without missing: RemovableGate? = nil,
    coupled: Bool = false,
    peepholes: Bool = false, projected: Bool = false
  ) -> CellDefinition {
    let c = CellExpression.state("c")
    func gate(_ letter: String, sees cell: CellExpression, bias: Double = 0) -> CellExpression {
      var sum = preActivation("_" + letter, initialBias: bias)
      if peepholes { sum = sum + .perUnit("p_" + letter) * cell }
      return sigmoid(sum).named(letter)
    }
    let f = missing == .forget ? nil : gate("f", sees: c, bias: forgetBias)
    var i = missing == .input ? nil : coupled ? nil : gate("i", sees: c)
    if coupled, let f { i = (1 - f).named("i") }
    let g = tanh(preActivation("_g")).named("g")
    let kept = f.map { $0 * c } ?? c
    let next = (kept + (i.map { $0 * g } ?? g)).named("c_next")
    let o = missing == .output ? nil : gate("o", sees: next)
    let shown = o.map { $0 * tanh(next) } ?? tanh(next)
    let h = projected ? Projection("W_p")(shown) : shown.named("h_next")
    return CellDefinition(shipped: name, states: ["h": h, "c": next])
  }

  /// `W·x + U·h + b`.
  static func preActivation(
    _ suffix: String, initialBias: Double = 0, bias: Bool = true
  ) -> CellExpression {
    let sum =
      Projection("W" + suffix)(.x) + Projection("U" + suffix)(.state("h"))
    return bias ? sum + .perUnit("b" + suffix, initial: initialBias) : sum
  }
}
