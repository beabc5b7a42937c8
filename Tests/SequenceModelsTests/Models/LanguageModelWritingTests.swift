import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct SequenceSamplerTests {
  typealias Sample = LanguageModel<GRU<Double>>

  static let model: Sample = {
    var rng = SeededGenerator(seed: 71)
    var model = Sample.gru(vocabularySize: 4, embeddingSize: 3, hiddenSize: 4, using: &rng)
    model.output.linear?.parameters.W = .uniform(rows: 4, columns: 4, in: -2..<2, using: &rng)
    return model
  }()

  /// `log P` of tokens after the beginning, and of the end.
  static func log(_ tokens: [Token], after prompt: [Token] = [0], ends: Bool) -> Double {
    var reader = TokenReader(model)
    for token in prompt { reader.read(token) }
    var sum = 0.0
    for token in tokens + (ends ? [3] : []) {
      sum += RowActivation.logSoftmax(reader.scores)[0, Int(token)]
      reader.read(token)
    }
    return sum
  }

  @Test func `sequences are as frequent as they are likely`() {
    let count = 3000
    let written = Self.model.write(
      after: Array(repeating: [0], count: count), by: SequenceSampler(maximumLength: 2), end: 3,
      seed: 5)
    var counts: [[Token]: Int] = [:]
    for found in written {
      #expect(found.tokens.count <= 2 && !found.tokens.contains(3))
      #expect(
        abs(found.logProbability - Self.log(found.tokens, ends: found.hasEnded)) < 1e-12)
      counts[found.tokens, default: 0] += 1
    }
    #expect(counts.count > 5)
    for (tokens, seen) in counts {
      // Those of the largest length end or not.
      let expected = Double.exp(Self.log(tokens, ends: tokens.count < 2)) * Double(count)
      #expect(abs(Double(seen) - expected) < 5 * expected.squareRoot() + 1, "seed 5: \(tokens)")
    }
  }

  @Test func `a sequence does not depend on its place or company`() {
    func write(_ prompts: [[Token]], seed: UInt64 = 9) -> [Hypothesis] {
      Self.model.write(after: prompts, by: SequenceSampler(maximumLength: 9), end: 3, seed: seed)
    }
    let all = write([[0], [0, 1, 2], [2, 2]])
    #expect(write([[0]])[0].tokens == all[0].tokens)
    #expect(write([[0], [0, 1, 2]])[1].tokens == all[1].tokens)
    #expect(write([[0], [0, 1, 2], [2, 2]], seed: 10) != all)
    // Two batches are drawn as one.
    Self.model.evaluate(on: Graph()) { model, graph in
      let sampler = SequenceSampler(maximumLength: 9)
      func draw(_ rows: Int, from first: Int) -> [[Token]] {
        sampler(
          from: model.layer.beginning(batch: rows, on: graph),
          begin: TokenBatch(repeating: 0, steps: 1, batch: rows), end: 3, seed: 4,
          numberingFrom: first
        ) { model.step($0, $1, on: graph) }.map(\.tokens)
      }
      #expect(draw(2, from: 0) + draw(3, from: 2) == draw(5, from: 0))
    }
  }

  @Test func `prompts of other lengths are read as they are`() {
    var sampler = SequenceSampler(TokenSampler(temperature: 0), maximumLength: 6)
    sampler.minimumLength = 6
    let prompts: [[Token]] = [[0, 1, 2, 2], [1], [2, 0]]
    for (prompt, found) in zip(
      prompts, Self.model.write(after: prompts, by: sampler, end: 3, seed: 1))
    {
      #expect(found.tokens.count == 6)
      for t in 0..<6 {
        let before = Array(found.tokens[..<t])
        let best = [Token(0), 1, 2].max {
          Self.log(before + [$0], after: prompt, ends: false)
            < Self.log(before + [$1], after: prompt, ends: false)
        }
        #expect(found.tokens[t] == best)
      }
    }
  }

  @Test func `lengths and exclusions hold`() {
    var sampler = SequenceSampler(TokenSampler(topP: 0.9), maximumLength: 4)
    sampler.minimumLength = 2
    sampler.tokens.excluded = [1]
    let prompts = Array(repeating: [Token(0)], count: 200)
    for found in Self.model.write(after: prompts, by: sampler, end: 3, seed: 2) {
      #expect((2...4).contains(found.tokens.count) && !found.tokens.contains(1))
      #expect(found.hasEnded || found.tokens.count == 4)
    }
    let endless = Self.model.write(
      after: prompts, by: SequenceSampler(maximumLength: 5), end: nil, seed: 2)
    #expect(endless.allSatisfy { $0.tokens.count == 5 && !$0.hasEnded })
  }

  @Test func `greedy sampling is a beam of width 1`() {
    let search = BeamSearch(width: 1, maximumLength: 5)
    let found = Self.model.evaluate(on: Graph()) { model, graph in
      search(from: model.layer.beginning(batch: 1, on: graph), begin: 0, end: 3) {
        model.step($0, $1, on: graph)
      }
    }
    // The beam also compares with having ended earlier.
    let greedy = Self.model.write(
      after: [[0]], by: SequenceSampler(TokenSampler(temperature: 0), maximumLength: 5), end: 3,
      seed: 1)
    #expect((found[0].first?.logProbability ?? -.infinity) >= greedy[0].logProbability - 1e-12)
  }
}
