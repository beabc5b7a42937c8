import Autodiff
import LinAlg
import Recurrent

/// Sequences that a decoder writes token by token, for many sources at once: the likeliest token at each step,
/// or one that is drawn.
///
/// ```
/// y[i] ~ softmax(scores(y[0..<i]) / temperature), of the tokens that the rules leave; argmax at temperature 0
/// ```
/// What is drawn follows from the graph's ``/Autodiff/Graph/noise`` (its seed, how many passes it has
/// recorded, the sequence's number), from ``seed``, the number of the sample and the step, and from nothing
/// else: not from the threads, and not from the other sources. The same call draws the same again; another
/// ``seed`` draws anew.
@dynamicMemberLookup
public struct SequenceSampler: Sendable, Hashable {
  /// What may be written.
  public var rules: DecodingRules
  /// How a token is drawn from the scores of a step.
  public var sampler: TokenSampler
  /// How many sequences are written for each source.
  public var count = 1
  /// Tells draws with the same noise apart.
  public var seed: UInt64 = 0

  /// Sequences of at most that many tokens, the end not counted.
  public init(_ sampler: TokenSampler = TokenSampler(), maximumLength: Int) {
    self.sampler = sampler
    rules = DecodingRules(maximumLength: maximumLength)
  }

  /// Greedy decoding: the likeliest token at each step.
  public static func greedy(maximumLength: Int) -> SequenceSampler {
    SequenceSampler(TokenSampler(temperature: 0), maximumLength: maximumLength)
  }

  /// The rules' members.
  public subscript<Value>(dynamicMember member: WritableKeyPath<DecodingRules, Value>) -> Value {
    get { rules[keyPath: member] }
    set { rules[keyPath: member] = newValue }
  }

  /// Writes sequences.
  ///
  /// ```swift
  /// let written = model.evaluate(on: graph) { model, graph in
  ///   let encoded = model.encode(tokens, lengths: lengths, on: graph)
  ///   let rows = encoded.repeated(sampler.count)
  ///   return sampler(from: encoded.state, begin: bos, end: eos) { tokens, state in
  ///     model.step(tokens, state, rows, on: graph)
  ///   }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - state: the decoder's state before the first token, one row for each source, `[1, N, S]`.
  ///   - begin: the token before the first.
  ///   - end: the token that ends a sequence; nil for none, so that all have the largest length.
  ///   - step: one step of the decoder for all rows: from their last tokens `[1, N·count]` and states
  ///     `[1, N·count, S]`.
  /// - Returns: for each source its ``count`` sequences. Their probabilities are the decoder's own, whatever
  ///   the temperature and the rules. One to which nothing may be added has not ended.
  /// - Precondition: lengths and counts are in range; the scores are not NaN.
  public func callAsFunction<Scalar>(
    from state: Node<Scalar>, begin: Token, end: Token?,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) -> [[Hypothesis]] {
    self(
      from: state, begin: [Token](repeating: begin, count: state.shape.batch), end: end, step: step)
  }

  /// As the call above, with a token of its own for each source before its first.
  public func callAsFunction<Scalar>(
    from state: Node<Scalar>, begin: [Token], end: Token?,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) -> [[Hypothesis]] {
    let written = write(from: state, begin: begin, end: end, step: step).hypotheses
    return (0..<begin.count).map { Array(written[$0 * count..<($0 + 1) * count]) }
  }

  /// The sequences of all rows, and what was drawn at each step: the end too, the token that a sequence was cut
  /// before, and −1 for a sequence that was done.
  func write<Scalar>(
    from state: Node<Scalar>, begin: [Token], end: Token?,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) -> (hypotheses: [Hypothesis], drawn: [TokenBatch]) {
    let sources = state.shape.batch
    rules.check("SequenceSampler")
    require(count > 0, "SequenceSampler: \(count) sequences for each source")
    require(
      begin.count == sources, "SequenceSampler: \(begin.count) first tokens for \(sources) sources")
    let noise = noise(of: state.graph, sources: sources)
    var rows = (0..<sources * count).map { WrittenRow(source: $0 / count, sample: $0 % count) }
    var drawn: [TokenBatch] = []
    var tokens = TokenBatch(
      steps: 1, batch: rows.count, tokens: rows.map { begin[$0.source] })
    var state = state.repeated(count)
    var scratch: [Scalar] = []
    // One step more than tokens, which tells whether the longest have ended.
    for length in 0..<rules.maximumLength + (end == nil ? 0 : 1) {
      let next = step(tokens, state)
      let shape = next.scores.shape
      require(
        shape.steps == 1 && shape.batch == rows.count && shape.features > 0,
        "SequenceSampler: a step gave scores \(shape), expected [1, \(rows.count), V]")
      var choices = TokenBatch(repeating: -1, steps: 1, batch: rows.count)
      next.scores.value.withUnsafeBufferPointer { scores in
        for (i, row) in rows.enumerated() where !row.isDone {
          let scores = UnsafeBufferPointer(
            rebasing: scores[i * shape.features..<(i + 1) * shape.features])
          var generator = noise[row.sample].generator(row: row.source, step: length)
          guard let token = choose(row, scores, end: end, &scratch, &generator) else {
            rows[i].isDone = true
            continue
          }
          choices[0, i] = token
          rows[i].add(token, scores, end: end, rules)
        }
      }
      drawn.append(choices)
      if rows.allSatisfy(\.isDone) { break }
      // Rows of sequences that are done are computed along; nobody reads them.
      for i in 0..<rows.count where !rows[i].isDone { tokens[0, i] = choices[0, i] }
      state = next.state
    }
    return (rows.map(\.hypothesis), drawn)
  }

  /// Where the draws of each sample come from, apart from a model's own choices, which are counted from 1.
  private func noise(of graph: Graph<some RecurrentScalar>, sources: Int) -> [RecordingNoise] {
    graph.noise.checkBatch(sources)
    let own = graph.noise.child(-2).child(Int(truncatingIfNeeded: seed))
    return (0..<count).map { own.child($0) }
  }

  /// The next token of a row, or nil where none may follow.
  private func choose<Scalar: RecurrentScalar>(
    _ row: WrittenRow, _ scores: UnsafeBufferPointer<Scalar>, end: Token?,
    _ scratch: inout [Scalar],
    _ generator: inout SeededGenerator
  ) -> Token? {
    let length = row.tokens.count
    if let token = rules.forcedToken(after: length, of: scores.count, "SequenceSampler") {
      return token
    }
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: scores)
    return scratch.withUnsafeMutableBufferPointer { weights in
      var isRestricted = sampler.excluded != nil
      func refuse(_ token: Token) {
        guard weights.indices.contains(Int(token)) else { return }
        weights[Int(token)] = -.infinity
        isRestricted = true
      }
      for token in rules.refusedTokens(after: row.tokens) where token != end { refuse(token) }
      if let end, !rules.allowsEnd(after: length) { refuse(end) }
      // All refused is the rules' doing, and only that.
      if isRestricted, !hasFinite(UnsafeBufferPointer(weights), besides: sampler.excluded) {
        if hasFinite(scores, besides: nil) { return nil }
      }
      return sampler.draw(from: weights, using: &generator)
    }
  }
}

/// A sequence that is being written.
private struct WrittenRow {
  let source: Int
  let sample: Int
  var tokens: [Token] = []
  var logProbability = 0.0
  var hasEnded = false
  var isDone = false

  init(source: Int, sample: Int) { (self.source, self.sample) = (source, sample) }

  var hypothesis: Hypothesis {
    Hypothesis(tokens: tokens, logProbability: logProbability, hasEnded: hasEnded)
  }

  mutating func add<Scalar: RecurrentScalar>(
    _ token: Token, _ scores: UnsafeBufferPointer<Scalar>, end: Token?, _ rules: DecodingRules
  ) {
    let isForced = tokens.count < rules.prefix.count
    hasEnded = !isForced && token == end
    isDone = hasEnded || tokens.count == rules.maximumLength
    // A token beyond the largest length only tells that the sequence has not ended.
    if isDone && !hasEnded { return }
    logProbability += Double(scores[Int(token)]) - logSumExp(scores).logSum
    if !hasEnded { tokens.append(token) }
  }
}

/// Whether a row of scores has a finite one, apart from that of a token.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func hasFinite<Scalar: LinAlgScalar>(
  _ scores: UnsafeBufferPointer<Scalar>, besides token: Token?
) -> Bool {
  for i in 0..<scores.count where scores[i].isFinite && Token(i) != token { return true }
  return false
}
