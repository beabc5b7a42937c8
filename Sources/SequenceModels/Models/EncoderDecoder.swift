import Autodiff
import LinAlg
import Recurrent

/// A model that reads one sequence and writes another of any length, with attention (Sutskever et al. 2014,
/// Bahdanau et al. 2015, Luong et al. 2015).
///
/// ```
/// k[t] = encoder(embedding(source))[t]               s₀ = W·(final state of the encoder) + b
/// h[i] = decoder([embedding(y[i−1]), h̃[i−1]], …)     input feeding; without it the first alone
/// h̃[i] = tanh(Wc·[context[i], h[i]] + bc)            without attention h[i] itself
/// P(y[i]) = softmax(Wo·h̃[i] + bo)
/// ```
/// The encoder is any layer, both directions among them; the decoder any causal one. With coverage, attention
/// also sees what it has given to each step of the source before (See et al. 2017).
public struct EncoderDecoder<Encoder: SequenceLayer, Decoder: CausalLayer>: Model
where Encoder.Scalar == Decoder.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// From source tokens to the encoder's inputs.
  public var sourceEmbedding: Embedding<Scalar>
  /// From written tokens to the decoder's inputs.
  public var targetEmbedding: Embedding<Scalar>
  /// Reads the source.
  public var encoder: Encoder
  /// From the encoder's final state to the decoder's first.
  public var bridge: Linear<Scalar>
  /// Writes the target.
  public var decoder: Decoder
  /// What each step of the decoder sees of the encoder's; nil for nothing.
  public var attention: Attention<Scalar>?
  /// `Wc` and `bc`, with attention.
  public var combination: Linear<Scalar>?
  /// `Wo` and `bo`.
  public var output: Linear<Scalar>
  /// Whether `h̃` of a step is an input of the next.
  public let feedsInput: Bool
  /// How likely a feature is to be dropped in training, after the embeddings and before the output.
  public var dropout = 0.0

  /// A model around an encoder and a decoder, with random weights besides theirs.
  ///
  /// - Parameters:
  ///   - sourceVocabulary: the number of source tokens.
  ///   - targetVocabulary: the number of target tokens.
  ///   - encoder: takes the embedded source.
  ///   - attention: how the decoder looks at the source; nil for not at all.
  ///   - feedsInput: whether `h̃` of a step is an input of the next, with attention only.
  ///   - coverage: whether attention sees what it has given to each step before; for additive scores.
  ///   - units: the features of `h̃`.
  ///   - embeddingSize: the features of a target token.
  ///   - generator: the source of randomness.
  ///   - makeDecoder: makes the decoder with the given number of inputs.
  /// - Throws: what `makeDecoder` throws.
  public init<Failure: Error, Generator: RandomNumberGenerator>(
    sourceVocabulary: Int, targetVocabulary: Int, encoder: Encoder,
    attention: Attention<Scalar>.Score? = .general, feedsInput: Bool = false,
    coverage: Bool = false, units: Int, embeddingSize: Int, using generator: inout Generator,
    makeDecoder: (_ inputSize: Int, inout Generator) throws(Failure) -> Decoder
  ) throws(Failure) {
    require(
      attention != nil || !feedsInput && !coverage,
      "EncoderDecoder: input feeding and coverage need attention")
    self.encoder = encoder
    self.feedsInput = feedsInput
    sourceEmbedding = Embedding(
      vocabularySize: sourceVocabulary, features: encoder.inputSize, using: &generator)
    targetEmbedding = Embedding(
      vocabularySize: targetVocabulary, features: embeddingSize, using: &generator)
    decoder = try makeDecoder(embeddingSize + (feedsInput ? units : 0), &generator)
    bridge = Linear(
      inputSize: encoder.stateSize, outputSize: decoder.stateSize, using: &generator)
    let H = decoder.outputSize
    if let attention {
      self.attention = Attention(
        attention, querySize: H, keySize: encoder.outputSize, coverage: coverage,
        using: &generator)
      combination = Linear(
        inputSize: encoder.outputSize + H, outputSize: units, using: &generator)
    }
    output = Linear(
      inputSize: attention == nil ? H : units, outputSize: targetVocabulary, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("sourceEmbedding", &sourceEmbedding)
    part("targetEmbedding", &targetEmbedding)
    part("encoder", &encoder)
    part("bridge", &bridge)
    part("decoder", &decoder)
    part("attention", &attention)
    part("combination", &combination)
    part("output", &output)
  }

  /// What the decoder needs of the source.
  public typealias Encoded = EncodedSource<Scalar>

  /// Reads sources.
  ///
  /// - Parameters:
  ///   - source: `[T, N]`.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  public func encode(_ source: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>) -> Encoded {
    let run = encoder(sourceEmbedding(source, on: graph).dropout(dropout), lengths: lengths)
    var state = bridge(run.finalState)
    func appendZeros(_ features: Int) {
      let zeros = graph.constant(0, NodeShape(steps: 1, batch: source.batch, features: features))
      state = state.joined(zeros, along: .features)
    }
    if feedsInput { appendZeros(output.inputSize) }
    if seesCoverage { appendZeros(source.steps) }
    return Encoded(
      values: run.outputs, keys: attention?.prepare(run.outputs) ?? run.outputs, lengths: lengths,
      state: state)
  }

  private var seesCoverage: Bool { attention?.seesCoverage ?? false }

  /// The scores of each next token where the tokens before it are given, `[T₂, N, V]`: teacher forcing.
  ///
  /// - Parameters:
  ///   - source: `[T₁, N]`.
  ///   - lengths: how many steps of each source count; nil means all.
  ///   - inputs: what the decoder reads, `[T₂, N]`: the token that begins, then the target without its last.
  ///   - graph: computes it.
  public func callAsFunction(
    _ source: TokenBatch, lengths: [Int]?, inputs: TokenBatch, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    pass(source, lengths: lengths, inputs: inputs, on: graph).scores
  }

  /// The scores of ``callAsFunction(_:lengths:inputs:on:)`` with the weights of attention, for what is
  /// asked of those.
  ///
  /// ```swift
  /// let pass = model.pass(source, lengths: lengths, inputs: inputs, on: graph)
  /// let loss = pass.scores.crossEntropy(targets, lengths: targetLengths)
  /// guard let weights = pass.attention else { return loss }
  /// return loss + 0.1 * weights.unevenness(sources: lengths, targets: targetLengths)
  /// ```
  public func pass(
    _ source: TokenBatch, lengths: [Int]?, inputs: TokenBatch, on graph: Graph<Scalar>
  ) -> DecoderPass<Scalar> {
    let looks = look(inputs, at: encode(source, lengths: lengths, on: graph), on: graph)
    return DecoderPass(scores: scores(looks), attention: looks.weights)
  }

  /// One step of the decoder, for decoding.
  ///
  /// - Parameters:
  ///   - tokens: the tokens before, `[1, N]`.
  ///   - state: ``EncodedSource/state``, or that of the step before.
  ///   - encoded: the sources.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>, _ encoded: Encoded, on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    let (look, state) = look(tokens, from: state, at: encoded, on: graph)
    return DecoderStep(scores: scores(look), state: state, attention: look.weights)
  }

  /// The scores of the next tokens after what was seen.
  func scores(_ look: DecoderLook<Scalar>) -> Node<Scalar> { output(look.seen.dropout(dropout)) }

  /// What the decoder sees at every step, with the given tokens before each.
  ///
  /// - Parameter keepsScores: whether the scores of attention are wanted besides its weights.
  func look(
    _ inputs: TokenBatch, at encoded: Encoded, keepsScores: Bool = false,
    on graph: Graph<Scalar>
  ) -> DecoderLook<Scalar> {
    let x = targetEmbedding(inputs, on: graph).dropout(dropout)
    if !feedsInput && !seesCoverage {
      return look(x, decoder(x, from: encoded.state).outputs, nil, encoded, keepsScores)
    }
    var state = encoded.state
    var looks: [DecoderLook<Scalar>] = []
    for t in 0..<inputs.steps {
      let step = step(x[step: t], state, encoded, keepsScores)
      state = step.state
      looks.append(step.look)
    }
    return DecoderLook(joining: looks)
  }

  /// What the decoder sees at one step, and its state after it.
  func look(
    _ tokens: TokenBatch, from state: Node<Scalar>, at encoded: Encoded,
    keepsScores: Bool = false, on graph: Graph<Scalar>
  ) -> (look: DecoderLook<Scalar>, state: Node<Scalar>) {
    step(targetEmbedding(tokens, on: graph).dropout(dropout), state, encoded, keepsScores)
  }

  /// One step; the state is the decoder's own with `h̃` and the coverage behind it, where there are such.
  private func step(
    _ x: Node<Scalar>, _ state: Node<Scalar>, _ encoded: Encoded, _ keepsScores: Bool
  ) -> (look: DecoderLook<Scalar>, state: Node<Scalar>) {
    let U = feedsInput ? output.inputSize : 0
    let C = seesCoverage ? encoded.values.steps : 0
    // What is left of the state is the decoder's; to ask it for its size would make a state at each step.
    let S = state.features - U - C
    let before = U + C == 0 ? state : state[features: 0..<S]
    let covered = seesCoverage ? state[features: S + U..<S + U + C] : nil
    let fed = feedsInput ? x.joined(state[features: S..<S + U], along: .features) : x
    let run = decoder.step(fed, from: before)
    let look = look(x, run.outputs, covered, encoded, keepsScores)
    var after = run.finalState
    if feedsInput { after = after.joined(look.seen, along: .features) }
    if let covered, let weights = look.weights {
      after = after.joined(covered + weights, along: .features)
    }
    return (look, after)
  }

  /// From the decoder's inputs and outputs to `h̃`, by way of what attention finds.
  private func look(
    _ x: Node<Scalar>, _ h: Node<Scalar>, _ covered: Node<Scalar>?, _ encoded: Encoded,
    _ keepsScores: Bool
  ) -> DecoderLook<Scalar> {
    guard let attention, let combination else { return DecoderLook(inputs: x, outputs: h, seen: h) }
    var scores: Node<Scalar>?
    let (context, weights): (Node<Scalar>, Node<Scalar>)
    if keepsScores {
      let e = attention.scores(h, keys: encoded.keys, covered: covered, lengths: encoded.lengths)
      weights = e.softmax(lengths: encoded.lengths)
      context = weights.weightedSums(of: encoded.values)
      scores = e
    } else {
      let found = attention(
        h, keys: encoded.keys, values: encoded.values, covered: covered,
        lengths: encoded.lengths)
      (context, weights) = (found.context, found.weights)
    }
    let seen = combination(context.joined(h, along: .features)).tanh()
    return DecoderLook(
      inputs: x, outputs: h, seen: seen, context: context, weights: weights,
      attentionScores: scores)
  }
}
