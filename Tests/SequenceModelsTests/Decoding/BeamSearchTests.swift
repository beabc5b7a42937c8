import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct BeamSearchTests {
  @Test(arguments: [0.0, 0.6, 1.2], [1, 2, 3] as [UInt64])
  func `as wide as all is brute force`(penalty: Double, seed: UInt64) {
    let writer = Writer(seed: seed)
    var search = BeamSearch(width: 81, maximumLength: 4)
    search.best = 5
    search.lengthPenalty = penalty
    for (n, found) in writer.search(search).enumerated() {
      let expected = writer.all(upTo: 4, source: n)
        .map { ($0.tokens, $0.log, $0.log / .pow(Double(5 + $0.tokens.count) / 6, penalty)) }
        .sorted { $0.2 > $1.2 }.prefix(5)
      #expect(found.map(\.tokens) == expected.map(\.0), "seed \(seed)")
      for (a, b) in zip(found, expected) {
        #expect(abs(a.logProbability - b.1) < 1e-12 && abs(a.score - b.2) < 1e-12 && a.hasEnded)
      }
    }
  }

  @Test func `of width 1 it takes the likeliest token`() {
    let writer = Writer(seed: 4)
    var search = BeamSearch(width: 1, maximumLength: 6)
    // With nothing to end it, what is written is the greedy choice.
    search.minimumLength = 6
    for (n, found) in writer.search(search).enumerated() {
      var tokens: [Token] = []
      for _ in 0..<6 {
        let next = [Token(0), 1, 2].max {
          writer.logProbability(tokens + [$0], source: n, ends: false)
            < writer.logProbability(tokens + [$1], source: n, ends: false)
        }
        if let next { tokens.append(next) }
      }
      #expect(found.map(\.tokens) == [tokens])
    }
  }

  @Test func `sources side by side find what each finds alone`() {
    let writer = Writer(seed: 5)
    let search = BeamSearch(width: 3, maximumLength: 8)
    let together = writer.search(search, sources: 3)
    for n in 1...3 {
      #expect(
        writer.search(search, sources: n).last?.map(\.tokens) == together[n - 1].map(\.tokens))
    }
  }

  @Test func `a wider search is not worse`() {
    for seed in 10..<30 {
      let writer = Writer(seed: UInt64(seed))
      let all = writer.search(BeamSearch(width: 81, maximumLength: 4))
      for width in [1, 2, 4] {
        let found = writer.search(BeamSearch(width: width, maximumLength: 4))
        for n in 0..<2 { #expect((found[n].first?.score ?? -.infinity) <= all[n][0].score + 1e-12) }
      }
    }
  }

  @Test func `banned tokens, prefixes, runs and lengths`() {
    let writer = Writer(seed: 6)
    var search = BeamSearch(width: 8, maximumLength: 6)
    (search.best, search.minimumLength) = (8, 3)
    search.banned = [1]
    search.prefix = [2]
    search.uniqueRuns = 2
    for found in writer.search(search) {
      #expect(!found.isEmpty)
      for hypothesis in found {
        let tokens = hypothesis.tokens
        #expect(tokens.first == 2 && !tokens.contains(1) && (3...6).contains(tokens.count))
        let runs = zip(tokens, tokens.dropFirst()).map { "\($0) \($1)" }
        #expect(Set(runs).count == runs.count)
      }
    }
  }

  @Test func `coverage decides between equal hypotheses`() {
    // Attention looks at step 0 after token 1 and at step 1 after token 2: to see both it must write both.
    struct Two: Model {
      typealias Scalar = Double
      mutating func visitParts(_ part: inout PartVisitor<Double>) {}
    }
    func found(coverage: Double) -> [Token]? {
      Two().evaluate(on: Graph()) { _, graph in
        var search = BeamSearch(width: 4, maximumLength: 3)
        search.minimumLength = 2
        search.coveragePenalty = coverage
        let state = graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1))
        return search(from: state, begin: 0, end: 3) { tokens, state in
          let rows = tokens.batch
          let scores = SequenceBatch<Double>(
            steps: 1, batch: rows, features: 4,
            elements: (0..<rows).flatMap { _ in [-9.0, 1, 0.9, 0] })
          let attention = SequenceBatch<Double>(
            steps: 1, batch: rows, features: 2,
            elements: (0..<rows).flatMap { tokens[0, $0] == 2 ? [0.0, 1] : [1, 0.0] })
          return DecoderStep(
            scores: graph.constant(scores), state: state,
            attention: graph.constant(attention))
        }.first?.first?.tokens
      }
    }
    #expect(found(coverage: 0) == [1, 1])
    #expect(found(coverage: 1)?.contains(2) == true)
  }

  @Test func `what is out of range traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Writer(seed: 1).search(BeamSearch(width: 0, maximumLength: 3))
    }
    #expect(message(result).contains("BeamSearch: width 0, best 1"))
  }
}
