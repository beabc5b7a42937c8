import Autodiff
import LinAlg
import Recurrent

/// Attention of queries to the steps of an encoder, with its weights.
///
/// ```
/// dot       e[s, t] = q[s]·k[t]                                  (Luong et al. 2015)
/// general   e[s, t] = q[s]·W·k[t]                                (Luong et al. 2015)
/// additive  e[s, t] = v·tanh(Wq·q[s] + Wk·k[t] + b)              (Bahdanau et al. 2015)
/// α[s] = softmax e[s]      context[s] = Σₜ α[s, t]·k[t]
/// ```
public struct Attention<Scalar: RecurrentScalar>: Model {
  /// How queries and keys are compared.
  public enum Score: Sendable, Hashable {
    /// By their inner product; both have the same number of features.
    case dot
    /// By their product with a matrix in between.
    case general
    /// By a network of that many hidden units.
    case additive(units: Int)
  }

  /// How queries and keys are compared.
  public let score: Score
  /// `W`, of the queries to the features of the keys, or `Wq`.
  private var queryMap: Linear<Scalar>?
  /// `Wk` and `b`.
  private var keyMap: Linear<Scalar>?
  /// `v`.
  private var vector: Parameter<Scalar>?

  /// Attention with random weights.
  ///
  /// - Parameters:
  ///   - score: how queries and keys are compared.
  ///   - querySize: the number of features of a query.
  ///   - keySize: the number of features of a key.
  ///   - generator: the source of randomness.
  /// - Precondition: for inner products the two sizes are equal.
  public init(
    _ score: Score, querySize: Int, keySize: Int, using generator: inout some RandomNumberGenerator
  ) {
    self.score = score
    switch score {
    case .dot:
      require(
        querySize == keySize,
        "Attention: queries of \(querySize) features and keys of \(keySize) have no inner product")
    case .general:
      queryMap = Linear(inputSize: querySize, outputSize: keySize, using: &generator)
    case .additive(let units):
      queryMap = Linear(inputSize: querySize, outputSize: units, using: &generator)
      keyMap = Linear(inputSize: keySize, outputSize: units, using: &generator)
      vector = Parameter(rows: 1, columns: units, using: &generator)
    }
  }

  /// The weights, where there are some.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("query", &queryMap)
    part("key", &keyMap)
    part("vector", &vector)
  }

  /// The keys as the comparison takes them: once for all queries.
  public func prepare(_ keys: Node<Scalar>) -> Node<Scalar> { keyMap.map { $0(keys) } ?? keys }

  /// For each query the weights and the weighted sum.
  ///
  /// - Parameters:
  ///   - queries: `[T₁, N, Q]`.
  ///   - keys: what ``prepare(_:)`` gives, `[T₂, N, A]`.
  ///   - values: `[T₂, N, F]`.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func callAsFunction(
    _ queries: Node<Scalar>, keys: Node<Scalar>, values: Node<Scalar>, lengths: [Int]?
  ) -> AttentionNodes<Scalar> {
    let q = queryMap.map { $0(queries) } ?? queries
    if let vector {
      return q.attending(
        keys: keys, values: values, additive: vector(on: queries.graph), lengths: lengths)
    }
    return q.attending(keys: keys, values: values, lengths: lengths)
  }
}
