import Autodiff
import LinAlg

/// Which symbols are near others: word vectors at length one, whose inner products are cosines.
///
/// Each question is one product with all vectors, and many questions are one product.
public struct WordNeighbors<Scalar: LinAlgScalar>: Sendable {
  /// The symbols.
  public let vocabulary: Vocabulary
  /// The vectors at length one, `[V, D]`; zeros stay zeros.
  let units: Matrix<Scalar>

  /// How many questions are asked in one product.
  static var questionsAtOnce: Int { 64 }

  /// A symbol, and how near it is.
  public struct Neighbor: Sendable, Hashable {
    /// The symbol's token.
    public var token: Token
    /// The symbol.
    public var symbol: String
    /// The cosine between the two vectors, or what an analogy's rule makes of them.
    public var similarity: Double
  }

  /// The neighbors of some vectors.
  public init(_ vectors: WordVectors<Scalar>) {
    vocabulary = vectors.vocabulary
    units = Self.normalized(vectors.vectors)
  }

  /// The symbols nearest to one of them, by cosine; nil where the vocabulary does not have it.
  ///
  /// - Parameters:
  ///   - symbol: is not among its neighbors.
  ///   - count: how many at most.
  public func nearest(to symbol: String, count: Int) -> [Neighbor]? {
    vocabulary.token(of: symbol).flatMap { nearest(to: [$0], count: count).first }
  }

  /// The symbols nearest to each of some tokens, by cosine; no token is among its own.
  ///
  /// - Precondition: every token is in the vocabulary, and `count` is not negative.
  public func nearest(to tokens: [Token], count: Int) -> [[Neighbor]] {
    var rows = Matrix<Scalar>(uninitializedRows: tokens.count, columns: units.columns)
    rows.gather(tokens, from: units)
    return answers(questions: tokens.count, count: count, excluding: { [tokens[$0]] }) {
      range, scores in
      BLAS.gemm(rows[rows: range], units.transposed, into: &scores)
    }
  }

  /// The symbols nearest to each row of a matrix `[n, D]`, by cosine.
  ///
  /// - Precondition: the rows are as wide as the vectors, and `count` is not negative.
  public func nearest(to vectors: Matrix<Scalar>, count: Int) -> [[Neighbor]] {
    require(
      vectors.columns == units.columns,
      "nearest: vectors of \(vectors.columns) features, expected \(units.columns)")
    let rows = Self.normalized(vectors)
    return answers(questions: rows.rows, count: count, excluding: { _ in [] }) { range, scores in
      BLAS.gemm(rows[rows: range], units.transposed, into: &scores)
    }
  }

  /// The rows of a matrix at length one; zeros stay zeros.
  static func normalized(_ vectors: Matrix<Scalar>) -> Matrix<Scalar> {
    var result = vectors
    let D = vectors.columns
    result.withUnsafeMutableBufferPointer { all in
      guard let all = all.baseAddress else { return }
      for i in 0..<vectors.rows {
        let row = all + i * D
        let length = Scalar.nrm2(n: D, x: row, incx: 1)
        if length > 0 { for j in 0..<D { row[j] /= length } }
      }
    }
    return result
  }

  /// The symbols of the largest scores for each question.
  ///
  /// - Parameter score: writes the scores `[n, V]` of a range of questions.
  func answers(
    questions: Int, count: Int, excluding: (Int) -> [Token],
    score: (Range<Int>, inout Matrix<Scalar>) -> Void
  ) -> [[Neighbor]] {
    require(count >= 0, "WordNeighbors: \(count) neighbors")
    let V = units.rows
    var result: [[Neighbor]] = []
    result.reserveCapacity(questions)
    for start in stride(from: 0, to: questions, by: Self.questionsAtOnce) {
      let range = start..<min(questions, start + Self.questionsAtOnce)
      var scores = Matrix<Scalar>(uninitializedRows: range.count, columns: V)
      score(range, &scores)
      scores.withUnsafeMutableBufferPointer { scores in
        for i in range {
          let row = UnsafeMutableBufferPointer(
            rebasing: scores[(i - start) * V..<(i - start + 1) * V])
          for token in excluding(i) { row[Int(token)] = -.infinity }
          result.append(
            largest(row, count: count).map {
              Neighbor(
                token: Token($0), symbol: vocabulary.symbols[$0], similarity: Double(row[$0]))
            })
        }
      }
    }
    return result
  }
}

/// The places of the largest numbers, the largest first, of equal ones the first; −∞ and NaN are none of them.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func largest<Scalar: LinAlgScalar>(
  _ row: UnsafeMutableBufferPointer<Scalar>, count: Int
) -> [Int] {
  var best: [Int] = []
  guard count > 0 else { return best }
  best.reserveCapacity(min(count, row.count) + 1)
  var bound = -Scalar.infinity
  for i in row.indices {
    let value = row[i]
    guard value > bound else { continue }
    var (low, high) = (0, best.count)
    while low < high {
      let middle = (low + high) / 2
      if row[best[middle]] >= value { low = middle + 1 } else { high = middle }
    }
    best.insert(i, at: low)
    if best.count > count { best.removeLast() }
    if best.count == count { bound = row[best[count - 1]] }
  }
  return best
}
