import Autodiff
import LinAlg
import Recurrent

/// Which steps of a source each step of a target looked at: the matrix of a heat map.
public struct Alignment: Sendable, Hashable {
  /// For each step of the target the weights of the source's steps, which sum to 1.
  public let weights: [[Double]]

  /// The alignment of the given weights.
  ///
  /// - Precondition: every row has as many.
  public init(weights: [[Double]]) {
    for row in weights {
      require(
        row.count == weights[0].count,
        "Alignment: rows of \(weights[0].count) and of \(row.count) weights")
    }
    self.weights = weights
  }

  /// The number of steps of the target.
  public var targetCount: Int { weights.count }
  /// The number of steps of the source; 0 where there is no target.
  public var sourceCount: Int { weights.first?.count ?? 0 }

  /// For each step of the target the step of the source that it looked at most, the first of equal ones.
  ///
  /// - Precondition: the source has a step.
  public var strongest: [Int] {
    weights.map { row in
      var best = 0
      for (t, weight) in row.enumerated() where weight > row[best] { best = t }
      return best
    }
  }
}

extension Node {
  /// Weights of attention, `[T₂, N, T₁]`, sequence by sequence without what fills them.
  ///
  /// - Parameters:
  ///   - sources: how many steps of each source count; nil means all.
  ///   - targets: how many steps of each target count; nil means all.
  public func alignments(sources: [Int]? = nil, targets: [Int]? = nil) -> [Alignment] {
    let (shape, value) = (shape, value)
    require(
      sources?.count ?? shape.batch == shape.batch && targets?.count ?? shape.batch == shape.batch,
      "alignments: lengths of other sequences than the \(shape.batch) of the weights \(shape)")
    return (0..<shape.batch).map { n in
      Alignment(
        weights: (0..<(targets?[n] ?? shape.steps)).map { t in
          (0..<(sources?[n] ?? shape.features)).map { Double(value[t, n, $0]) }
        })
    }
  }
}

extension EncoderDecoder {
  /// Where the model looks while it writes given texts: such as it found, or such as it should find.
  ///
  /// - Parameters:
  ///   - source: `[T, N]`.
  ///   - lengths: how many steps of each source count; nil means all.
  ///   - texts: what is written of each source, without the tokens that begin and end it.
  ///   - begin: the token before the first.
  ///   - graph: computes it.
  /// - Returns: for each source a row of weights for each token of its text, and a last one for its end.
  /// - Precondition: the model has attention.
  public func alignments(
    of source: TokenBatch, lengths: [Int]?, writing texts: [[Token]], begin: Token,
    on graph: Graph<Scalar>
  ) -> [Alignment] {
    let inputs = PaddedBatch(texts.map { [begin] + $0 }, padding: Padding(with: begin))
    let pass = pass(source, lengths: lengths, inputs: inputs.tokens, on: graph)
    guard let attention = pass.attention else {
      failRequirement("alignments: a model without attention")
    }
    return attention.alignments(sources: lengths, targets: inputs.lengths)
  }
}

extension PointerGenerator {
  /// Where the model looks while it writes given texts, in words of the batch; see
  /// ``EncoderDecoder/alignments(of:lengths:writing:begin:on:)``.
  public func alignments(
    of encoded: Encoded, writing texts: [[Token]], begin: Token, on graph: Graph<Scalar>
  ) -> [Alignment] {
    let inputs = PaddedBatch(texts.map { [begin] + $0 }, padding: Padding(with: begin))
    let pass = self(encoded, inputs: inputs.tokens, on: graph)
    return pass.attention?.alignments(
      sources: encoded.base.lengths, targets: inputs.lengths) ?? []
  }
}
