extension CellDefinition {
  /// The gated recurrent unit with the reset gate behind the product, ``GRUVariant/resetAfter``:
  /// `n = tanh(Wₙ·x + bₙ + r ⊙ (Uₙ·h + b_hn))`.
  public static var gruResetAfter: CellDefinition {
    let (r, h) = (gate("r"), CellExpression.state("h"))
    let recurrent = Projection("U_n")(h) + .perUnit("b_hn")
    let n = tanh(Projection("W_n")(.x) + .perUnit("b_n") + r * recurrent).named("n")
    return gru("gru-reset-after", candidate: n)
  }

  /// The gated recurrent unit of Cho et al. (2014), ``GRUVariant/resetBefore``:
  /// `n = tanh(Wₙ·x + Uₙ·(r ⊙ h) + bₙ)`.
  public static var gruResetBefore: CellDefinition {
    let reset = gate("r") * CellExpression.state("h")
    let n = tanh(Projection("W_n")(.x) + Projection("U_n")(reset) + .perUnit("b_n")).named("n")
    return gru("gru-reset-before", candidate: n)
  }

  /// The gated recurrent unit as some lecture notes print it: the candidate is `r ⊙ tanh(h[t−1])`, with no
  /// input and no product, so that inputs act through the gates alone.
  ///
  /// No framework has this cell, and with a state of zeros it stays there. It is here for courses
  /// that use it; for anything else take ``gruResetAfter``.
  public static var gruLectureNotes: CellDefinition {
    gru(
      "gru-lecture-notes",
      candidate: (gate("r") * tanh(CellExpression.state("h"))).named("n"))
  }

  private static func gru(_ name: String, candidate n: CellExpression) -> CellDefinition {
    let z = gate("z")
    return CellDefinition(
      shipped: name,
      states: ["h": ((1 - z) * n + z * CellExpression.state("h")).named("h_next")])
  }

  private static func gate(_ letter: String) -> CellExpression {
    sigmoid(preActivation("_" + letter)).named(letter)
  }
}
