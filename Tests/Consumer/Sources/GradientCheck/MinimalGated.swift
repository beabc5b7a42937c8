import LinAlg
import Recurrent

/// Options of somebody else's: the minimal gated unit (Zhou et al. 2016), whose gate both forgets and
/// resets.
///
/// ```
/// f = σ(W_f·x + U_f·h[t−1] + b_f)     h = (1 − f) ⊙ h[t−1] + f ⊙ tanh(W_h·x + U_h·(f ⊙ h[t−1]) + b_h)
/// ```
struct MinimalGatedOptions: LayerOptions {
  /// What `b_f` of a fresh layer is.
  var gateBias = 0.0

  func definition() throws(LayerOptionsError) -> CellDefinition {
    guard gateBias.isFinite else { throw .notFinite("gateBias") }
    let (x, h) = (CellExpression.x, CellExpression.state("h"))
    let f = sigmoid(
      Projection("W_f")(x) + Projection("U_f")(h) + .perUnit("b_f", initial: gateBias))
    let candidate = tanh(
      Projection("W_h", bias: true)(x) + Projection("U_h")(f.named("f") * h))
    do {
      return try CellDefinition("minimal-gated", states: ["h": (1 - f) * h + f * candidate])
    } catch {
      throw .cell(error)
    }
  }
}
