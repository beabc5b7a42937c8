import Autodiff
import LinAlg
import Recurrent

/// An encoder–decoder with attention that writes words of its vocabulary or copies words of its source, also
/// such as no vocabulary has: names, numbers (See et al. 2017).
///
/// ```
/// p = σ(w·[context[i], h[i], y[i−1]] + b)
/// P(y[i] = v) = p·softmax(Wo·h̃[i] + bo)[v] + (1 − p)·Σ α[i, t]        the sum over t with x[t] = v
/// ```
/// Words are numbered as an ``ExtendedVocabulary`` of the batch does: below `V` those of the vocabulary, from
/// there on those that only the sources have. The embeddings see the latter as the unknown one.
public struct PointerGenerator<Encoder: SequenceLayer, Decoder: CausalLayer>: Model
where Encoder.Scalar == Decoder.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// What reads, attends and generates.
  public var base: EncoderDecoder<Encoder, Decoder>
  /// From what attention found, the decoder's output and its input to the gate `p`.
  public var gate: Linear<Scalar>
  /// What words outside the vocabulary are to the embeddings.
  public let unknown: Token

  /// A model around an encoder–decoder.
  ///
  /// - Parameters:
  ///   - base: reads, attends and generates; see its `coverage` for attention that sees what it has given.
  ///   - unknown: what words outside the vocabulary are to the embeddings.
  ///   - generator: the source of randomness.
  /// - Precondition: the model has attention, and source and target the same vocabulary.
  public init(
    _ base: EncoderDecoder<Encoder, Decoder>, unknown: Token,
    using generator: inout some RandomNumberGenerator
  ) {
    require(base.attention != nil, "PointerGenerator: without attention nothing can be copied")
    let (source, target) = (base.sourceEmbedding.vocabularySize, base.output.outputSize)
    require(
      source == target && unknown >= 0 && unknown < target,
      """
      PointerGenerator: vocabularies of \(source) and \(target) words, the unknown one \(unknown); \
      expected one vocabulary
      """)
    (self.base, self.unknown) = (base, unknown)
    gate = Linear(
      inputSize: base.encoder.outputSize + base.decoder.outputSize + base.targetEmbedding.features,
      outputSize: 1, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("base", &base)
    part("gate", &gate)
  }

  /// What the decoder needs of the source.
  public struct Encoded {
    /// What attention needs of it.
    public let base: EncoderDecoder<Encoder, Decoder>.Encoded
    /// Its words, `[T, N]`, numbered as the batch does.
    public let words: TokenBatch
    /// How many words the batch has.
    public let wordCount: Int
    /// The decoder's state before its first step.
    public var state: Node<Scalar> { base.state }

    /// A source that has been encoded elsewhere, such as in another file.
    public init(
      base: EncoderDecoder<Encoder, Decoder>.Encoded, words: TokenBatch, wordCount: Int
    ) {
      (self.base, self.words, self.wordCount) = (base, words, wordCount)
    }

    /// Each source `count` times, one beside the other: the rows of a beam search. The state is left as it
    /// is: the search repeats it.
    public func repeated(_ count: Int) -> Encoded {
      Encoded(
        base: base.repeated(count), words: words.repeated(count), wordCount: wordCount)
    }
  }

  /// Reads sources.
  ///
  /// - Parameters:
  ///   - source: the words, `[T, N]`, each in `0..<wordCount`.
  ///   - wordCount: `W`, how many words the batch has: ``ExtendedVocabulary/count``.
  ///   - lengths: how many steps of each source count; nil means all.
  ///   - graph: computes it.
  public func encode(
    _ source: TokenBatch, wordCount: Int, lengths: [Int]?, on graph: Graph<Scalar>
  ) -> Encoded {
    Encoded(
      base: base.encode(known(source), lengths: lengths, on: graph), words: source,
      wordCount: wordCount)
  }

  /// The logarithms of the probabilities of each next word where the words before it are given,
  /// `[T₂, N, W]`, with the weights of attention: teacher forcing. Their cross-entropy with the words that
  /// follow is the loss.
  ///
  /// - Parameters:
  ///   - encoded: the sources.
  ///   - inputs: what the decoder reads, `[T₂, N]`: the token that begins, then the target without its last.
  ///   - graph: computes it.
  public func callAsFunction(
    _ encoded: Encoded, inputs: TokenBatch, on graph: Graph<Scalar>
  ) -> DecoderPass<Scalar> {
    let look = base.look(known(inputs), at: encoded.base, keepsScores: true, on: graph)
    return DecoderPass(scores: mixed(look, encoded), attention: look.weights)
  }

  /// One step of the decoder, for decoding; its scores are logarithms of probabilities.
  ///
  /// - Parameters:
  ///   - tokens: the words before, `[1, N]`.
  ///   - state: ``Encoded/state``, or that of the step before.
  ///   - encoded: the sources.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>, _ encoded: Encoded, on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    let (look, state) = base.look(
      known(tokens), from: state, at: encoded.base, keepsScores: true, on: graph)
    return DecoderStep(scores: mixed(look, encoded), state: state, attention: look.weights)
  }

  /// The likeliest texts, by a beam search (of width 1: greedily).
  ///
  /// - Parameters:
  ///   - encoded: the sources.
  ///   - search: how many are followed, and how long they may be.
  ///   - begin: the token before the first.
  ///   - end: the token that ends a text.
  ///   - graph: computes it.
  /// - Returns: for each source its best hypotheses, in words of the batch.
  public func decode(
    _ encoded: Encoded, by search: BeamSearch, begin: Token, end: Token, on graph: Graph<Scalar>
  ) -> [[Hypothesis]] {
    let rows = encoded.repeated(search.width)
    return search(from: encoded.state, begin: begin, end: end) { tokens, state in
      step(tokens, state, rows, on: graph)
    }
  }

  private func mixed(_ look: DecoderLook<Scalar>, _ encoded: Encoded) -> Node<Scalar> {
    guard let context = look.context, let attention = look.attentionScores else {
      failRequirement("PointerGenerator: its encoder–decoder has lost its attention")
    }
    let gate = gate(context.joined(look.outputs, look.inputs, along: .features))
    return base.scores(look).mixedWithCopies(
      of: encoded.words, attention: attention, generating: gate, words: encoded.wordCount,
      lengths: encoded.base.lengths)
  }

  /// The words as the embeddings know them.
  private func known(_ words: TokenBatch) -> TokenBatch {
    let count = Token(base.output.outputSize)
    var words = words
    words.withUnsafeMutableBufferPointer { words in
      for i in 0..<words.count where words[i] >= count { words[i] = unknown }
    }
    return words
  }
}
