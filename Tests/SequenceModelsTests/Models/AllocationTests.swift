import Autodiff
import CAllocationCounter
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// A steady-state step allocates nothing, whatever the cell, the precision and the optimizer.
@Suite(.enabled(if: allocation_counter_is_available()))
struct AllocationTests {
  /// Allocations of the calling thread while `body` runs.
  func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
    let before = allocation_counter_thread_value()
    try body()
    return allocation_counter_thread_value() - before
  }

  /// Allocations in four training steps after three, each followed by `afterStep`.
  func countTraining<Layer: CausalLayer>(
    _ model: LanguageModel<Layer>, dropout: Double = 0,
    optimizer: some Optimizer<ModelParameters<Layer.Scalar>>,
    afterStep: (LanguageModel<Layer>) -> Void = { _ in }
  ) throws -> UInt64 {
    var (model, optimizer) = (model, optimizer)
    let streams = TokenStreams(CharacterModelSamples.tokens(200), batch: 3, steps: 6)
    model.dropout = dropout
    let graph = Graph<Layer.Scalar>(threads: 1)
    var (state, window): (SequenceBatch<Layer.Scalar>?, TokenWindow) = (nil, TokenWindow())
    func step(_ index: Int) throws {
      streams.load(index, into: &window)
      try model.trainingStep(
        window, state: &state, on: graph, optimizer: &optimizer, maximumNorm: 0.01)
      afterStep(model)
    }
    for index in 0..<3 { try step(index) }
    return try allocations { for index in 3..<7 { try step(index) } }
  }

  @Test func `a training step`() throws {
    let lstm = CharacterModelSamples.lstm(Float.self)
    #expect(try countTraining(lstm, optimizer: Adam(for: lstm.parameters)) == 0)
    let double = CharacterModelSamples.lstm(Double.self)
    #expect(
      try countTraining(
        double, optimizer: SGD(for: double.parameters, learningRate: 0.1, momentum: 0.5)) == 0)
    for variant in [GRUOptions.Candidate.resetAfter, .resetBefore] {
      let gru = CharacterModelSamples.gru(Float.self, variant)
      #expect(
        try countTraining(
          gru, dropout: 0.3, optimizer: Adam(for: gru.parameters, weightDecay: .decoupled(0.1)))
          == 0)
    }
    let rnn = CharacterModelSamples.simpleRNN(Float.self)
    #expect(
      try countTraining(rnn, optimizer: SGD(for: rnn.parameters, learningRate: 0.1)) == 0)
  }

  @Test func `a training step of a defined cell`() throws {
    var rng = SeededGenerator(seed: 45)
    let model = LanguageModel(
      vocabularySize: CharacterModelSamples.vocabulary.count,
      layer: try DefinedLayer<Float>(.mut3, inputSize: 3, hiddenSize: 4, using: &rng), using: &rng)
    #expect(try countTraining(model, optimizer: Adam(for: model.parameters)) == 0)
    var options = LSTMOptions()
    options.memory = .diagonal()
    let peephole = LanguageModel(
      vocabularySize: CharacterModelSamples.vocabulary.count,
      layer: try LSTM<Float>(inputSize: 3, hiddenSize: 4, options: options, using: &rng),
      using: &rng)
    #expect(try countTraining(peephole, optimizer: Adam(for: peephole.parameters)) == 0)
  }

  @Test func `a training step of a stack`() throws {
    let model = CharacterModelSamples.stack(Float.self)
    #expect(try countTraining(model, dropout: 0.2, optimizer: Adam(for: model.parameters)) == 0)
  }

  @Test func `a training step of a chain of kinds`() throws {
    let model = CharacterModelSamples.chain(Float.self)
    #expect(try countTraining(model, dropout: 0.2, optimizer: Adam(for: model.parameters)) == 0)
  }

  @Test(arguments: TokenOutputTests.Kind.allCases)
  func `a training step with each output`(kind: TokenOutputTests.Kind) throws {
    let model = TokenOutputTests.model(kind, Float.self)
    #expect(try countTraining(model, dropout: 0.2, optimizer: Adam(for: model.parameters)) == 0)
  }

  @Test func `a copy of the model costs one`() throws {
    let model = CharacterModelSamples.lstm(Float.self)
    var copies: [LanguageModel<LSTM<Float>>] = []
    copies.reserveCapacity(10)
    let count = try countTraining(model, optimizer: Adam(for: model.parameters)) {
      copies.append($0)
    }
    #expect(count > 0, "three blocks copied in each step must be counted")
  }

  @Test func `reading a token`() {
    var reader = TokenReader(CharacterModelSamples.gru(Float.self, .resetAfter))
    for token in 0..<3 { reader.read(Token(token)) }
    // A range of Int: the iterator of any other allocates in unoptimised builds.
    let count = allocations { for token in 0..<7 { reader.read(Token(token)) } }
    #expect(count == 0)
  }
}
