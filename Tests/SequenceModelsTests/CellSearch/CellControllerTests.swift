import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct CellControllerTests {
  static let space = CellSpace(hasMemory: true, maximumSize: 4)

  private func controller(_ seed: UInt64, units: Int = 5) -> CellController<Double> {
    var generator = SeededGenerator(seed: seed)
    return CellController(for: Self.space, units: units, using: &generator)
  }

  /// REINFORCE's loss with its entropy, on codes of different lengths.
  private func loss(
    _ controller: CellController<Double>, _ graph: Graph<Double>
  ) -> Node<Double> {
    var generator = SeededGenerator(seed: 62)
    let codes = (0..<3).map { _ in Self.space.draw(using: &generator) }
    let sample = controller.sample(codes, on: graph)
    return sample.loss(rewards: [0.2, 0.9, 0.4], baseline: .values([0.5, 0.5, 0.5]))
      - sample.entropy() * 0.01
  }

  @Test func `the gradient of REINFORCE and its threads`() {
    let controller = controller(61, units: 3)
    let error = modelGradientError(controller) { self.loss($0, $1) }
    #expect(error < 1e-6, "seed 61: \(error)")
    #expect(threadsAgree(controller) { self.loss($0, $1) })
  }

  @Test func `what is drawn is of the space, and depends on the seed alone`() {
    let controller = controller(63)
    let codes = controller.draw(40, seed: 1, on: Graph(threads: 1, seed: 5))
    #expect(codes.allSatisfy { Self.space.contains($0) })
    #expect(Set(codes).count > 20)
    #expect(controller.draw(40, seed: 1, on: Graph(threads: 3, seed: 5)) == codes)
    #expect(controller.draw(10, seed: 1, on: Graph(seed: 5)) == Array(codes.prefix(10)))
    #expect(controller.draw(40, seed: 2, on: Graph(seed: 5)) != codes)
  }

  /// The probabilities of all cells of a space sum to 1: nothing else can be written.
  @Test func `probabilities of all cells sum to one`() throws {
    let space = CellSpace(
      hasMemory: true, maximumSize: 3, operations: [.gate, .memory, .add],
      functions: [.tanh, .relu])
    var (codes, paths) = ([CellCode](), [CellWriter(in: space)])
    while let writer = paths.popLast() {
      if writer.isComplete { codes.append(writer.code) }
      for token in writer.allowed where token != CellWriter.end {
        var next = writer
        next.write(token)
        paths.append(next)
      }
    }
    var generator = SeededGenerator(seed: 64)
    let controller = CellController<Double>(for: space, units: 4, using: &generator)
    let sum = controller.evaluate(on: Graph(seed: 1)) { controller, graph in
      controller.sample(codes, on: graph).hypotheses.reduce(0) { $0 + .exp($1.logProbability) }
    }
    #expect(abs(sum - 1) < 1e-9, "seed 64, \(codes.count) cells: \(sum)")
  }

  /// Drawing and reading again go through the same steps: recorded or not, the same bits.
  @Test func `recorded is unrecorded`() {
    let controller = controller(65)
    let graph = Graph<Double>(threads: 2, seed: 1)
    let codes = controller.draw(5, seed: 3, on: graph)
    let unrecorded = controller.evaluate(on: graph) { controller, graph in
      controller.sample(codes, on: graph).hypotheses.map(\.logProbability)
    }
    var recorded: [Double] = []
    _ = controller.gradients(on: graph) { controller, graph in
      let sample = controller.sample(codes, on: graph)
      recorded = sample.hypotheses.map(\.logProbability)
      return sample.loss(rewards: [1, 0, 0, 0, 0])
    }
    #expect(recorded == unrecorded)
    // A cell beside longer ones is as likely as alone: what fills its row up does not count.
    for (n, code) in codes.enumerated() {
      let alone = controller.evaluate(on: graph) { controller, graph in
        controller.sample([code], on: graph).hypotheses[0].logProbability
      }
      #expect(abs(alone - recorded[n]) < 1e-12)
    }
  }

  @Test func `rewarded cells become likelier`() throws {
    var controller = controller(66)
    let graph = Graph<Double>(seed: 1)
    var adam = Adam(for: controller.parameters, learningRate: 0.01)
    let codes = controller.draw(6, seed: 1, on: graph)
    func likelihood() -> [Double] {
      controller.evaluate(on: graph) { controller, graph in
        controller.sample(codes, on: graph).hypotheses.map(\.logProbability)
      }
    }
    let before = likelihood()
    for _ in 0..<20 {
      try controller.learn(
        codes, rewards: [1, 0, 0, 0, 0, 0], baseline: 0.2, entropyWeight: 0, on: graph,
        optimizer: &adam)
    }
    #expect(likelihood()[0] > before[0] + 1)
  }
}
