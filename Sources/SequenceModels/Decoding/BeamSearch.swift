import Autodiff
import LinAlg
import RealModule
import Recurrent

/// Search for the likeliest sequences that a decoder can write, several hypotheses at a time.
///
/// ```
/// score(Y) = log P(Y) / lp(Y) + β·Σₜ log min(Σᵢ α[i, t], 1)      lp(Y) = ((5 + |Y|) / 6)^lengthPenalty
/// ```
/// with `α` the weights of attention (Wu et al. 2016). All sources are searched side by side, `N·width` rows a
/// step; states are reordered by rows, so that a step costs the same however much was decoded. A source's
/// search ends when no hypothesis that is still open can come before those that were found: it loses none.
@dynamicMemberLookup
public struct BeamSearch: Sendable, Hashable {
  /// What may be written.
  public var rules: DecodingRules
  /// How many hypotheses are followed for each source; 1 is greedy search.
  public var width: Int
  /// How many are returned for each source, at most ``width``.
  public var best = 1
  /// The exponent of the length penalty; 0 for none.
  public var lengthPenalty = 0.0
  /// `β`, how much it costs to leave steps of the source unseen; 0 for none.
  public var coveragePenalty = 0.0

  /// A search of that width.
  public init(width: Int, maximumLength: Int) {
    self.width = width
    rules = DecodingRules(maximumLength: maximumLength)
  }

  /// The rules' members.
  public subscript<Value>(dynamicMember member: WritableKeyPath<DecodingRules, Value>) -> Value {
    get { rules[keyPath: member] }
    set { rules[keyPath: member] = newValue }
  }

  /// Runs the search.
  ///
  /// ```swift
  /// let found = model.evaluate(on: graph) { model, graph in
  ///   let source = model.encode(tokens, lengths: lengths, on: graph)
  ///   let keys = source.outputs.repeated(search.width)
  ///   return search(from: source.finalState, begin: bos, end: eos) { tokens, state in
  ///     model.step(tokens, state, keys: keys, on: graph)
  ///   }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - state: the decoder's state before the first token, one row for each source, `[1, N, S]`.
  ///   - begin: the token before the first.
  ///   - end: the token that ends a sequence.
  ///   - step: one step of the decoder for all rows: from their last tokens `[1, N·width]` and states
  ///     `[1, N·width, S]`.
  /// - Returns: for each source its best hypotheses, the best first.
  /// - Precondition: the width, ``best`` and the lengths are in range; the scores are not NaN.
  public func callAsFunction<Scalar>(
    from state: Node<Scalar>, begin: Token, end: Token,
    step: (TokenBatch, Node<Scalar>) -> DecoderStep<Scalar>
  ) -> [[Hypothesis]] {
    check()
    let sources = state.shape.batch
    var beams = (0..<sources).map { _ in Beam(search: self, end: end) }
    var state = state.repeated(width)
    var tokens = TokenBatch(repeating: begin, steps: 1, batch: sources * width)
    var scratch = [Double]()
    for length in 0...rules.maximumLength {
      let next = step(tokens, state)
      let shape = next.scores.shape
      require(
        shape.steps == 1 && shape.batch == sources * width && shape.features > 0,
        "BeamSearch: a step gave scores \(shape), expected [1, \(sources * width), V]")
      let scores = next.scores.value
      let attention = next.attention?.value.elements
      let V = shape.features
      var rows = [Token](repeating: 0, count: sources * width)
      for n in 0..<sources where !beams[n].isDone {
        for k in 0..<beams[n].open.count {
          let row = n * width + k
          scores.withUnsafeBufferPointer {
            logSoftmax(UnsafeBufferPointer(rebasing: $0[row * V..<(row + 1) * V]), into: &scratch)
          }
          if let attention {
            let T = attention.count / max(sources * width, 1)
            beams[n].cover(k, attention[row * T..<(row + 1) * T])
          }
          beams[n].extend(k, scratch, length: length)
        }
        let parents = beams[n].advance(length: length)
        for (k, parent) in parents.enumerated() {
          rows[n * width + k] = Token(n * width + parent)
          tokens[0, n * width + k] = beams[n].open[k].tokens.last ?? begin
        }
      }
      if beams.allSatisfy(\.isDone) { break }
      // Rows of hypotheses that are no more are computed along; nobody reads them.
      state = next.state.gathered(
        rows: TokenBatch(steps: 1, batch: sources * width, tokens: rows))
    }
    return beams.map { Array($0.finished.prefix(best)) }
  }

  private func check() {
    require(
      width > 0 && best > 0 && best <= width, "BeamSearch: width \(width), best \(best)")
    rules.check("BeamSearch")
    require(lengthPenalty >= 0 && coveragePenalty >= 0, "BeamSearch: a negative penalty")
  }

  /// `lp(Y)`.
  fileprivate func penalty(length: Int) -> Double {
    lengthPenalty == 0 ? 1 : .pow(Double(5 + length) / 6, lengthPenalty)
  }
}

/// The hypotheses of one source.
private struct Beam {
  struct Open {
    var tokens: [Token] = []
    var logProbability = 0.0
    /// The sum of the weights of attention, step by step of the source.
    var covered: [Double] = []
  }

  struct Candidate {
    var parent: Int
    var token: Token
    var logProbability: Double
  }

  let search: BeamSearch
  let end: Token
  /// Those that can be continued, the best first.
  var open = [Open()]
  /// Those that are done, the best first.
  var finished: [Hypothesis] = []
  var candidates: [Candidate] = []

  var isDone: Bool { open.isEmpty }

  /// Adds the weights of a step to what hypothesis `k` has covered.
  mutating func cover(_ k: Int, _ weights: ArraySlice<some BinaryFloatingPoint>) {
    if search.coveragePenalty == 0 { return }
    if open[k].covered.isEmpty { open[k].covered = weights.map { _ in 0 } }
    for (t, weight) in weights.enumerated() { open[k].covered[t] += Double(weight) }
  }

  /// Notes how hypothesis `k` may go on, with the logarithms of the probabilities of the next token.
  mutating func extend(_ k: Int, _ logs: [Double], length: Int) {
    let hypothesis = open[k]
    if search.rules.allowsEnd(after: length), Int(end) < logs.count {
      finish(hypothesis, hypothesis.logProbability + logs[Int(end)], hasEnded: true)
    }
    if length == search.rules.maximumLength {
      // What never ends is better than nothing, and only that.
      if !finished.contains(where: \.hasEnded) {
        finish(hypothesis, hypothesis.logProbability, hasEnded: false)
      }
      return
    }
    // What the caller has asked for is not refused.
    if let token = search.rules.forcedToken(after: length, of: logs.count, "BeamSearch") {
      add(k, token, hypothesis, logs)
      return
    }
    let refused = search.rules.refusedTokens(after: hypothesis.tokens)
    for token in 0..<Token(logs.count) where token != end && !refused.contains(token) {
      add(k, token, hypothesis, logs)
    }
  }

  private mutating func add(_ k: Int, _ token: Token, _ hypothesis: Open, _ logs: [Double]) {
    let log = hypothesis.logProbability + logs[Int(token)]
    guard log > -.infinity else { return }
    candidates.append(Candidate(parent: k, token: token, logProbability: log))
  }

  private mutating func finish(_ hypothesis: Open, _ log: Double, hasEnded: Bool) {
    guard log > -.infinity else { return }
    if hasEnded { finished.removeAll { !$0.hasEnded } }
    var score = log / search.penalty(length: hypothesis.tokens.count)
    for weight in hypothesis.covered {
      score += search.coveragePenalty * .log(min(max(weight, 1e-10), 1))
    }
    let done = Hypothesis(
      tokens: hypothesis.tokens, logProbability: log, score: score, hasEnded: hasEnded)
    let place = finished.firstIndex { $0.score < score } ?? finished.count
    finished.insert(done, at: place)
    if finished.count > search.best { finished.removeLast() }
  }

  /// Keeps the best candidates as the open hypotheses, and tells whose continuations they are.
  mutating func advance(length: Int) -> [Int] {
    // Equal ones in the order of parents and tokens, so that the search does not depend on a sort.
    candidates.sort {
      ($1.logProbability, $0.parent, $0.token) < ($0.logProbability, $1.parent, $1.token)
    }
    let kept = candidates.prefix(search.width)
    candidates.removeAll(keepingCapacity: true)
    let parents = kept.map(\.parent)
    open = kept.map {
      Open(
        tokens: open[$0.parent].tokens + [$0.token], logProbability: $0.logProbability,
        covered: open[$0.parent].covered)
    }
    if let worst = finished.last, finished.count == search.best, worst.hasEnded {
      // More tokens make the logarithm smaller; the largest length divides it by most.
      let bound = search.penalty(length: search.rules.maximumLength)
      if !open.contains(where: { $0.logProbability / bound > worst.score }) { open = [] }
    }
    return open.isEmpty ? [] : parents
  }
}
