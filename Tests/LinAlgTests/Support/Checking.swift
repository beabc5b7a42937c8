import LinAlg

/// Compares a computed matrix with its definition, element by element, within the rounding that the
/// definition itself allows.
///
/// A sum of `terms` products may err by `γ·Σ|terms|` with `γ ≈ terms·ε` whatever the order of
/// summation (Higham, *Accuracy and Stability of Numerical Algorithms*, §3.1). `exact` computes the
/// value in Double and `magnitude` the same sum over absolute values. Twice `γ`, because for Double
/// the definition's own loop errs as much, and four terms more for α, β and the final rounding.
///
/// - Returns: what is wrong with the first element that is outside, `nil` if none is.
func mismatch<S: LinAlgScalar>(
  _ computed: borrowing some MatrixOperand<S> & ~Copyable, terms: Int,
  exact: (Int, Int) -> Double, magnitude: (Int, Int) -> Double
) -> String? {
  let tolerance = 2 * Double(terms + 4) * Double(S.ulpOfOne)
  return computed.withUnsafeElements { c in
    for i in 0..<c.rows {
      for j in 0..<c.columns {
        let value = Double(c[i, j])
        let expected = exact(i, j)
        let allowed = tolerance * magnitude(i, j)
        if !(abs(value - expected) <= allowed) {
          return "[\(i), \(j)] is \(value), not \(expected) ± \(allowed)"
        }
      }
    }
    return nil
  }
}

/// The same for a vector.
func mismatch<S: LinAlgScalar>(
  _ computed: Vector<S>, terms: Int, exact: (Int) -> Double, magnitude: (Int) -> Double
) -> String? {
  mismatch(
    computed.view.asColumn, terms: terms, exact: { i, _ in exact(i) },
    magnitude: { i, _ in magnitude(i) })
}

/// The elements of a random test matrix.
func random<S: LinAlgScalar>(
  _ rows: Int, _ columns: Int, _ rng: inout SeededGenerator
) -> Matrix<S> {
  .uniform(rows: rows, columns: columns, in: -1..<1, using: &rng)
}

func random<S: LinAlgScalar>(count: Int, _ rng: inout SeededGenerator) -> Vector<S> {
  Vector(Matrix<S>.uniform(rows: 1, columns: count, in: -1..<1, using: &rng).flattened)
}

/// `Σ term(i)` over `0..<count`, in Double.
func sum(_ count: Int, _ term: (Int) -> Double) -> Double {
  var total = 0.0
  for i in 0..<count { total += term(i) }
  return total
}

/// Element `(i, j)` of the symmetric matrix of which one triangle of `a` is given, in Double.
func symmetric<S>(_ a: Matrix<S>, _ triangle: Triangle, _ i: Int, _ j: Int) -> Double {
  let isStored = triangle == .upper ? i <= j : i >= j
  return Double(isStored ? a[i, j] : a[j, i])
}

/// Element `(i, j)` of the triangular matrix that `a` holds, in Double.
func triangular<S>(
  _ a: Matrix<S>, _ triangle: Triangle, _ diagonal: Diagonal, _ i: Int, _ j: Int
) -> Double {
  if i == j { return diagonal == .unit ? 1 : Double(a[i, j]) }
  return (triangle == .upper ? i < j : i > j) ? Double(a[i, j]) : 0
}
