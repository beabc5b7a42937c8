import Autodiff
import CAllocationCounter
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// A training step has the same bits on any number of threads, whatever part of it they share.
@Suite struct StepThreadTests {
  /// Updates of a tagger whose parts are large enough to be divided: losses, norms and weights.
  func updates(
    threads: Int, merge: DirectionMerge, batches: Int = 1
  ) throws -> (numbers: [Double], weights: [Float]) {
    var rng = SeededGenerator(seed: 61)
    var model = SequenceTagger<Bidirectional<LSTM<Float>>>(
      vocabularySize: 701,
      encoder: Bidirectional(merge: merge) {
        LSTM<Float>(inputSize: 70, hiddenSize: 90, using: &rng)
      }, labels: 37, using: &rng)
    model.dropout = 0.3
    let lengths = (0..<23).map { 1 + $0 * 11 % 29 }
    let groups = (0..<batches).map { _ in
      (
        TokenBatch.random(29, 23, below: 701, using: &rng),
        TokenBatch.random(29, 23, below: 37, using: &rng)
      )
    }
    let graph = Graph<Float>(threads: threads, seed: 2)
    var adam = Adam(for: model.parameters)
    var numbers: [Double] = []
    for _ in 0..<3 {
      let step = try model.trainingStep(
        accumulating: groups, on: graph, optimizer: &adam, maximumNorm: 0.01
      ) { model, batch, graph in
        model(batch.0, lengths: lengths, on: graph).crossEntropy(batch.1, lengths: lengths)
      }
      numbers += [step.loss.mean, step.gradientNorm]
    }
    return (numbers, model.parameters.elements)
  }

  @Test(arguments: DirectionMerge.allCases)
  func `updates of a tagger`(merge: DirectionMerge) throws {
    let one = try updates(threads: 1, merge: merge)
    for threads in [2, 3] {
      let many = try updates(threads: threads, merge: merge)
      #expect(many.numbers == one.numbers, "\(threads) threads")
      #expect(haveSameBits(many.weights, one.weights), "\(threads) threads")
    }
  }

  @Test func `updates from several batches`() throws {
    let one = try updates(threads: 1, merge: .concatenate, batches: 3)
    for threads in [2, 3] {
      let many = try updates(threads: threads, merge: .concatenate, batches: 3)
      #expect(many.numbers == one.numbers, "\(threads) threads")
      #expect(haveSameBits(many.weights, one.weights), "\(threads) threads")
    }
  }

  /// Fewer numbers than a piece, none of a piece's multiples, and more pieces than there are sums.
  @Test(arguments: [1, 63, 4096, 4097, 40_000, 300_001])
  func `norm, clipping and zeros of so many numbers`(count: Int) throws {
    var rng = SeededGenerator(seed: 62)
    let vector = Linear<Float>(inputSize: count, outputSize: 1, using: &rng).parameters
    var one = vector
    let norm = try one.clip(toGlobalNorm: 1e-3, threads: 1)
    let expected = vector.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(norm - expected) <= 1e-12 * expected)
    #expect(norm == vector.globalNorm)
    for threads in [2, 3, 7] {
      var many = vector
      #expect(try many.clip(toGlobalNorm: 1e-3, threads: threads) == norm)
      #expect(haveSameBits(many.elements, one.elements))
      many.setToZero(threads: threads)
      #expect(many.elements.allSatisfy { $0.bitPattern == 0 })
    }
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `clipping and zeros allocate nothing`() throws {
    var rng = SeededGenerator(seed: 63)
    var gradients = Linear<Float>(inputSize: 300, outputSize: 300, using: &rng).parameters
    func clear() throws {
      _ = try gradients.clip(toGlobalNorm: 1e-3, threads: 2)
      gradients.setToZero(threads: 2)
    }
    for _ in 0..<2 { try clear() }
    let before = allocation_counter_thread_value()
    for _ in 0..<3 { try clear() }
    #expect(allocation_counter_thread_value() - before == 0)
  }

  /// One column, fewer than a unit, some more than one and than a unit for each thread.
  @Test(arguments: [1, 23, 24, 25, 40, 96, 100])
  func `weights of an output of so many columns`(columns: Int) throws {
    var rng = SeededGenerator(seed: 64)
    let linear = Linear<Float>(inputSize: 130, outputSize: columns, using: &rng)
    func results(_ threads: Int, lengths: [Int]?) -> [Float] {
      var rng = SeededGenerator(seed: 65)
      let x = SequenceBatch<Float>.uniform(steps: 21, batch: 9, features: 130, using: &rng)
      let y = SequenceBatch<Float>.uniform(steps: 21, batch: 9, features: columns, using: &rng)
      let graph = Graph<Float>(threads: threads)
      let model = OneLinear(linear: linear)
      _ = model.gradients(on: graph) { model, graph in
        model.linear(graph.constant(x)).meanSquaredError(y, lengths: lengths)
      }
      return graph.gradients.elements
    }
    for lengths in [nil, (0..<9).map { 2 * $0 + 1 }] {
      let one = results(1, lengths: lengths)
      for threads in [2, 3] {
        #expect(haveSameBits(results(threads, lengths: lengths), one), "\(threads) threads")
      }
    }
  }
}

/// Not `==` in an expectation, which describes every difference of long arrays when it fails.
private func haveSameBits(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}

private struct OneLinear: Model {
  typealias Scalar = Float
  var linear: Linear<Float>

  mutating func visitParts(_ part: inout PartVisitor<Float>) { part("linear", &linear) }
}

extension TokenBatch {
  fileprivate static func random(
    _ steps: Int, _ batch: Int, below count: Token, using rng: inout SeededGenerator
  ) -> TokenBatch {
    TokenBatch(
      steps: steps, batch: batch,
      tokens: (0..<steps * batch).map { _ in Token.random(in: 0..<count, using: &rng) })
  }
}
