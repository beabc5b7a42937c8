import Autodiff
import LinAlg

/// A question of the form: `a` is to `b` as `c` is to whom? Man to king as woman to queen.
public struct WordAnalogy: Sendable, Hashable {
  /// What the pair starts from: man.
  public var a: Token
  /// What it leads to: king.
  public var b: Token
  /// What the second pair starts from: woman.
  public var c: Token

  /// The question where `c` leads, if `a` leads to `b`.
  public init(_ a: Token, isTo b: Token, as c: Token) {
    self.a = a
    self.b = b
    self.c = c
  }
}

extension WordNeighbors {
  /// How the three cosines of an analogy are joined; all vectors are at length one.
  public enum AnalogyRule: String, Sendable, Hashable, CaseIterable {
    /// `cos(d, b) − cos(d, a) + cos(d, c)`: 3CosAdd (Mikolov et al. 2013).
    case sum
    /// `s(d, b)·s(d, c) / (s(d, a) + 0.001)` with `s = (1 + cos) / 2`: 3CosMul (Levy & Goldberg 2014), in
    /// which no large cosine outweighs the others.
    case product
  }

  /// The symbols that complete each analogy best; its own three are not among them.
  ///
  /// - Parameters:
  ///   - analogies: the questions.
  ///   - rule: how cosines are joined.
  ///   - count: how many symbols for each.
  /// - Precondition: every token is in the vocabulary, and `count` is not negative.
  public func answers(
    to analogies: [WordAnalogy], by rule: AnalogyRule = .sum, count: Int = 1
  ) -> [[Neighbor]] {
    func rows(_ tokens: [Token]) -> Matrix<Scalar> {
      var rows = Matrix<Scalar>(uninitializedRows: tokens.count, columns: units.columns)
      rows.gather(tokens, from: units)
      return rows
    }
    let (a, b, c) = (
      rows(analogies.map(\.a)), rows(analogies.map(\.b)), rows(analogies.map(\.c))
    )
    func excluded(_ i: Int) -> [Token] { [analogies[i].a, analogies[i].b, analogies[i].c] }
    switch rule {
    case .sum:
      let wanted = b - a + c
      return answers(questions: analogies.count, count: count, excluding: excluded) {
        range, scores in
        BLAS.gemm(wanted[rows: range], units.transposed, into: &scores)
      }
    case .product:
      return answers(questions: analogies.count, count: count, excluding: excluded) {
        range, scores in
        BLAS.gemm(b[rows: range], units.transposed, into: &scores)
        var (from, to) = (scores, scores)
        BLAS.gemm(a[rows: range], units.transposed, into: &from)
        BLAS.gemm(c[rows: range], units.transposed, into: &to)
        multiply(&scores, by: to, over: from)
      }
    }
  }
}

/// `x ← s(x)·s(y) / (s(z) + 0.001)` with `s(x) = (1 + x) / 2`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func multiply<Scalar: LinAlgScalar>(
  _ x: inout Matrix<Scalar>, by y: Matrix<Scalar>, over z: Matrix<Scalar>
) {
  x.withUnsafeMutableBufferPointer { x in
    y.withUnsafeBufferPointer { y in
      z.withUnsafeBufferPointer { z in
        for i in x.indices {
          let (a, b, c): (Scalar, Scalar, Scalar) = (1 + x[i], 1 + y[i], 1 + z[i])
          x[i] = a * b / (2 * c + Scalar(0.004))
        }
      }
    }
  }
}
