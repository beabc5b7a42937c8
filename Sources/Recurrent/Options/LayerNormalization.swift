import LinAlg

/// Layer normalization inside a cell (Ba et al. 2016): over the units of each sequence,
/// `LN(a) = γ ⊙ (a − mean a) / √(variance of a + ε)`.
///
/// The gains `γ` are parameters named after what they scale and start with 1; the biases of the cell are
/// those of the normalization. Connections from the memory into the gates are added behind it. In an
/// LSTM it also normalizes the cell state on its way to the output, with `gain_c` and `b_c`.
public enum LayerNormalization: Hashable, Codable, Sendable {
  /// No normalization.
  case none
  /// Each sum before an activation as a whole: `LN(W·x + U·h) + b` with one gain, such as `gain_i`.
  case sums(epsilon: Double = 1e-5)
  /// Each product by itself, as in the paper: `LN(W·x) + LN(U·h) + b` with a gain for each, such as
  /// `gain_W_i` and `gain_U_i`.
  case products(epsilon: Double = 1e-5)

  var epsilon: Double? {
    switch self {
    case .none: nil
    case .sums(let epsilon), .products(let epsilon): epsilon
    }
  }

  /// `LN` of a sum.
  func sum(_ value: CellExpression, _ letter: String) -> CellExpression {
    guard case .sums(let epsilon) = self else { return value }
    return .perUnit("gain_" + letter, initial: 1) * value.standardized(epsilon: epsilon)
  }

  /// `LN` of a product with the weights of that name.
  func product(_ value: CellExpression, _ weights: String) -> CellExpression {
    guard case .products(let epsilon) = self else { return value }
    return .perUnit("gain_" + weights, initial: 1) * value.standardized(epsilon: epsilon)
  }

  /// `LN` of the cell state on its way to the output.
  func cell(_ value: CellExpression) -> CellExpression {
    guard let epsilon else { return value }
    return .perUnit("gain_c", initial: 1) * value.standardized(epsilon: epsilon) + .perUnit("b_c")
  }

  func validate() throws(LayerOptionsError) {
    guard let epsilon else { return }
    guard epsilon.isFinite else { throw .notFinite("normalization.epsilon") }
    guard epsilon > 0 else { throw .notPositive("normalization.epsilon") }
  }
}

/// The sums before the activations, as all options together make them.
struct PreActivations {
  let clipping: Clipping
  let regularization: Regularization
  let normalization: LayerNormalization

  /// `W·x`.
  func input(_ suffix: String) -> CellExpression {
    normalization.product(Projection("W" + suffix)(.x), "W" + suffix)
  }

  /// `U·h` for what the products see of `h`.
  func recurrent(_ suffix: String, _ h: CellExpression) -> CellExpression {
    normalization.product(
      Projection("U" + suffix, form: regularization.recurrentForm)(h), "U" + suffix)
  }

  /// The sum of products, normalized, with bias and what reaches it from the memory, within its limits.
  func finished(
    _ products: CellExpression, _ suffix: String, bias: Double = 0, memory: CellExpression? = nil
  ) -> CellExpression {
    let letter = suffix.isEmpty ? "h" : String(suffix.dropFirst())
    var sum = normalization.sum(products, letter) + .perUnit("b" + suffix, initial: bias)
    if let memory { sum = sum + memory }
    return clipping.limited(sum)
  }

  /// `W·x + U·h + b` and what reaches it from the memory.
  func gate(
    _ letter: String, _ h: CellExpression, bias: Double = 0, memory: CellExpression? = nil
  ) -> CellExpression {
    let suffix = letter.isEmpty ? "" : "_" + letter
    return finished(input(suffix) + recurrent(suffix, h), suffix, bias: bias, memory: memory)
  }
}
