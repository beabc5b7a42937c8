import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct ScheduledSamplingTests {
  /// What a pass gave, in bits.
  struct Pass: Hashable {
    var scores: [UInt64] = []
    var inputs: [Token] = []
    var gradients: [UInt64] = []
  }

  static let (T, N) = (7, 3)
  static let truth = TokenBatch(
    steps: T, batch: N,
    tokens: (0..<T * N).map { $0 < N ? Writer.begin : Token($0 * 5 % 3) })
  static let targets = TokenBatch(
    steps: T, batch: N, tokens: (0..<T * N).map { Token($0 * 7 % 4) })

  /// A recorded pass of a writer.
  static func pass(
    on graph: Graph<Double> = Graph(seed: 3),
    _ scores: (Writer, Graph<Double>) -> (scores: Node<Double>, inputs: TokenBatch)
  ) -> Pass {
    var result = Pass()
    graph.noise.pass = 0
    _ = Writer(seed: 2).gradients(on: graph) { model, graph in
      let (scores, inputs) = scores(model, graph)
      result.scores = scores.value.elements.map(\.bitPattern)
      result.inputs = inputs.tokens
      return scores.crossEntropy(targets)
    }
    result.gradients = graph.gradients.elements.map(\.bitPattern)
    return result
  }

  /// A pass under scheduled sampling.
  static func scheduled(
    _ sampling: ScheduledSampling, update: Int = 0, on graph: Graph<Double> = Graph(seed: 3)
  ) -> Pass {
    pass(on: graph) { model, graph in
      let run = sampling(truth, update: update, from: model.start(N, on: graph)) {
        model.step($0, $1, on: graph)
      }
      return (run.scores, run.inputs)
    }
  }

  /// A pass that reads what `input` says from the scores of the step before.
  static func stepped(_ input: (Int, Int, [Double]) -> Token) -> Pass {
    pass { model, graph in
      var (state, scores, read) = (model.start(N, on: graph), [Node<Double>](), truth)
      for t in 0..<T {
        let before = scores.last?.value.elements ?? []
        for n in 0..<N where t > 0 {
          read[t, n] = input(t, n, Array(before[n * Writer.V..<(n + 1) * Writer.V]))
        }
        let tokens = TokenBatch(steps: 1, batch: N, tokens: (0..<N).map { read[t, $0] })
        let step = model.step(tokens, state, on: graph)
        state = step.state
        scores.append(step.scores)
      }
      return (Node.joined(scores, along: .steps), read)
    }
  }

  static func likeliest(_ scores: [Double]) -> Token {
    Token(scores.indices.max { scores[$0] < scores[$1] } ?? 0)
  }

  @Test func `a probability of 1 is teacher forcing, bit for bit`() {
    let forced = Self.stepped { t, n, _ in Self.truth[t, n] }
    #expect(Self.scheduled(ScheduledSampling(.constant(1))) == forced)
    #expect(Self.scheduled(ScheduledSampling(.constant(1), predictingBy: .init())) == forced)
  }

  @Test func `a probability of 0 is free running, bit for bit`() {
    let free = Self.stepped { _, _, scores in Self.likeliest(scores) }
    #expect(Self.scheduled(ScheduledSampling(.constant(0))) == free)
    // And greedy decoding writes the same.
    let written = Writer(seed: 2).evaluate(on: Graph()) { model, graph in
      SequenceSampler.greedy(maximumLength: Self.T - 1)(
        from: model.start(Self.N, on: graph), begin: Writer.begin, end: nil
      ) { model.step($0, $1, on: graph) }
    }
    for n in 0..<Self.N {
      #expect(written[n][0].tokens == (1..<Self.T).map { free.inputs[$0 * Self.N + n] })
    }
    #expect(free.inputs != Self.truth.tokens)
  }

  @Test(arguments: [0.25, 0.8], [0.0, 1.0])
  func `between them a coin decides for each token`(probability: Double, temperature: Double) {
    let sampling = ScheduledSampling(
      .constant(probability), predictingBy: TokenSampler(temperature: temperature))
    let run = Self.scheduled(sampling)
    // Its scores and gradients are those of what it has read.
    let again = Self.stepped { t, n, _ in run.inputs[t * Self.N + n] }
    #expect(run == again)
    #expect(Array(run.inputs.prefix(Self.N)) == [Writer.begin, Writer.begin, Writer.begin])
  }

  @Test func `the truth is as likely as the schedule says`() {
    // The truth is a token that is never predicted.
    struct Blind: Model {
      typealias Scalar = Double
      mutating func visitParts(_ part: inout PartVisitor<Double>) {}
    }
    let inputs = TokenBatch(repeating: 2, steps: 41, batch: 50)
    for p in [0.1, 0.5, 0.9] {
      for sampled in [false, true] {
        let sampling = ScheduledSampling(
          .constant(p), predictingBy: TokenSampler(temperature: sampled ? 1 : 0))
        let read = Blind().evaluate(on: Graph(seed: 4)) { _, graph in
          sampling(
            inputs, update: 0, from: graph.constant(0, NodeShape(steps: 1, batch: 50, features: 1))
          ) { tokens, state in
            DecoderStep(
              scores: graph.constant(
                SequenceBatch<Double>(
                  steps: 1, batch: 50, features: 3,
                  elements: (0..<50).flatMap { _ in [0, Double.log(3), -.infinity] })),
              state: state)
          }.inputs
        }
        let rows = (0..<50).map { n in (1..<41).map { read[$0, n] } }
        func check(_ token: Token, _ p: Double) {
          let deviation = (2000 * p * (1 - p)).squareRoot()
          let count = Double(rows.joined().count { $0 == token })
          #expect(
            abs(count - 2000 * p) <= 5 * deviation, "graph's seed 4, token \(token): \(count)")
        }
        check(2, p)
        check(1, (1 - p) * (sampled ? 0.75 : 1))
        // Coins of steps and of sequences are different ones.
        #expect(Set(rows).count > 40)
        #expect(Set((1..<41).map { t in (0..<50).map { read[t, $0] } }).count > 35)
      }
    }
  }

  @Test func `choices follow from seed, pass, sequence and step alone`() {
    let sampling = ScheduledSampling(.constant(0.5), predictingBy: TokenSampler())
    func inputs(
      _ sampling: ScheduledSampling, pass: UInt64 = 0, sequences: [Int]? = nil, threads: Int = 1,
      seed: UInt64 = 3
    ) -> [[Token]] {
      let graph = Graph<Double>(threads: threads, seed: seed)
      (graph.noise.pass, graph.noise.sequences) = (pass, sequences)
      let order = sequences ?? [0, 1, 2]
      return Writer(seed: 2).evaluate(on: graph) { model, graph in
        let start = model.start(Self.N, on: graph)
        let rows = order.map { start[batch: $0..<$0 + 1] }
        let truth = TokenBatch(
          steps: Self.T, batch: Self.N,
          tokens: (0..<Self.T).flatMap { t in order.map { Self.truth[t, $0] } })
        let run = sampling(truth, update: 0, from: .joined(rows, along: .batch)) {
          model.step($0, $1, on: graph)
        }
        return order.indices.map { n in (0..<Self.T).map { run.inputs[$0, n] } }
      }
    }
    let one = inputs(sampling)
    #expect(one == inputs(sampling) && one == inputs(sampling, threads: 3))
    #expect(inputs(sampling, sequences: [2, 0, 1]) == [one[2], one[0], one[1]])
    #expect(inputs(sampling, pass: 1) != one && inputs(sampling, seed: 4) != one)
    var other = sampling
    other.seed = 1
    #expect(inputs(other) != one)
  }

  @Test(arguments: EncoderDecoderTests.kinds)
  func `an encoder–decoder's pure modes`(kind: EncoderDecoderTests.Kind) {
    typealias Tests = EncoderDecoderTests
    var model = Tests.model(
      kind.score, feedsInput: kind.feedsInput, coverage: kind.coverage)
    model.dropout = 0.3
    let graph = Graph<Double>(seed: 2)
    func pass(_ scores: (Tests.Sample<Double>, Graph<Double>) -> Node<Double>) -> Pass {
      var result = Pass()
      graph.noise.pass = 0
      _ = model.gradients(on: graph) { model, graph in
        let scores = scores(model, graph)
        result.scores = scores.value.elements.map(\.bitPattern)
        return scores.crossEntropy(Tests.targets)
      }
      result.gradients = graph.gradients.elements.map(\.bitPattern)
      return result
    }
    func scheduled(_ p: Double) -> Pass {
      pass {
        $0(
          Tests.source, lengths: Tests.lengths, inputs: Tests.inputs,
          sampling: ScheduledSampling(.constant(p)), update: 5, on: $1)
      }
    }
    let forced = pass {
      $0(Tests.source, lengths: Tests.lengths, inputs: Tests.inputs, on: $1)
    }
    #expect(scheduled(1) == forced)
    let free = pass { model, graph in
      let encoded = model.encode(Tests.source, lengths: Tests.lengths, on: graph)
      var (state, scores) = (encoded.state, [Node<Double>]())
      var tokens = TokenBatch(repeating: 0, steps: 1, batch: 2)
      for _ in 0..<3 {
        let step = model.step(tokens, state, encoded, on: graph)
        (state, scores) = (step.state, scores + [step.scores])
        let values = step.scores.value.elements
        for n in 0..<2 { tokens[0, n] = Self.likeliest(Array(values[n * 6..<n * 6 + 6])) }
      }
      return Node.joined(scores, along: .steps)
    }
    #expect(scheduled(0) == free)
    #expect(free != forced)
  }

  @Test func schedules() {
    typealias Schedule = ScheduledSampling.Schedule
    func probabilities(_ schedule: Schedule, _ updates: [Int]) -> [Double] {
      updates.map { schedule.probability(at: $0) }
    }
    #expect(probabilities(.constant(0.3), [0, 9]) == [0.3, 0.3])
    #expect(
      probabilities(.linear(start: 0.75, slope: 0.125, minimum: 0.25), [0, 1, 4, 5, 1000])
        == [0.75, 0.625, 0.25, 0.25, 0.25])
    #expect(probabilities(.linear(slope: 0.25), [0, 3, 4, 9]) == [1, 0.25, 0, 0])
    #expect(probabilities(.exponential(0.5), [0, 1, 3]) == [1, 0.5, 0.125])
    #expect(probabilities(.inverseSigmoid(10), [0]) == [10.0 / 11])
    let half = Schedule.inverseSigmoid(20)
    let middle = 20 * Double.log(20)
    let around = probabilities(half, [Int(middle) - 1, Int(middle) + 1])
    #expect(around[0] > 0.5 && around[1] < 0.5)
    #expect(abs(around[0] - around[1] - 2 / 80.0) < 1e-3)
    #expect(probabilities(half, [1_000_000]) == [0])
  }

  @Test func `constants out of range trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ScheduledSampling.Schedule.inverseSigmoid(0.5).probability(at: 1)
    }
    #expect(message(result).contains("inverse sigmoid with k = 0.5 below 1"))
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Writer(seed: 1).evaluate(on: Graph()) { model, graph in
        ScheduledSampling(.constant(1))(
          TokenBatch(repeating: 0, steps: 2, batch: 3), update: 0, from: model.start(2, on: graph)
        ) { model.step($0, $1, on: graph) }.inputs
      }
    }
    #expect(message(shapes).contains("inputs of shape [2, 3], a state of shape [1, 2, 5]"))
  }
}
