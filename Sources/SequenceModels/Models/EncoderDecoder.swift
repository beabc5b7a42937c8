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
/// The encoder is any layer, both directions among them; the decoder any causal one.
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
  ///   - units: the features of `h̃`.
  ///   - embeddingSize: the features of a target token.
  ///   - generator: the source of randomness.
  ///   - makeDecoder: makes the decoder with the given number of inputs.
  /// - Throws: what `makeDecoder` throws.
  public init<Failure: Error, Generator: RandomNumberGenerator>(
    sourceVocabulary: Int, targetVocabulary: Int, encoder: Encoder,
    attention: Attention<Scalar>.Score? = .general, feedsInput: Bool = false, units: Int,
    embeddingSize: Int, using generator: inout Generator,
    makeDecoder: (_ inputSize: Int, inout Generator) throws(Failure) -> Decoder
  ) throws(Failure) {
    require(!feedsInput || attention != nil, "EncoderDecoder: input feeding needs attention")
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
        attention, querySize: H, keySize: encoder.outputSize, using: &generator)
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
  public struct Encoded {
    /// The encoder's outputs, `[T, N, F]`.
    public let values: Node<Scalar>
    /// The same as attention compares them.
    let keys: Node<Scalar>
    /// How many steps of each sequence count.
    public let lengths: [Int]?
    /// The decoder's state before its first step.
    public let state: Node<Scalar>

    /// Each source `count` times, one beside the other: the rows of a beam search. The state is left as it
    /// is: the search repeats it.
    public func repeated(_ count: Int) -> Encoded {
      let rows = lengths.map { lengths in
        lengths.flatMap { length in (0..<count).map { _ in length } }
      }
      return Encoded(
        values: values.repeated(count), keys: keys.repeated(count), lengths: rows, state: state)
    }
  }

  /// Reads sources.
  ///
  /// - Parameters:
  ///   - source: `[T, N]`.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  public func encode(_ source: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>) -> Encoded {
    let run = encoder(sourceEmbedding(source, on: graph).dropout(dropout), lengths: lengths)
    var state = bridge(run.finalState)
    if feedsInput {
      let zeros = graph.constant(
        0, NodeShape(steps: 1, batch: source.batch, features: output.inputSize))
      state = state.joined(zeros, along: .features)
    }
    return Encoded(
      values: run.outputs, keys: attention?.prepare(run.outputs) ?? run.outputs, lengths: lengths,
      state: state)
  }

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
    let encoded = encode(source, lengths: lengths, on: graph)
    if !feedsInput {
      let x = targetEmbedding(inputs, on: graph).dropout(dropout)
      return look(decoder(x, from: encoded.state).outputs, at: encoded).scores
    }
    var state = encoded.state
    var scores: [Node<Scalar>] = []
    let x = targetEmbedding(inputs, on: graph).dropout(dropout)
    for t in 0..<inputs.steps {
      let step = step(x[step: t], state, encoded)
      state = step.state
      scores.append(step.scores)
    }
    return Node.joined(scores, along: .steps)
  }

  /// One step of the decoder, for decoding.
  ///
  /// - Parameters:
  ///   - tokens: the tokens before, `[1, N]`.
  ///   - state: ``Encoded/state``, or that of the step before.
  ///   - encoded: the sources.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>, _ encoded: Encoded, on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    step(targetEmbedding(tokens, on: graph).dropout(dropout), state, encoded)
  }

  private func step(
    _ x: Node<Scalar>, _ state: Node<Scalar>, _ encoded: Encoded
  ) -> DecoderStep<Scalar> {
    var (x, before) = (x, state)
    if feedsInput {
      // What is left of the state beside h̃; to ask the decoder would make a state at each step.
      let S = state.features - output.inputSize
      x = x.joined(state[features: S..<state.features], along: .features)
      before = state[features: 0..<S]
    }
    let run = decoder.step(x, from: before)
    let (scores, seen, weights) = look(run.outputs, at: encoded)
    return DecoderStep(
      scores: scores,
      state: feedsInput ? run.finalState.joined(seen, along: .features) : run.finalState,
      attention: weights)
  }

  /// From the decoder's outputs to scores, by way of what attention finds.
  private func look(
    _ h: Node<Scalar>, at encoded: Encoded
  ) -> (scores: Node<Scalar>, seen: Node<Scalar>, weights: Node<Scalar>?) {
    guard let attention, let combination else { return (output(h.dropout(dropout)), h, nil) }
    let found = attention(
      h, keys: encoded.keys, values: encoded.values, lengths: encoded.lengths)
    let seen = combination(found.context.joined(h, along: .features)).tanh()
    return (output(seen.dropout(dropout)), seen, found.weights)
  }
}
