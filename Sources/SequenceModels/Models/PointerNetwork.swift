import Autodiff
import LinAlg
import Recurrent

/// A model that answers with positions of its input, of any length (Vinyals et al. 2015).
///
/// ```
/// k[t] = encoder(embedding(x))[t]                   s₀ = W·(final state of the encoder) + b
/// h[i] = decoder(embedding(x)[y[i−1]], …)           the first input is a learned vector
/// P(y[i] = t) = softmax e[i, t]                     e as in ``Attention``, over the steps of the input
/// ```
/// The input are vectors or tokens. What is written is numbered as in the paper: the token `t` is the `t`-th
/// step of the input, counted from 1, and 0 is the end; as the token before the first, 0 is the beginning.
/// ``Rule`` says what may be pointed at; what may not has no probability, in training as in decoding.
public struct PointerNetwork<Encoder: SequenceLayer, Decoder: CausalLayer>: Model
where Encoder.Scalar == Decoder.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Encoder.Scalar

  /// What may be pointed at.
  public enum Rule: String, Sendable, Hashable, CaseIterable, Codable {
    /// Any step any number of times, until the end: `e` of the end is that of a learned key.
    case any
    /// No step twice, until the end.
    case once
    /// Each step exactly once; then, and only then, comes the end. Permutations: sorting, tours.
    case each
  }

  /// From vectors to the encoder's inputs; nil where the inputs are tokens.
  public var projection: Linear<Scalar>?
  /// From tokens to the encoder's inputs; nil where the inputs are vectors.
  public var embedding: Embedding<Scalar>?
  /// Reads the input.
  public var encoder: Encoder
  /// From the encoder's final state to the decoder's first.
  public var bridge: Linear<Scalar>
  /// Writes the positions.
  public var decoder: Decoder
  /// The decoder's first input, `[1, E]`.
  public var beginning: Parameter<Scalar>
  /// What stands beside the encoder's outputs for the end, `[1, F]`; nil under ``Rule/each``.
  public var end: Parameter<Scalar>?
  /// Compares the decoder's outputs with the steps of the input.
  public var pointer: Attention<Scalar>
  /// What may be pointed at.
  public let rule: Rule
  /// How likely a feature is to be dropped in training, after the embedding and before the comparison.
  public var dropout = 0.0

  /// A model for vectors, with random weights besides its layers'.
  ///
  /// - Parameters:
  ///   - features: `D`, the numbers of each step of the input.
  ///   - encoder: takes the embedded input; its input size is the size of the embedding.
  ///   - decoder: of the same input size.
  ///   - score: how the decoder's outputs are compared with the encoder's.
  ///   - rule: what may be pointed at.
  ///   - generator: the source of randomness.
  /// - Precondition: the layers have the same input size.
  public init(
    features: Int, encoder: Encoder, decoder: Decoder, score: Attention<Scalar>.Score,
    rule: Rule, using generator: inout some RandomNumberGenerator
  ) {
    self.init(encoder: encoder, decoder: decoder, score: score, rule: rule, using: &generator)
    projection = Linear(
      inputSize: features, outputSize: encoder.inputSize, using: &generator)
  }

  /// A model for tokens; parameters as for vectors.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of tokens.
  ///   - encoder: takes the embedded input; its input size is the size of the embedding.
  ///   - decoder: of the same input size.
  ///   - score: how the decoder's outputs are compared with the encoder's.
  ///   - rule: what may be pointed at.
  ///   - generator: the source of randomness.
  /// - Precondition: the layers have the same input size.
  public init(
    vocabularySize: Int, encoder: Encoder, decoder: Decoder, score: Attention<Scalar>.Score,
    rule: Rule, using generator: inout some RandomNumberGenerator
  ) {
    self.init(encoder: encoder, decoder: decoder, score: score, rule: rule, using: &generator)
    embedding = Embedding(
      vocabularySize: vocabularySize, features: encoder.inputSize, using: &generator)
  }

  private init(
    encoder: Encoder, decoder: Decoder, score: Attention<Scalar>.Score, rule: Rule,
    using generator: inout some RandomNumberGenerator
  ) {
    require(
      encoder.inputSize == decoder.inputSize,
      """
      PointerNetwork: an encoder of \(encoder.inputSize) inputs and a decoder of \
      \(decoder.inputSize); both read the embedded input
      """)
    (self.encoder, self.decoder, self.rule) = (encoder, decoder, rule)
    bridge = Linear(
      inputSize: encoder.stateSize, outputSize: decoder.stateSize, using: &generator)
    beginning = Parameter(rows: 1, columns: decoder.inputSize, using: &generator)
    if rule != .each { end = Parameter(rows: 1, columns: encoder.outputSize, using: &generator) }
    pointer = Attention(
      score, querySize: decoder.outputSize, keySize: encoder.outputSize, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("projection", &projection)
    part("embedding", &embedding)
    part("encoder", &encoder)
    part("bridge", &bridge)
    part("decoder", &decoder)
    part("beginning", &beginning)
    part("end", &end)
    part("pointer", &pointer)
  }

  /// What the decoder needs of the input.
  public struct Encoded {
    /// The inputs of the decoder by token, `[T + 1, N, E]`: the beginning, then the embedded input.
    public let inputs: Node<Scalar>
    /// What queries are compared with, by token, `[T + 1, N, A]`: the end, then the steps.
    public let keys: Node<Scalar>
    /// How many steps of each input count; nil means all.
    public let lengths: [Int]?
    /// The decoder's state before its first step.
    public let state: Node<Scalar>

    /// An input that has been encoded elsewhere, such as in another file.
    public init(
      inputs: Node<Scalar>, keys: Node<Scalar>, lengths: [Int]?, state: Node<Scalar>
    ) {
      (self.inputs, self.keys, self.lengths, self.state) = (inputs, keys, lengths, state)
    }

    /// Each input `count` times, one beside the other: the rows of a beam search. The state is left as it
    /// is: the search repeats it.
    public func repeated(_ count: Int) -> Encoded {
      Encoded(
        inputs: inputs.repeated(count), keys: keys.repeated(count),
        lengths: lengths?.repeated(count), state: state)
    }
  }

  /// Reads vectors.
  ///
  /// - Parameters:
  ///   - x: `[T, N, D]`, at least one step.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  /// - Precondition: the model is one for vectors.
  public func encode(
    _ x: SequenceBatch<Scalar>, lengths: [Int]?, on graph: Graph<Scalar>
  ) -> Encoded {
    guard let projection else { failRequirement("PointerNetwork: vectors to a model for tokens") }
    return encode(projection(graph.constant(x)), lengths)
  }

  /// Reads tokens.
  ///
  /// - Parameters:
  ///   - x: `[T, N]`, at least one step.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - graph: computes it.
  /// - Precondition: the model is one for tokens.
  public func encode(_ x: TokenBatch, lengths: [Int]?, on graph: Graph<Scalar>) -> Encoded {
    guard let embedding else { failRequirement("PointerNetwork: tokens to a model for vectors") }
    return encode(embedding(x, on: graph), lengths)
  }

  private func encode(_ embedded: Node<Scalar>, _ lengths: [Int]?) -> Encoded {
    let graph = embedded.graph
    let (T, N) = (embedded.steps, embedded.batch)
    require(T > 0, "PointerNetwork: an input of shape \(embedded.shape) has no step to point at")
    let x = embedded.dropout(dropout)
    let run = encoder(x, lengths: lengths)
    let first = TokenBatch(repeating: 0, steps: 1, batch: N)
    let beginning = beginning(on: graph).gathered(rows: first)
    // Where the end has no key it is the only thing that is left, so that its score makes no difference.
    let end =
      end.map { $0(on: graph).gathered(rows: first) }
      ?? graph.constant(0, NodeShape(steps: 1, batch: N, features: run.outputs.features))
    var state = bridge(run.finalState)
    if rule != .any {
      let zeros = graph.constant(0, NodeShape(steps: 1, batch: N, features: T))
      state = state.joined(zeros, along: .features)
    }
    return Encoded(
      inputs: beginning.joined(x, along: .steps),
      keys: pointer.prepare(end.joined(run.outputs, along: .steps)), lengths: lengths, state: state)
  }

  /// The scores of each next position where those before it are given, `[T₂, N, T + 1]`: teacher forcing.
  ///
  /// - Parameters:
  ///   - encoded: the input, of `T` steps.
  ///   - inputs: what was pointed at before, `[T₂, N]`: 0 and then the target without its last, as
  ///     ``PointerTargets/inputs`` has it.
  ///   - graph: computes it.
  /// - Returns: one score for the end and for each step of the input; `−∞` for those after its end and those
  ///   that the rule forbids.
  public func callAsFunction(
    _ encoded: Encoded, inputs: TokenBatch, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let T = encoded.keys.steps - 1
    let S = encoded.state.features - (rule == .any ? 0 : T)
    let h = decoder(
      read(inputs, encoded), from: rule == .any ? encoded.state : encoded.state[features: 0..<S]
    ).outputs
    return scores(
      h, rule == .any ? nil : occurrences(inputs, T, on: graph), encoded)
  }

  /// One step of the decoder, for decoding.
  ///
  /// - Parameters:
  ///   - tokens: what was pointed at before, `[1, N]`.
  ///   - state: ``Encoded/state``, or that of the step before.
  ///   - encoded: the inputs.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>, _ encoded: Encoded, on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    let x = read(tokens, encoded)
    if rule == .any {
      let run = decoder.step(x, from: state)
      return DecoderStep(scores: scores(run.outputs, nil, encoded), state: run.finalState)
    }
    // Behind the decoder's own state stands what it has pointed at.
    let T = encoded.keys.steps - 1
    let S = state.features - T
    let run = decoder.step(x, from: state[features: 0..<S])
    let visited = state[features: S..<S + T] + occurrences(tokens, T, on: graph)
    return DecoderStep(
      scores: scores(run.outputs, visited, encoded),
      state: run.finalState.joined(visited, along: .features))
  }

  /// The likeliest answers, by a beam search (of width 1: greedily).
  ///
  /// - Parameters:
  ///   - encoded: the inputs.
  ///   - search: how many are followed, and how long they may be.
  ///   - graph: computes it.
  /// - Returns: for each input its best hypotheses, numbered as above, without the end.
  public func decode(
    _ encoded: Encoded, by search: BeamSearch, on graph: Graph<Scalar>
  ) -> [[Hypothesis]] {
    let rows = encoded.repeated(search.width)
    return search(from: encoded.state, begin: 0, end: 0) { tokens, state in
      step(tokens, state, rows, on: graph)
    }
  }

  /// The decoder's inputs: the embedded steps that were pointed at.
  private func read(_ tokens: TokenBatch, _ encoded: Encoded) -> Node<Scalar> {
    let (limit, N) = (encoded.inputs.steps, encoded.inputs.batch)
    require(
      tokens.batch == N, "PointerNetwork: pointers of shape \(tokens.shape) for \(N) inputs")
    var rows = tokens
    rows.withUnsafeMutableBufferPointer { rows in
      for i in 0..<rows.count {
        require(
          rows[i] >= 0 && rows[i] < limit,
          "PointerNetwork: a pointer to \(rows[i]), expected 0..<\(limit)")
        rows[i] = rows[i] * Token(N) + Token(i % N)
      }
    }
    return encoded.inputs.gathered(rows: rows)
  }

  /// Which steps were pointed at up to each step, `[T₂, N, T]`.
  private func occurrences(
    _ tokens: TokenBatch, _ T: Int, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    graph.occurrences(of: tokens, features: T + 1)[features: 1..<T + 1]
  }

  /// From the decoder's outputs to scores.
  private func scores(
    _ h: Node<Scalar>, _ visited: Node<Scalar>?, _ encoded: Encoded
  ) -> Node<Scalar> {
    // The end stands before the steps.
    let e = pointer.scores(
      h.dropout(dropout), keys: encoded.keys, lengths: encoded.lengths?.map { $0 + 1 })
    guard let visited else { return e }
    let graph = h.graph
    let ends: Node<Scalar>
    if rule == .each {
      // More than 0 while something is left.
      ends = graph.constant(counts(encoded)) - visited.sum(over: .features)
    } else {
      ends = graph.constant(0, NodeShape(steps: h.steps, batch: h.batch, features: 1))
    }
    return e.masked(where: ends.joined(visited, along: .features))
  }

  /// How many steps of each input count, `[1, N, 1]`.
  private func counts(_ encoded: Encoded) -> SequenceBatch<Scalar> {
    let (T, N) = (encoded.keys.steps - 1, encoded.keys.batch)
    return SequenceBatch(
      steps: 1, batch: N, features: 1, elements: (0..<N).map { Scalar(encoded.lengths?[$0] ?? T) })
  }
}

/// What a pointer network is taught: positions of the input, for each sequence in the order in which they are
/// to be pointed at.
public struct PointerTargets: Sendable, Equatable {
  /// What is pointed at, `[T₂, N]`, numbered from 1, with 0 as the end and behind it.
  public let targets: TokenBatch
  /// What was pointed at before: 0 and then the targets, `[T₂, N]`.
  public let inputs: TokenBatch
  /// How many steps count, the end among them.
  public let lengths: [Int]

  /// The targets of positions counted from 0.
  public init(_ positions: [[Int]]) {
    let tokens = positions.map { $0.map { Token($0 + 1) } }
    let padding = Padding(with: 0)
    let targets = PaddedBatch(tokens.map { $0 + [0] }, padding: padding)
    (self.targets, lengths) = (targets.tokens, targets.lengths)
    inputs = PaddedBatch(tokens.map { [0] + $0 }, padding: padding).tokens
  }
}
