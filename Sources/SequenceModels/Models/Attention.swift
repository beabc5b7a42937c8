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
/// With coverage the hyperbolic tangent is also of `wc·c[s, t]`, where `c[s]` is the sum of `α` of all queries
/// before (See et al. 2017).
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
  /// `wc`.
  private var coverage: Parameter<Scalar>?

  /// Whether the scores depend on what was attended to before.
  public var seesCoverage: Bool { coverage != nil }

  /// Attention with random weights.
  ///
  /// - Parameters:
  ///   - score: how queries and keys are compared.
  ///   - querySize: the number of features of a query.
  ///   - keySize: the number of features of a key.
  ///   - coverage: whether the scores depend on what was attended to before: additive ones can.
  ///   - generator: the source of randomness.
  /// - Precondition: for inner products the two sizes are equal.
  public init(
    _ score: Score, querySize: Int, keySize: Int, coverage: Bool = false,
    using generator: inout some RandomNumberGenerator
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
      if coverage { self.coverage = Parameter(rows: 1, columns: units, using: &generator) }
    }
    require(!coverage || seesCoverage, "Attention: coverage needs additive scores, not \(score)")
  }

  /// The weights, where there are some.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("query", &queryMap)
    part("key", &keyMap)
    part("vector", &vector)
    part("coverage", &coverage)
  }

  /// The keys as the comparison takes them: once for all queries.
  public func prepare(_ keys: Node<Scalar>) -> Node<Scalar> { keyMap.map { $0(keys) } ?? keys }

  /// For each query the weights and the weighted sum.
  ///
  /// - Parameters:
  ///   - queries: `[T₁, N, Q]`.
  ///   - keys: what ``prepare(_:)`` gives, `[T₂, N, A]`.
  ///   - values: `[T₂, N, F]`.
  ///   - covered: the sums of the weights of the queries before each, `[T₁, N, T₂]`, with coverage.
  ///   - lengths: how many steps of each sequence of keys count; nil means all.
  public func callAsFunction(
    _ queries: Node<Scalar>, keys: Node<Scalar>, values: Node<Scalar>,
    covered: Node<Scalar>? = nil, lengths: [Int]?
  ) -> AttentionNodes<Scalar> {
    let (q, coverage) = compared(queries, covered)
    if let vector {
      return q.attending(
        keys: keys, values: values, additive: vector(on: queries.graph), coverage: coverage,
        lengths: lengths)
    }
    return q.attending(keys: keys, values: values, lengths: lengths)
  }

  /// For each query the scores `e` of the steps, before the softmax, `[T₁, N, T₂]`: `−∞` after the end of a
  /// sequence. Parameters are those of ``callAsFunction(_:keys:values:covered:lengths:)``.
  public func scores(
    _ queries: Node<Scalar>, keys: Node<Scalar>, covered: Node<Scalar>? = nil, lengths: [Int]?
  ) -> Node<Scalar> {
    let (q, coverage) = compared(queries, covered)
    if let vector {
      return q.attentionScores(
        keys: keys, additive: vector(on: queries.graph), coverage: coverage, lengths: lengths)
    }
    return q.attentionScores(keys: keys, lengths: lengths)
  }

  /// The queries and the coverage as the comparison takes them.
  private func compared(
    _ queries: Node<Scalar>, _ covered: Node<Scalar>?
  ) -> (Node<Scalar>, AttentionCoverage<Scalar>?) {
    require(
      (covered != nil) == seesCoverage,
      "Attention: \(covered == nil ? "no coverage given, which it sees" : "it sees no coverage")")
    var coverage: AttentionCoverage<Scalar>?
    if let weights = self.coverage, let covered {
      coverage = AttentionCoverage(covered: covered, weights: weights(on: queries.graph))
    }
    return (queryMap.map { $0(queries) } ?? queries, coverage)
  }
}
