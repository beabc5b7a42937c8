import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

/// What a language model writes by itself.
@Suite struct LanguageModelWritingTests {
  typealias Sample = LanguageModel<GRU<Double>>

  static let model: Sample = {
    var rng = SeededGenerator(seed: 71)
    var model = Sample.gru(vocabularySize: 4, embeddingSize: 3, hiddenSize: 4, using: &rng)
    model.output.linear?.parameters.W = .uniform(rows: 4, columns: 4, in: -2..<2, using: &rng)
    return model
  }()

  /// `log P` of tokens after a prompt, and of the end.
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
    var sampler = SequenceSampler(maximumLength: 2)
    (sampler.count, sampler.seed) = (3000, 5)
    var counts: [[Token]: Int] = [:]
    for found in Self.model.write(after: [[0]], by: sampler, end: 3)[0] {
      let log = Self.log(found.tokens, ends: found.hasEnded)
      #expect(found.tokens.count <= 2 && !found.tokens.contains(3))
      #expect(abs(found.logProbability - log) < 1e-12)
      counts[found.tokens, default: 0] += 1
    }
    #expect(counts.count > 5)
    for (tokens, seen) in counts {
      // Those of the largest length end or not.
      let expected = Double.exp(Self.log(tokens, ends: tokens.count < 2)) * 3000
      #expect(abs(Double(seen) - expected) < 5 * expected.squareRoot() + 1, "seed 5: \(tokens)")
    }
  }

  @Test func `prompts of other lengths are read as they are`() {
    var sampler = SequenceSampler.greedy(maximumLength: 6)
    sampler.minimumLength = 6
    let prompts: [[Token]] = [[0, 1, 2, 2], [1], [2, 0]]
    for (prompt, found) in zip(prompts, Self.model.write(after: prompts, by: sampler, end: 3)) {
      let tokens = found[0].tokens
      #expect(tokens.count == 6)
      for t in 0..<6 {
        let before = Array(tokens[..<t])
        let best = [Token(0), 1, 2].max {
          Self.log(before + [$0], after: prompt, ends: false)
            < Self.log(before + [$1], after: prompt, ends: false)
        }
        #expect(tokens[t] == best)
      }
    }
  }

  @Test func `what is written does not depend on the company`() {
    func write(_ prompts: [[Token]], seed: UInt64 = 9) -> [[Token]] {
      var sampler = SequenceSampler(maximumLength: 9)
      sampler.seed = seed
      return Self.model.write(after: prompts, by: sampler, end: 3).map { $0[0].tokens }
    }
    let all = write([[0], [0, 1, 2], [2, 2]])
    #expect(write([[0]]) == Array(all[..<1]) && write([[0], [0, 1, 2]]) == Array(all[..<2]))
    #expect(write([[0], [0, 1, 2], [2, 2]], seed: 10) != all)
  }

  @Test func `a search finds what is likelier than the greedy choice`() {
    let search = BeamSearch(width: 8, maximumLength: 5)
    let found = Self.model.evaluate(on: Graph()) { model, graph in
      search(from: model.layer.beginning(batch: 1, on: graph), begin: 0, end: 3) {
        model.step($0, $1, on: graph)
      }
    }
    let greedy = Self.model.write(
      after: [[0]], by: SequenceSampler.greedy(maximumLength: 5), end: 3)
    let best = found[0].first
    #expect((best?.logProbability ?? -.infinity) >= greedy[0][0].logProbability - 1e-12)
    #expect(best.map { abs($0.logProbability - Self.log($0.tokens, ends: true)) < 1e-12 } == true)
  }
}
