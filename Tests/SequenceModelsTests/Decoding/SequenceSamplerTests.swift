import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

extension Writer {
  /// What is written for sources 0, 1, …
  fileprivate func write(
    _ sampler: SequenceSampler, sources: Int = 2, graph: Graph<Double> = Graph(seed: 5),
    end: Token? = Writer.end
  ) -> [[Hypothesis]] {
    evaluate(on: graph) { model, graph in
      sampler(from: start(sources, on: graph), begin: Self.begin, end: end) { tokens, state in
        model.step(tokens, state, on: graph)
      }
    }
  }
}

@Suite struct SequenceSamplerTests {
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `without temperature it takes the likeliest token at each step`(seed: UInt64) {
    let writer = Writer(seed: seed)
    for (n, written) in writer.write(.greedy(maximumLength: 6)).enumerated() {
      var (tokens, hasEnded): ([Token], Bool) = ([], false)
      while tokens.count <= 6 {
        let next = (0..<Token(Writer.V)).max {
          writer.logProbability(tokens + [$0], source: n, ends: false)
            < writer.logProbability(tokens + [$1], source: n, ends: false)
        }
        hasEnded = next == Writer.end
        guard let next, !hasEnded, tokens.count < 6 else { break }
        tokens.append(next)
      }
      #expect(written.map(\.tokens) == [tokens] && written.map(\.hasEnded) == [hasEnded])
      let log = writer.logProbability(tokens, source: n, ends: hasEnded)
      #expect(abs(written[0].logProbability - log) < 1e-12)
      #expect(written[0].score == written[0].logProbability)
    }
  }

  /// Among all sequences of at most three tokens, those that are cut taken together.
  @Test(arguments: [0.7, 1.0])
  func `sequences are drawn as often as they are likely`(temperature: Double) {
    let writer = Writer(seed: 7)
    var sampler = SequenceSampler(TokenSampler(temperature: temperature), maximumLength: 3)
    sampler.count = 4000
    // At a temperature of 1 the probability is the decoder's own; else that of its scaled scores.
    var scaled = writer
    scaled.output.parameters.W = scaled.output.parameters.W * (1 / temperature)
    scaled.output.parameters.b = scaled.output.parameters.b * (1 / temperature)
    for (n, written) in writer.write(sampler).enumerated() {
      let counts = Dictionary(
        written.filter(\.hasEnded).map { ($0.tokens, 1.0) }, uniquingKeysWith: +)
      var total = 0.0
      for (tokens, log) in scaled.all(upTo: 3, source: n) {
        let expected = 4000 * Double.exp(log)
        total += expected
        let deviation = (expected * (1 - expected / 4000)).squareRoot()
        #expect(
          abs(counts[tokens, default: 0] - expected) <= 5 * deviation + 1,
          "graph's seed 5, source \(n): \(tokens)")
      }
      let deviation = (total * (1 - total / 4000)).squareRoot()
      #expect(abs(counts.values.reduce(0, +) - total) <= 5 * deviation + 1)
      #expect(written.allSatisfy { $0.hasEnded || $0.tokens.count == 3 })
      for hypothesis in written.prefix(20) {
        let log = writer.logProbability(
          hypothesis.tokens, source: n, ends: hypothesis.hasEnded)
        #expect(abs(hypothesis.logProbability - log) < 1e-12)
      }
    }
  }

  @Test func `draws follow from seed, pass, sequence and sample alone`() {
    let writer = Writer(seed: 8)
    var sampler = SequenceSampler(maximumLength: 12)
    // Tokens alone are compared where the batches differ: products of other sizes round differently.
    (sampler.count, sampler.minimumLength) = (3, 4)
    func tokens(
      _ sampler: SequenceSampler, sources: Int = 3, graph: Graph<Double> = Graph(seed: 5)
    ) -> [[[Token]]] {
      writer.write(sampler, sources: sources, graph: graph).map { $0.map(\.tokens) }
    }
    let three = tokens(sampler)
    #expect(three == tokens(sampler))
    // The other sources, and the threads.
    #expect(Array(three.prefix(2)) == tokens(sampler, sources: 2))
    for threads in 2...3 {
      #expect(three == tokens(sampler, graph: Graph(threads: threads, seed: 5)))
    }
    // Fewer samples are the first of more.
    sampler.count = 1
    #expect(tokens(sampler) == three.map { [$0[0]] })
    #expect(Set(three[0]).count > 1, "samples of one source differ")
    // The numbers of the sequences go with them.
    let moved = Graph<Double>(seed: 5)
    moved.noise.sequences = [1, 0]
    let swapped = writer.evaluate(on: moved) { model, graph in
      let start = writer.start(2, on: graph)
      let state = start[batch: 1..<2].joined(start[batch: 0..<1], along: .batch)
      return sampler(from: state, begin: Writer.begin, end: Writer.end) { tokens, state in
        model.step(tokens, state, on: graph)
      }.map { $0.map(\.tokens) }
    }
    #expect(swapped == [[three[1][0]], [three[0][0]]])
    // Other seeds and passes.
    sampler.count = 3
    var other = sampler
    other.seed = 1
    #expect(tokens(other) != three)
    #expect(tokens(sampler, graph: Graph(seed: 6)) != three)
    let later = Graph<Double>(seed: 5)
    later.noise.pass = 9
    #expect(tokens(sampler, graph: later) != three)
  }

  @Test(arguments: [0.0, 1.0])
  func `banned tokens, prefixes, runs and lengths`(temperature: Double) {
    let writer = Writer(seed: 6)
    var sampler = SequenceSampler(TokenSampler(temperature: temperature), maximumLength: 6)
    sampler.count = 50
    (sampler.minimumLength, sampler.banned, sampler.prefix) = (3, [1], [2])
    sampler.uniqueRuns = 2
    for written in writer.write(sampler) {
      #expect(written.count == 50)
      for hypothesis in written {
        let tokens = hypothesis.tokens
        #expect(tokens.first == 2 && !tokens.contains(1) && (3...6).contains(tokens.count))
        let runs = zip(tokens, tokens.dropFirst()).map { "\($0) \($1)" }
        #expect(Set(runs).count == runs.count)
      }
    }
    // Tokens 0 and 2 once each, then nothing is left but the end, which the smallest length forbids.
    sampler.uniqueRuns = 1
    for hypothesis in writer.write(sampler).joined() {
      #expect(hypothesis.tokens == [2, 0] && !hypothesis.hasEnded)
    }
    // What is asked for is written even where it is banned.
    sampler.prefix = [1, 1]
    #expect(writer.write(sampler).joined().allSatisfy { $0.tokens.prefix(2) == [1, 1] })
  }

  @Test func `what may follow a run`() {
    var rng = SeededGenerator(seed: 14)
    for n in 1...3 {
      var rules = DecodingRules(maximumLength: 30)
      (rules.uniqueRuns, rules.banned) = (n, [4])
      for _ in 0..<50 {
        let count = Int.random(in: 0...12, using: &rng)
        let tokens = (0..<count).map { _ in Token.random(in: 0..<4, using: &rng) }
        var sampler = SequenceSampler(.init(temperature: 0), maximumLength: count + 1)
        sampler.rules = rules
        (sampler.prefix, sampler.maximumLength) = (tokens, count + 1)
        // A decoder that likes low numbers: it goes on with the first token that is allowed.
        let written = Constant().evaluate(on: Graph()) { _, graph in
          sampler(
            from: graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1)), begin: 0, end: nil
          ) { tokens, state in
            DecoderStep(
              scores: graph.constant(
                SequenceBatch<Double>(
                  steps: 1, batch: 1, features: 6, elements: [5, 4, 3, 2, 1, 0])
              ), state: state)
          }[0][0].tokens
        }
        let expected = [Token(0), 1, 2, 3, 5].first { next in
          let run = tokens.suffix(n - 1) + [next]
          return n > count
            || !(0...count - n).contains { tokens[$0..<$0 + n].elementsEqual(run) }
        }
        #expect(
          written == tokens + [expected].compactMap { $0 }, "seed 14, runs of \(n) after \(tokens)")
      }
    }
  }

  struct Constant: Model {
    typealias Scalar = Double
    mutating func visitParts(_ part: inout PartVisitor<Double>) {}
  }

  @Test func `without an end all have the largest length`() {
    let writer = Writer(seed: 9)
    let written = writer.write(SequenceSampler(maximumLength: 5), end: nil).joined()
    #expect(written.allSatisfy { $0.tokens.count == 5 && !$0.hasEnded })
    #expect(written.contains { $0.tokens.contains(Writer.end) }, "an ordinary token then")
  }

  @Test func `each source begins with a token of its own`() {
    let writer = Writer(seed: 10)
    let sampler = SequenceSampler.greedy(maximumLength: 4)
    func written(_ begin: [Token]) -> [[Hypothesis]] {
      writer.evaluate(on: Graph()) { model, graph in
        sampler(from: writer.start(2, on: graph), begin: begin, end: Writer.end) { tokens, state in
          model.step(tokens, state, on: graph)
        }
      }
    }
    let (both, one, two) = (written([1, 2]), written([1, 1]), written([2, 2]))
    #expect(both == [one[0], two[1]])
  }

  @Test func `what is out of range traps`() async {
    let lengths = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var sampler = SequenceSampler(maximumLength: 3)
      sampler.minimumLength = 4
      _ = Writer(seed: 1).write(sampler)
    }
    #expect(message(lengths).contains("SequenceSampler: lengths 4...3 with a prefix of 0 tokens"))
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var sampler = SequenceSampler(maximumLength: 3)
      sampler.count = 0
      _ = Writer(seed: 1).write(sampler)
    }
    #expect(message(count).contains("SequenceSampler: 0 sequences for each source"))
    let scores = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var writer = Writer(seed: 1)
      writer.output.parameters.b = writer.output.parameters.b * .nan
      var sampler = SequenceSampler(maximumLength: 3)
      sampler.banned = [1]
      _ = writer.write(sampler)
    }
    #expect(message(scores).contains("has the model diverged?"))
  }
}
