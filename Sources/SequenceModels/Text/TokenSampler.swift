import Autodiff
import LinAlg

/// Draws a token from the distribution that logits stand for.
public struct TokenSampler: Sendable, Hashable {
  /// By what logits are divided first: 1 draws from the model's own distribution, less than 1 prefers
  /// likely tokens, 0 always takes the likeliest.
  public var temperature: Double
  /// From how many of the likeliest tokens to draw; nil from all.
  public var topK: Int?
  /// From the fewest of the likeliest tokens that together are at least this likely (nucleus sampling,
  /// Holtzman et al. 2020); nil from all.
  public var topP: Double?
  /// A token that is never drawn; nil for none.
  public var excluded: Token?

  /// A sampler.
  ///
  /// - Precondition: the temperature is finite and not negative; `topK` is positive, and `topP` in `0...1`.
  public init(
    temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, excluded: Token? = nil
  ) {
    require(
      temperature >= 0 && temperature.isFinite, "TokenSampler: temperature \(temperature)")
    require(topK ?? 1 > 0, "TokenSampler: the likeliest \(topK ?? 0) tokens are none")
    require((0...1).contains(topP ?? 1), "TokenSampler: topP \(topP ?? 1) is not in 0...1")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.excluded = excluded
  }

  /// Draws a token.
  ///
  /// Tokens with equal logits at the edge of the likeliest ``topK`` are taken in their order. One
  /// draw of the generator unless the temperature is 0.
  ///
  /// - Parameters:
  ///   - logits: `[1, V]`.
  ///   - generator: the source of randomness.
  /// - Precondition: a token that is not excluded has a finite logit, and none is NaN.
  public func draw<Scalar: LinAlgScalar>(
    from logits: Matrix<Scalar>, using generator: inout some RandomNumberGenerator
  ) -> Token {
    var weights = logits
    return weights.withUnsafeMutableBufferPointer { draw(from: $0, using: &generator) }
  }

  /// As ``draw(from:using:)``, from a row of logits that it writes over.
  @_specialize(where Scalar == Float, Generator == SeededGenerator)
  @_specialize(where Scalar == Double, Generator == SeededGenerator)
  func draw<Scalar: LinAlgScalar, Generator: RandomNumberGenerator>(
    from weights: UnsafeMutableBufferPointer<Scalar>, using generator: inout Generator
  ) -> Token {
    if let excluded, weights.indices.contains(Int(excluded)) {
      weights[Int(excluded)] = -.infinity
    }
    guard let base = weights.baseAddress,
      let largest = weights.indices.max(by: { weights[$0] < weights[$1] }),
      weights[largest].isFinite
    else {
      failRequirement("TokenSampler: no token has a finite logit; has the model diverged?")
    }
    if temperature == 0 { return Token(largest) }
    if let topK, topK < weights.count {
      for i in likeliestFirst(weights)[topK...] { weights[i] = -.infinity }
    }
    // Differences to the largest cannot overflow upwards, however low the temperature.
    let (shift, scale) = (weights[largest], Scalar(1 / temperature))
    for i in weights.indices { weights[i] = (weights[i] - shift) * scale }
    Scalar.apply(.softmax, base, into: base, rows: 1, columns: weights.count)
    if let topP {
      var sum = 0.0
      for (rank, i) in likeliestFirst(weights).enumerated() {
        // The likeliest stays, however small the share.
        if rank > 0 && sum >= topP { weights[i] = 0 } else { sum += Double(weights[i]) }
      }
    }
    let total = weights.reduce(0.0) { $0 + Double($1) }
    var rest = generator.unitUniform(Double.self) * total
    for i in weights.indices where weights[i] > 0 {
      rest -= Double(weights[i])
      if rest < 0 { return Token(i) }
    }
    return Token(largest)
  }

  /// The places of the weights from the largest on, equal ones in their order.
  private func likeliestFirst(
    _ weights: UnsafeMutableBufferPointer<some BinaryFloatingPoint>
  ) -> [Int] {
    weights.indices.sorted {
      weights[$0] > weights[$1] || (weights[$0] == weights[$1] && $0 < $1)
    }
  }
}
