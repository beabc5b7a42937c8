import LinAlg
import Recurrent

/// A table with one row of features per token.
///
/// ```
/// y[t, n] = W[token[t, n]]
/// ```
/// Rows are gathered, and in the backward pass scattered: the product with one-hot vectors that this
/// stands for is never formed.
public struct Embedding<Scalar: RecurrentScalar>: Trainable {
  /// `W`.
  public var parameters: EmbeddingParameters<Scalar>

  /// `V`, the number of tokens.
  public var vocabularySize: Int { parameters.vocabularySize }
  /// `D`, the number of features of a token.
  public var features: Int { parameters.features }

  /// An embedding with the given parameters.
  public init(parameters: EmbeddingParameters<Scalar>) { self.parameters = parameters }

  /// An embedding with random rows.
  ///
  /// - Parameters:
  ///   - vocabularySize: `V`.
  ///   - features: `D`.
  ///   - weights: the rule for `W`. A row's features have the scale of a layer's input: by default
  ///     normal with standard deviation 1.
  ///   - generator: the source of randomness.
  public init(
    vocabularySize: Int, features: Int, weights: Initializer<Scalar> = .normal(1),
    using generator: inout some RandomNumberGenerator
  ) {
    parameters = EmbeddingParameters(vocabularySize: vocabularySize, features: features)
    parameters.block.withUnsafeMutableBufferPointer {
      weights.fill($0, rows: vocabularySize, columns: features, using: &generator)
    }
  }

  /// The rows of the given tokens, `[T, N, D]`.
  ///
  /// - Precondition: every token is in `0..<vocabularySize`.
  public func callAsFunction(_ tokens: TokenBatch) -> SequenceBatch<Scalar> {
    var result = SequenceBatch<Scalar>(
      uninitializedSteps: tokens.steps, batch: tokens.batch, features: features)
    gather(tokens, into: &result)
    return result
  }

  /// Replaces the contents of `row` by the row of `token`.
  ///
  /// - Precondition: `row` is `[1, D]`; the token is in `0..<vocabularySize`.
  public func gather(_ token: Token, into row: inout Matrix<Scalar>) {
    require(
      row.rows == 1 && row.columns == features,
      "row has shape [\(row.rows), \(row.columns)], expected [1, D] = [1, \(features)]")
    require(
      token >= 0 && token < vocabularySize,
      "token \(token) is outside the vocabulary of \(vocabularySize)")
    parameters.checkLayout()
    row.withUnsafeMutableBufferPointer { row in
      parameters.block.withUnsafeBufferPointer { W in
        guard let row = row.baseAddress, let W = W.baseAddress else { return }
        row.update(from: W + Int(token) * features, count: features)
      }
    }
  }

  /// Writes the rows of the given tokens to `result`, which has their shape.
  func gather(_ tokens: TokenBatch, into result: inout SequenceBatch<Scalar>) {
    parameters.checkLayout()
    tokens.checkTokens(vocabularySize: vocabularySize)
    let D = features
    result.withUnsafeMutableBufferPointer { rows in
      tokens.withUnsafeBufferPointer { tokens in
        parameters.block.withUnsafeBufferPointer { W in
          guard let rows = rows.baseAddress, let W = W.baseAddress else { return }
          for i in 0..<tokens.count {
            (rows + i * D).update(from: W + Int(tokens[i]) * D, count: D)
          }
        }
      }
    }
  }
}

/// The parameters of an ``Embedding``: `W [V, D]`.
public struct EmbeddingParameters<Scalar: RecurrentScalar>: LayerParameters {
  /// `V`, the number of tokens.
  public let vocabularySize: Int
  /// `D`, the number of features of a token.
  public let features: Int
  private let layout: ParameterLayout
  /// The table as the weights of scores, `h·Wᵀ`.
  let map: AffineMap<Scalar>
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }

  /// Parameters of zeros.
  public init(vocabularySize: Int, features: Int) {
    require(
      vocabularySize > 0 && features > 0,
      """
      an embedding needs at least one token and one feature, \
      got V, D = \(vocabularySize), \(features)
      """)
    self.vocabularySize = vocabularySize
    self.features = features
    map = AffineMap(inputSize: features, outputSize: vocabularySize, weights: 0, bias: nil)
    layout = ParameterLayout([ParameterSpec("W", rows: vocabularySize, columns: features)])
    block = ParameterBlock(layout)
  }

  /// Traps unless the block is the table of these sizes: it can be assigned.
  func checkLayout(_ what: StaticString = "parameters of the embedding") {
    block.checkLayout(matches: layout, "\(what)")
  }

  /// One row per token, `[V, D]`; reading copies it, assigning replaces it.
  public var W: Matrix<Scalar> {
    get { block[tensor: 0] }
    set { block[tensor: 0] = newValue }
  }
}
