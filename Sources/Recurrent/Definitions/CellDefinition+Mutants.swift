// The three best cells that the search of Jozefowicz, Zaremba and Sutskever (2015) found. In two of
// them the input meets the units without a projection: give the layer as many features as units, or
// ask for a projection.

extension CellDefinition {
  /// MUT1 of Jozefowicz et al. (2015):
  /// ```
  /// z = σ(W_z·x + b_z)              r = σ(W_r·x + U_r·h + b_r)
  /// h ← tanh(U_h·(r ⊙ h) + tanh(x) + b_h) ⊙ z + h ⊙ (1 − z)
  /// ```
  ///
  /// - Parameter projectingInput: whether `x` in `tanh(x)` is `W_x·x`, so that `D` need not be `H`.
  public static func mut1(projectingInput: Bool = false) -> CellDefinition {
    mutant(
      "mut1", z: Projection("W_z")(.x) + .perUnit("b_z"), r: preActivation("_r"),
      fromInput: tanh(input(projectingInput)))
  }

  /// MUT2 of Jozefowicz et al. (2015):
  /// ```
  /// z = σ(W_z·x + U_z·h + b_z)      r = σ(x + U_r·h + b_r)
  /// h ← tanh(U_h·(r ⊙ h) + W_h·x + b_h) ⊙ z + h ⊙ (1 − z)
  /// ```
  ///
  /// - Parameter projectingInput: whether `x` in `r` is `W_x·x`, so that `D` need not be `H`.
  public static func mut2(projectingInput: Bool = false) -> CellDefinition {
    mutant(
      "mut2", z: preActivation("_z"),
      r: input(projectingInput) + Projection("U_r")(.state("h")) + .perUnit("b_r"),
      fromInput: Projection("W_h")(.x))
  }

  /// MUT3 of Jozefowicz et al. (2015):
  /// ```
  /// z = σ(W_z·x + U_z·tanh(h) + b_z)  r = σ(W_r·x + U_r·h + b_r)
  /// h ← tanh(U_h·(r ⊙ h) + W_h·x + b_h) ⊙ z + h ⊙ (1 − z)
  /// ```
  public static var mut3: CellDefinition {
    mutant(
      "mut3",
      z: Projection("W_z")(.x) + Projection("U_z")(tanh(CellExpression.state("h")))
        + .perUnit("b_z"),
      r: preActivation("_r"), fromInput: Projection("W_h")(.x))
  }

  /// `W·x + U·h + b`.
  private static func preActivation(_ suffix: String) -> CellExpression {
    Projection("W" + suffix)(.x) + Projection("U" + suffix)(.state("h")) + .perUnit("b" + suffix)
  }

  private static func input(_ projecting: Bool) -> CellExpression {
    projecting ? Projection("W_x")(.x) : .x
  }

  private static func mutant(
    _ name: String, z: CellExpression, r: CellExpression, fromInput: CellExpression
  ) -> CellDefinition {
    let h = CellExpression.state("h")
    let (z, r) = (sigmoid(z).named("z"), sigmoid(r).named("r"))
    let n = tanh(Projection("U_h")(r * h) + fromInput + .perUnit("b_h")).named("n")
    return CellDefinition(shipped: name, states: ["h": (n * z + h * (1 - z)).named("h_next")])
  }
}
