import Autodiff
import LinAlg
import Recurrent

/// An LSTM that writes about what it looks at, and looks anew before each word (Xu et al. 2015): at the regions of
/// a picture, at the frames of a video (Yao et al. 2015).
///
/// ```
/// [h₀, c₀] = tanh(W₀·mean(a) + b₀)
/// α[t] = softmax over i of v·tanh(Wq·h[t−1] + Wk·a[i] + b)
/// z[t] = σ(wβ·h[t−1] + bβ)·Σᵢ α[t, i]·a[i]
/// h[t], c[t] = LSTM([E·y[t−1], z[t]], h[t−1], c[t−1])
/// P(y[t]) = softmax(Wo·(E·y[t−1] + Wh·h[t] + Wz·z[t]) + bo)
/// ```
/// The state decides where to look and is changed by what is seen there; in an ``EncoderDecoder`` the decoder's step
/// comes first. Where attention is hard, one place takes the sum's part: in training it is drawn, see
/// ``HardAttention``.
public struct CaptionDecoder<Scalar: RecurrentScalar>: Model {
  /// What is seen of what attention gives weights to, unless places are drawn.
  public enum Glimpse: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean by the weights: soft attention.
    case mean
    /// The place of the largest weight: for models that were trained with hard attention.
    case strongest
  }

  /// `E`.
  public var embedding: Embedding<Scalar>
  /// `W₀` and `b₀`.
  public var bridge: Linear<Scalar>
  /// How the state is compared with what can be looked at.
  public var attention: Attention<Scalar>
  /// `wβ` and `bβ`: how much of what is seen counts.
  public var gate: Linear<Scalar>
  /// Writes the words.
  public var cell: LSTM<Scalar>
  /// `Wh`; its biases are a part of `bo`.
  public var stateMap: Linear<Scalar>
  /// `Wz`; its biases are a part of `bo`.
  public var contextMap: Linear<Scalar>
  /// `Wo` and `bo`.
  public var output: Linear<Scalar>
  /// What is seen of what attention gives weights to.
  public var glimpse = Glimpse.mean
  /// How likely a feature is to be dropped in training, after the embedding and before the output.
  public var dropout = 0.0

  /// A decoder with random weights.
  ///
  /// - Parameters:
  ///   - vocabularySize: the number of words.
  ///   - features: the features of what is looked at.
  ///   - hiddenSize: the units of the LSTM.
  ///   - embeddingSize: the features of a word.
  ///   - attention: how the state is compared with what can be looked at; nil for a network with as many units as
  ///     the LSTM.
  ///   - generator: the source of randomness.
  public init(
    vocabularySize: Int, features: Int, hiddenSize: Int, embeddingSize: Int,
    attention: Attention<Scalar>.Score? = nil, using generator: inout some RandomNumberGenerator
  ) {
    embedding = Embedding(
      vocabularySize: vocabularySize, features: embeddingSize, using: &generator)
    bridge = Linear(inputSize: features, outputSize: 2 * hiddenSize, using: &generator)
    self.attention = Attention(
      attention ?? .additive(units: hiddenSize), querySize: hiddenSize, keySize: features,
      using: &generator)
    gate = Linear(inputSize: hiddenSize, outputSize: 1, using: &generator)
    cell = LSTM(inputSize: embeddingSize + features, hiddenSize: hiddenSize, using: &generator)
    stateMap = Linear(inputSize: hiddenSize, outputSize: embeddingSize, using: &generator)
    contextMap = Linear(inputSize: features, outputSize: embeddingSize, using: &generator)
    output = Linear(inputSize: embeddingSize, outputSize: vocabularySize, using: &generator)
  }

  /// The parts.
  public mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("embedding", &embedding)
    part("bridge", &bridge)
    part("attention", &attention)
    part("gate", &gate)
    part("cell", &cell)
    part("stateMap", &stateMap)
    part("contextMap", &contextMap)
    part("output", &output)
  }

  /// What can be looked at, ready to be looked at.
  ///
  /// - Parameters:
  ///   - values: `a`, `[L, N, F]`: the places of each picture or video.
  ///   - lengths: how many places of each count; nil means all.
  public func source(_ values: Node<Scalar>, lengths: [Int]? = nil) -> EncodedSource<Scalar> {
    EncodedSource(
      values: values, keys: attention.prepare(values), lengths: lengths,
      state: bridge(values.mean(lengths: lengths)).tanh())
  }

  /// The scores of each next word where the words before it are given, and where it looked.
  ///
  /// - Parameters:
  ///   - captions: the words; only what is before each is read.
  ///   - source: what can be looked at.
  ///   - hard: draws a place for each word; nil for what ``glimpse`` says.
  ///   - graph: computes it.
  public func pass(
    _ captions: FramedBatch, _ source: EncodedSource<Scalar>, drawing hard: HardAttention? = nil,
    on graph: Graph<Scalar>
  ) -> CaptionPass<Scalar> {
    guard let hard else { return pass(captions, source, choosing: glimpse.choice, on: graph) }
    let draws = GlimpseDraws(hard, captions.lengths, on: graph)
    return pass(captions, source, choosing: draws.places, on: graph)
  }

  /// One step, for decoding.
  ///
  /// - Parameters:
  ///   - tokens: the words before, `[1, N]`.
  ///   - state: ``EncodedSource/state``, or that of the step before.
  ///   - source: what can be looked at.
  ///   - graph: computes it.
  public func step(
    _ tokens: TokenBatch, _ state: Node<Scalar>, _ source: EncodedSource<Scalar>,
    on graph: Graph<Scalar>
  ) -> DecoderStep<Scalar> {
    let word = embedding(tokens, on: graph).dropout(dropout)
    let look = look(word, state, source, glimpse.choice, step: 0)
    return DecoderStep(
      scores: scores(word, look.output, look.context), state: look.state, attention: look.weights)
  }

  /// Searches for the likeliest captions.
  ///
  /// - Parameters:
  ///   - source: what can be looked at.
  ///   - search: the width, the longest caption, what may be written.
  ///   - frame: the tokens before the first word and behind the last.
  ///   - graph: computes it.
  /// - Returns: for each source its best captions, the best first.
  public func write(
    about source: EncodedSource<Scalar>, by search: BeamSearch, in frame: SequenceFrame,
    on graph: Graph<Scalar>
  ) -> [[Hypothesis]] {
    let rows = source.repeated(search.width)
    return search(from: source.state, begin: frame.beginning, end: frame.end) {
      step($0, $1, rows, on: graph)
    }
  }
}

/// For each sequence the place that is seen at a step, from the scores of all places; −1 for the mean of all.
package typealias GlimpseChoice<Scalar: RecurrentScalar> = (Node<Scalar>, _ step: Int) -> TokenBatch

extension CaptionDecoder.Glimpse {
  /// The places that are seen where none are drawn.
  fileprivate var choice: GlimpseChoice<Scalar>? {
    self == .mean ? nil : { scores, _ in scores.value.argmax() }
  }
}

/// What a decoder sees at one step.
private struct CaptionLook<Scalar: RecurrentScalar> {
  var output: Node<Scalar>
  var context: Node<Scalar>
  var weights: Node<Scalar>
  var scores: Node<Scalar>?
  var places: TokenBatch?
  var state: Node<Scalar>
}

extension CaptionDecoder {
  /// A pass that sees the places that are chosen.
  package func pass(
    _ captions: FramedBatch, _ source: EncodedSource<Scalar>, choosing: GlimpseChoice<Scalar>?,
    on graph: Graph<Scalar>
  ) -> CaptionPass<Scalar> {
    let words = embedding(captions.inputs, on: graph).dropout(dropout)
    var (state, states) = (source.state, [Node<Scalar>]())
    var looks: [CaptionLook<Scalar>] = []
    for t in 0..<captions.inputs.steps {
      states.append(state)
      looks.append(look(words[step: t], state, source, choosing, step: t))
      state = looks[t].state
    }
    func joined(_ part: (CaptionLook<Scalar>) -> Node<Scalar>) -> Node<Scalar> {
      .joined(looks.map(part), along: .steps)
    }
    let placeScores = looks.compactMap(\.scores)
    return CaptionPass(
      scores: scores(words, joined(\.output), joined(\.context)), attention: joined(\.weights),
      lengths: source.lengths,
      places: choosing == nil
        ? nil
        : PolicySample(
          drawn: TokenBatch(
            steps: looks.count, batch: captions.inputs.batch,
            tokens: looks.flatMap { $0.places?.tokens ?? [] }),
          scores: .joined(placeScores, along: .steps), states: .joined(states, along: .steps)))
  }

  /// `P(y[t])` before its softmax, for any number of steps.
  private func scores(
    _ word: Node<Scalar>, _ h: Node<Scalar>, _ z: Node<Scalar>
  ) -> Node<Scalar> {
    output((word + stateMap(h) + contextMap(z)).dropout(dropout))
  }

  /// One step up to the LSTM's output.
  private func look(
    _ word: Node<Scalar>, _ state: Node<Scalar>, _ source: EncodedSource<Scalar>,
    _ choosing: GlimpseChoice<Scalar>?, step: Int
  ) -> CaptionLook<Scalar> {
    let h = state[features: 0..<cell.hiddenSize]
    var (scores, places): (Node<Scalar>?, TokenBatch?)
    let (context, weights): (Node<Scalar>, Node<Scalar>)
    if let choosing {
      let e = attention.scores(h, keys: source.keys, lengths: source.lengths)
      weights = e.softmax(lengths: source.lengths)
      let chosen = choosing(e, step)
      context = seen(chosen, weights, source)
      (scores, places) = (e, chosen)
    } else {
      let found = attention(
        h, keys: source.keys, values: source.values, lengths: source.lengths)
      (context, weights) = (found.context, found.weights)
    }
    let z = context * gate(h).sigmoid()
    let run = cell.step(word.joined(z, along: .features), from: state)
    return CaptionLook(
      output: run.outputs, context: z, weights: weights, scores: scores, places: places,
      state: run.finalState)
  }

  /// The values at the chosen places, and the means where none is chosen.
  private func seen(
    _ places: TokenBatch, _ weights: Node<Scalar>, _ source: EncodedSource<Scalar>
  ) -> Node<Scalar> {
    let (graph, N) = (source.values.graph, source.values.batch)
    let rows = TokenBatch(
      steps: 1, batch: N,
      tokens: (0..<N).map { places[0, $0] < 0 ? -1 : places[0, $0] * Token(N) + Token($0) })
    // A row of zeros where none is chosen.
    let chosen = source.values.gathered(rows: rows)
    guard rows.tokens.contains(-1) else { return chosen }
    let isMean = SequenceBatch<Scalar>(
      steps: 1, batch: N, features: 1, elements: (0..<N).map { places[0, $0] < 0 ? 1 : 0 })
    return chosen + weights.weightedSums(of: source.values) * graph.constant(isMean)
  }
}
