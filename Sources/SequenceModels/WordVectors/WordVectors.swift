import Autodiff
import LinAlg

/// Symbols as vectors: row `i` belongs to token `i` of a vocabulary.
///
/// ```swift
/// let vectors = try WordVectors<Float>(contentsOf: "words.bin", as: .binary)
/// let neighbors = WordNeighbors(vectors)
/// for neighbor in neighbors.nearest(to: "river", count: 10) ?? [] { print(neighbor.symbol) }
/// ```
/// They come from ``WordVectorTrainer`` or from a file of the word2vec program (Mikolov et al. 2013), which
/// other programs write, too.
public struct WordVectors<Scalar: LinAlgScalar>: Sendable {
  /// The symbols.
  public let vocabulary: Vocabulary
  /// A row for each symbol, `[V, D]`.
  public let vectors: Matrix<Scalar>

  /// `V`, the number of symbols.
  public var count: Int { vectors.rows }
  /// `D`, the number of features of a symbol.
  public var features: Int { vectors.columns }

  /// The vectors of a vocabulary's symbols.
  ///
  /// - Precondition: `vectors` is `[V, D]` with `V` the vocabulary's count and neither of them 0.
  public init(vocabulary: Vocabulary, vectors: Matrix<Scalar>) {
    require(
      vectors.rows == vocabulary.count && vectors.count > 0,
      """
      WordVectors: vectors of shape [\(vectors.rows), \(vectors.columns)] for a vocabulary of \
      \(vocabulary.count); expected a row for each symbol, and one symbol and one feature at least
      """)
    self.vocabulary = vocabulary
    self.vectors = vectors
  }

  /// The vector of a symbol; nil where the vocabulary does not have it.
  public subscript(symbol: String) -> Vector<Scalar>? {
    vocabulary.token(of: symbol).map { Vector(vectors.row(Int($0))) }
  }

  /// The rows of some tokens, `[n, D]`.
  ///
  /// - Precondition: every token is in `0..<count`.
  public func rows(of tokens: [Token]) -> Matrix<Scalar> {
    var result = Matrix<Scalar>(uninitializedRows: tokens.count, columns: features)
    result.gather(tokens, from: vectors)
    return result
  }

  /// The mean of all rows.
  var mean: Vector<Scalar> { Vector(vectors.columnSums().map { $0 / Scalar(count) }) }
}

extension Matrix {
  /// Replaces row `i` by the row `tokens[i]` of a table that is as wide.
  mutating func gather(_ tokens: [Token], from table: Matrix) {
    let D = columns
    require(
      rows == tokens.count && table.columns == D,
      "\(tokens.count) rows of [\(table.rows), \(table.columns)] into [\(rows), \(D)]")
    if let token = tokens.first(where: { $0 < 0 || $0 >= table.rows }) {
      failRequirement("token \(token) is outside the vocabulary of \(table.rows)")
    }
    withUnsafeMutableBufferPointer { target in
      table.withUnsafeBufferPointer { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        for (i, token) in tokens.enumerated() {
          (target + i * D).update(from: source + Int(token) * D, count: D)
        }
      }
    }
  }
}
