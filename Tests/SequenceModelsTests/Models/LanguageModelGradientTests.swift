import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// The gradients of the whole model, from the loss back to the embedding, in Double.
@Suite struct LanguageModelGradientTests {
  /// The largest error of any block's gradient, relative to the largest of that block.
  func largestError<Layer: CausalLayer>(
    _ model: LanguageModel<Layer>, dropout: Double,
    tamper: (inout [Double]) -> Void = { _ in }
  ) -> Double where Layer.Scalar == Double {
    // Window 1 of 3 streams of 11 targets: it starts from a state, and two streams end early in it.
    let streams = TokenStreams(CharacterModelSamples.tokens(11), batch: 3, steps: 3)
    let window = streams[1]
    #expect(window.targets.tokens.contains(TokenStreams.ignored))
    var model = model
    model.dropout = dropout
    let graph = Graph<Double>(seed: 7)
    var state: SequenceBatch<Double>?
    model.evaluate(on: graph) { model, graph in
      model(streams[0].inputs, on: graph).finalState.copy(into: &state)
    }

    func loss(_ model: LanguageModel<Layer>, _ graph: Graph<Double>) -> Node<Double> {
      model(window.inputs, from: state.map { graph.constant($0) }, on: graph).outputs
        .crossEntropy(window.targets, ignoring: TokenStreams.ignored)
    }
    graph.noise.pass = 0
    _ = model.gradients(on: graph, of: loss)
    var analytic = (0..<graph.gradients.blockCount).map { block in
      graph.gradients[block: block].withUnsafeBufferPointer { Array($0) }
    }
    tamper(&analytic[1])
    return analytic.indices.map { block in
      let start = model.parameters[block: block].withUnsafeBufferPointer { Array($0) }
      return slopeError(analytic[block], at: start) { values in
        var moved = model
        var parameters = moved.parameters
        parameters.withUnsafeMutableBufferPointer(ofBlock: block) {
          _ = $0.update(fromContentsOf: values)
        }
        moved.parameters = parameters
        return recordedLoss(moved, on: graph, loss)
      }
    }.max() ?? .infinity
  }

  @Test(arguments: [0.0, 0.4]) func `LSTM`(dropout: Double) {
    let error = largestError(CharacterModelSamples.lstm(Double.self), dropout: dropout)
    #expect(error < 1e-6, "\(error)")
  }

  @Test(arguments: [GRUOptions.Candidate.resetAfter, .resetBefore], [0.0, 0.4])
  func `GRU`(variant: GRUOptions.Candidate, dropout: Double) {
    let error = largestError(CharacterModelSamples.gru(Double.self, variant), dropout: dropout)
    #expect(error < 1e-6, "\(variant): \(error)")
  }

  @Test func `simple RNN`() {
    let error = largestError(CharacterModelSamples.simpleRNN(Double.self), dropout: 0)
    #expect(error < 1e-6, "\(error)")
  }

  @Test func `a stack`() {
    let error = largestError(CharacterModelSamples.stack(Double.self), dropout: 0.4)
    #expect(error < 1e-6, "\(error)")
  }

  @Test func `a chain of kinds`() {
    let error = largestError(CharacterModelSamples.chain(Double.self), dropout: 0.4)
    #expect(error < 1e-6, "\(error)")
  }

  @Test func `a projected layer that zones out`() throws {
    let error = largestError(try CharacterModelSamples.projected(Double.self), dropout: 0)
    #expect(error < 1e-6, "\(error)")
  }

  @Test func `a gradient that is wrong by a thousandth fails the check`() {
    let error = largestError(CharacterModelSamples.lstm(Double.self), dropout: 0) {
      let largest = $0.indices.max { [g = $0] in abs(g[$0]) < abs(g[$1]) } ?? 0
      $0[largest] *= 1.001
    }
    #expect(error > 1e-6)
  }
}
