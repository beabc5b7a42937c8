import Autodiff
import CAllocationCounter
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// An update from several batches is one from a batch of all their sequences.
@Suite struct AccumulationTests {
  typealias Samples = TrainingSamples

  static let data = Samples.sequences(24)

  /// Batches of different sizes, so that a mean of means would be wrong.
  static let parts = [0..<1, 1..<8, 8..<10, 10..<24].map { data.batch(Array($0)) }

  static func gradients(_ parts: [Samples.Batch]) throws -> ([Double], TrainingStep) {
    var model = Samples.classifier(Double.self)
    let graph = Graph<Double>(threads: 1)
    // Without momentum and with rate 1, the step is the gradient.
    var sgd = SGD(for: model.parameters, learningRate: 1)
    let before = model.parameters.elements
    let step = try model.trainingStep(
      accumulating: parts, on: graph, optimizer: &sgd, loss: Samples.loss)
    return (zip(before, model.parameters.elements).map { $0 - $1 }, step)
  }

  @Test func `equals the batch of all`() throws {
    let (whole, one) = try Self.gradients([Self.data.batch(Array(0..<24))])
    let (accumulated, several) = try Self.gradients(Self.parts)
    let largest = whole.map(abs).max() ?? 0
    let error = zip(whole, accumulated).map { abs($0 - $1) }.max() ?? 1
    #expect(largest > 1e-3 && error < 1e-12 * largest, "\(error) of \(largest)")
    #expect(several.loss.count == 24 && abs(several.loss.sum - one.loss.sum) < 1e-12)
    #expect(abs(several.gradientNorm - one.gradientNorm) < 1e-12)
  }

  @Test(arguments: [1, 2, 3]) func `one batch is the plain step`(threads: Int) throws {
    var (plain, accumulated) = (Samples.classifier(Float.self), Samples.classifier(Float.self))
    let (a, b) = (Graph<Float>(threads: 1), Graph<Float>(threads: threads))
    var (first, second) = (Adam(for: plain.parameters), Adam(for: plain.parameters))
    for part in Self.parts {
      let x = try plain.trainingStep(on: a, optimizer: &first, maximumNorm: 0.1) {
        Samples.loss($0, part, $1)
      }
      let y = try accumulated.trainingStep(
        accumulating: [part], on: b, optimizer: &second, maximumNorm: 0.1, loss: Samples.loss)
      #expect(x == y)
    }
    #expect(plain.parameters.bits == accumulated.parameters.bits)
  }

  /// Frozen parts stay as they are, and the graph goes on with plain steps.
  @Test func `parts that are frozen`() throws {
    var model = Samples.classifier(Float.self)
    let graph = Graph<Float>(threads: 1)
    graph.freeze("embedding")
    var adam = Adam(for: model.parameters, weightDecay: .decoupled(0.1))
    let before = model.parameters
    for _ in 0..<2 {
      try model.trainingStep(
        accumulating: Self.parts, on: graph, optimizer: &adam, loss: Samples.loss)
      try model.trainingStep(on: graph, optimizer: &adam) { Samples.loss($0, Self.parts[1], $1) }
    }
    for i in 0..<before.blockCount {
      let blocks = [model.parameters[block: i], before[block: i]]
        .map { $0.withUnsafeBufferPointer { Array($0) } }
      let isSame = blocks[0] == blocks[1]
      #expect(isSame == before.names[i].hasPrefix("embedding"), "\(before.names[i])")
    }
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `allocates nothing the second time`() throws {
    var model = Samples.classifier(Float.self)
    let graph = Graph<Float>(threads: 1)
    var adam = Adam(for: model.parameters)
    let parts = Array(repeating: Self.parts[3], count: 3)
    func step() throws {
      try model.trainingStep(
        accumulating: parts, on: graph, optimizer: &adam, loss: Samples.loss)
    }
    for _ in 0..<3 { try step() }
    let before = allocation_counter_thread_value()
    for _ in 0..<3 { try step() }
    #expect(allocation_counter_thread_value() - before == 0)
  }

  @Test func `a batch that is not finite leaves everything`() throws {
    var model = Samples.classifier(Double.self)
    let graph = Graph<Double>(threads: 1)
    var adam = Adam(for: model.parameters)
    let before = model.parameters.bits
    var calls = 0
    #expect(throws: TrainingError.self) {
      try model.trainingStep(accumulating: Self.parts, on: graph, optimizer: &adam) {
        calls += 1
        let loss = Samples.loss($0, $1, $2)
        return calls == 3 ? loss * .nan : loss
      }
    }
    #expect(model.parameters.bits == before && adam.stepCount == 0)
  }
}
