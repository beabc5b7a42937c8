import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

@Suite struct PointerNetworkTests {
  typealias Sample<S: RecurrentScalar> = PointerNetwork<Bidirectional<GRU<S>>, LSTM<S>>

  static let scores: [Attention<Double>.Score] = [.additive(units: 3), .general, .dot]

  static func model<S>(
    _ rule: Sample<S>.Rule, score: Attention<S>.Score = .additive(units: 3), hidden: Int = 2,
    isForTokens: Bool = false, seed: UInt64 = 1
  ) -> Sample<S> {
    var rng = SeededGenerator(seed: seed)
    let encoder = Bidirectional { GRU<S>(inputSize: 3, hiddenSize: hidden, using: &rng) }
    let decoder = LSTM<S>(inputSize: 3, hiddenSize: 2 * hidden, using: &rng)
    return isForTokens
      ? PointerNetwork(
        vocabularySize: 5, encoder: encoder, decoder: decoder, score: score, rule: rule, using: &rng
      )
      : PointerNetwork(
        features: 2, encoder: encoder, decoder: decoder, score: score, rule: rule, using: &rng)
  }

  static func vectors(
    _ steps: Int = 4, _ batch: Int = 3, seed: UInt64 = 7
  ) -> SequenceBatch<Double> {
    var rng = SeededGenerator(seed: seed)
    return .uniform(steps: steps, batch: batch, features: 2, in: 0...1, using: &rng)
  }

  static let lengths = [4, 2, 3]
  /// What each rule allows, for those lengths.
  static func targets(_ rule: Sample<Double>.Rule) -> PointerTargets {
    switch rule {
    case .any: PointerTargets([[2, 2, 0, 3], [1], []])
    case .once: PointerTargets([[2, 0], [1, 0], [1]])
    case .each: PointerTargets([[2, 0, 1, 3], [1, 0], [2, 1, 0]])
    }
  }

  static func loss(
    _ model: Sample<Double>, _ graph: Graph<Double>
  ) -> Node<Double> {
    let targets = targets(model.rule)
    return model(
      model.encode(vectors(), lengths: lengths, on: graph), inputs: targets.inputs, on: graph
    ).crossEntropy(targets.targets, lengths: targets.lengths)
  }

  @Test(arguments: Sample<Double>.Rule.allCases)
  func `gradients are central differences`(rule: Sample<Double>.Rule) {
    for score in Self.scores {
      var model = Self.model(rule, score: score)
      model.dropout = 0.2
      #expect(modelGradientError(model, Self.loss) < 1e-7, "\(score)")
    }
    let tokens = Self.model(rule, isForTokens: true) as Sample<Double>
    let error = modelGradientError(tokens) { model, graph in
      let targets = Self.targets(rule)
      let input = TokenBatch(steps: 4, batch: 3, tokens: [4, 1, 2, 3, 0, 1, 2, 4, 4, 1, 3, 0])
      return model(
        model.encode(input, lengths: Self.lengths, on: graph), inputs: targets.inputs, on: graph
      ).crossEntropy(targets.targets, lengths: targets.lengths)
    }
    #expect(error < 1e-7)
  }

  /// Recorded, evaluated, and step by step.
  @Test(arguments: Sample<Double>.Rule.allCases)
  func `three ways to the same probabilities`(rule: Sample<Double>.Rule) {
    let (model, graph) = (Self.model(rule) as Sample<Double>, Graph<Double>())
    let targets = Self.targets(rule)
    func whole(_ model: Sample<Double>, _ graph: Graph<Double>) -> Node<Double> {
      model(
        model.encode(Self.vectors(), lengths: Self.lengths, on: graph), inputs: targets.inputs,
        on: graph)
    }
    var recorded: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let scores = whole(model, graph)
      recorded = scores.value.elements
      return scores.crossEntropy(targets.targets, lengths: targets.lengths)
    }
    #expect(model.evaluate(on: graph) { whole($0, $1).value.elements } == recorded)
    let stepped = model.evaluate(on: graph) { model, graph in
      let encoded = model.encode(Self.vectors(), lengths: Self.lengths, on: graph)
      var (state, result) = (encoded.state, [Double]())
      for t in 0..<targets.inputs.steps {
        let tokens = TokenBatch(
          steps: 1, batch: 3, tokens: (0..<3).map { targets.inputs[t, $0] })
        let step = model.step(tokens, state, encoded, on: graph)
        state = step.state
        result += step.scores.value.elements
      }
      return result
    }
    // What is forbidden is so in both.
    #expect(stepped.map(\.isFinite) == recorded.map(\.isFinite))
    let finite = zip(stepped, recorded).filter { $0.0.isFinite }
    #expect(relativeError(finite.map(\.0), finite.map(\.1)) < 1e-13)
  }

  @Test(arguments: Sample<Double>.Rule.allCases)
  func `what the rule forbids has no probability`(rule: Sample<Double>.Rule) {
    let targets = Self.targets(rule)
    let p = (Self.model(rule) as Sample<Double>).evaluate(on: Graph()) { model, graph in
      model(
        model.encode(Self.vectors(), lengths: Self.lengths, on: graph), inputs: targets.inputs,
        on: graph
      ).softmax().value
    }
    for n in 0..<3 {
      for t in 0..<targets.lengths[n] {
        var visited: Set<Int> = []
        for s in 0...t { visited.insert(Int(targets.inputs[s, n]) - 1) }
        var sum = 0.0
        for i in 0...4 {
          let isAfterEnd = i > Self.lengths[n]
          let isLeft = i > 0 && !visited.contains(i - 1)
          let isAllowed: Bool
          switch rule {
          case .any: isAllowed = !isAfterEnd
          case .once: isAllowed = !isAfterEnd && (i == 0 || isLeft)
          case .each: isAllowed = !isAfterEnd && (i == 0 ? t == Self.lengths[n] : isLeft)
          }
          #expect((p[t, n, i] > 0) == isAllowed, "step \(t) of \(n), position \(i)")
          sum += p[t, n, i]
        }
        #expect(abs(sum - 1) < 1e-14)
      }
    }
  }

  @Test(arguments: Sample<Double>.Rule.allCases)
  func `an input gets in a batch what it gets alone`(rule: Sample<Double>.Rule) {
    let (model, graph) = (Self.model(rule) as Sample<Double>, Graph<Double>())
    let (x, targets) = (Self.vectors(), Self.targets(rule))
    let together = model.evaluate(on: graph) {
      $0($0.encode(x, lengths: Self.lengths, on: $1), inputs: targets.inputs, on: $1)
        .softmax().value
    }
    for n in 0..<3 {
      let T = Self.lengths[n]
      let own = SequenceBatch<Double>(
        steps: T, batch: 1, features: 2,
        elements: (0..<T).flatMap { [x[$0, n, 0], x[$0, n, 1]] })
      let inputs = TokenBatch(
        steps: targets.lengths[n], batch: 1,
        tokens: (0..<targets.lengths[n]).map { targets.inputs[$0, n] })
      let alone = model.evaluate(on: graph) {
        $0($0.encode(own, lengths: nil, on: $1), inputs: inputs, on: $1).softmax().value
      }
      for t in 0..<targets.lengths[n] {
        for i in 0...T { #expect(abs(alone[t, 0, i] - together[t, n, i]) < 1e-13) }
      }
    }
  }

  @Test(arguments: Sample<Double>.Rule.allCases)
  func `any number of threads, the same bits`(rule: Sample<Double>.Rule) {
    for score in Self.scores {
      let model: Sample<Double> = Self.model(rule, score: score, hidden: 20)
      let targets = PointerTargets(
        (0..<9).map { n in (0..<(rule == .each ? 3 + n : 3)).map { $0 } })
      #expect(
        threadsAgree(model) { model, graph in
          model(
            model.encode(Self.vectors(12, 9), lengths: (0..<9).map { 3 + $0 }, on: graph),
            inputs: targets.inputs, on: graph
          ).crossEntropy(targets.targets, lengths: targets.lengths)
        })
    }
  }

  @Test func `targets are numbered from 1, and end with 0`() {
    let targets = PointerTargets([[2, 0], [1], []])
    #expect(targets.targets.tokens == [3, 2, 0, 1, 0, 0, 0, 0, 0])
    #expect(targets.inputs.tokens == [0, 0, 0, 3, 2, 0, 1, 0, 0])
    #expect(targets.lengths == [3, 2, 1])
  }

  /// Also of an untrained model: the rule holds in the search.
  @Test func `decoding answers with permutations and with subsets`() {
    for width in [1, 4] {
      for seed in 1...5 as ClosedRange<UInt64> {
        let each: Sample<Double> = Self.model(.each, seed: seed)
        let once: Sample<Double> = Self.model(.once, seed: seed)
        let search = BeamSearch(width: width, maximumLength: 5)
        func found(_ model: Sample<Double>) -> [[Hypothesis]] {
          model.evaluate(on: Graph()) {
            $0.decode($0.encode(Self.vectors(), lengths: Self.lengths, on: $1), by: search, on: $1)
          }
        }
        for (n, best) in found(each).enumerated() {
          #expect(best.first?.tokens.sorted() == (1...Self.lengths[n]).map { Token($0) })
          #expect(best.first?.hasEnded == true)
        }
        for (n, best) in found(once).enumerated() {
          let tokens = best.first?.tokens ?? [-1]
          #expect(Set(tokens).count == tokens.count)
          #expect(tokens.allSatisfy { $0 > 0 && $0 <= Self.lengths[n] })
        }
      }
    }
  }

  @Test func `learns to sort, and finds what it learned`() throws {
    var rng = SeededGenerator(seed: 11)
    var model: Sample<Float> = Self.model(.each, score: .additive(units: 16), hidden: 16, seed: 3)
    let graph = Graph<Float>(seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.01)
    func draw(_ batch: Int) -> (x: SequenceBatch<Float>, lengths: [Int], targets: PointerTargets) {
      let lengths = (0..<batch).map { _ in Int.random(in: 2...4, using: &rng) }
      let x = SequenceBatch<Float>.uniform(
        steps: 4, batch: batch, features: 2, in: 0...1, using: &rng)
      let orders = (0..<batch).map { n in
        (0..<lengths[n]).sorted { x[$0, n, 0] < x[$1, n, 0] }
      }
      return (x, lengths, PointerTargets(orders))
    }
    for _ in 0..<200 {
      let (x, lengths, targets) = draw(16)
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { model, graph in
        model(model.encode(x, lengths: lengths, on: graph), inputs: targets.inputs, on: graph)
          .crossEntropy(targets.targets, lengths: targets.lengths)
      }
    }
    let (x, lengths, targets) = draw(40)
    let found = model.evaluate(on: graph) {
      $0.decode(
        $0.encode(x, lengths: lengths, on: $1), by: BeamSearch(width: 2, maximumLength: 4), on: $1)
    }
    let right = (0..<40).count { n in
      found[n].first?.tokens == (0..<lengths[n]).map { targets.targets[$0, n] }
    }
    #expect(right >= 34, "seed 11: \(right) of 40")
  }

  @Test func `what does not fit traps`() async {
    var result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model: Sample<Double> = Self.model(.any)
      _ = model.evaluate(on: Graph()) {
        $0.encode(TokenBatch(repeating: 0, steps: 2, batch: 1), lengths: nil, on: $1).state.shape
      }
    }
    #expect(message(result).contains("PointerNetwork: tokens to a model for vectors"))
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let model: Sample<Double> = Self.model(.any)
      _ = model.evaluate(on: Graph()) {
        let encoded = $0.encode(Self.vectors(), lengths: nil, on: $1)
        return $0(encoded, inputs: TokenBatch(repeating: 5, steps: 1, batch: 3), on: $1).shape
      }
    }
    #expect(message(result).contains("PointerNetwork: a pointer to 5, expected 0..<5"))
  }
}
