import Autodiff
import Foundation
import LinAlg
import Recurrent
import Testing

/// Softmax over many tokens at the cost of few.
@Suite struct LargeVocabularyTests {
  static let counts = [9, 30, 0, 2, 1, 7, 7, 12, 0, 4]

  private struct Output: Model {
    typealias Scalar = Double
    var h: Parameter<Double>
    var linear: Linear<Double>
    var tree: HierarchicalSoftmax<Double>

    init() {
      var rng = SeededGenerator(seed: 5)
      h = Parameter(rows: 3, columns: 4, weights: .normal(1), using: &rng)
      linear = Linear(inputSize: 4, outputSize: 10, weights: .normal(0.7), using: &rng)
      tree = HierarchicalSoftmax(
        inputSize: 4, tree: HuffmanTree(counts: counts), weights: .normal(1), using: &rng)
    }

    mutating func visitParts(_ part: inout PartVisitor<Double>) {
      part("h", &h)
      part("linear", &linear)
      part("tree", &tree)
    }
  }

  static let labels = TokenBatch(steps: 1, batch: 3, tokens: [1, 8, 0])

  @Test func `a tree's probabilities sum to 1, and a way gives what the leaves give`() {
    let model = Output()
    model.evaluate(on: Graph<Double>()) { model, graph in
      let logs = model.tree.logProbabilities(model.h(on: graph))
      for n in 0..<3 {
        let sum = (0..<10).reduce(0.0) { $0 + exp(logs.value[0, n, $1]) }
        #expect(abs(sum - 1) < 1e-14)
      }
      for token in 0..<10 {
        let tokens = TokenBatch(repeating: Token(token), steps: 1, batch: 3)
        let loss = model.tree.crossEntropy(model.h(on: graph), tokens).loss
        let expected = -(0..<3).reduce(0.0) { $0 + logs.value[0, $1, token] }
        #expect(abs(loss.sum - expected) < 1e-13 && loss.count == 3)
      }
    }
  }

  @Test func `frequent tokens are near the root`() {
    let tree = HuffmanTree(counts: Self.counts)
    for a in 0..<10 {
      for b in 0..<10 where Self.counts[a] > Self.counts[b] {
        #expect(tree.depth(of: Token(a)) <= tree.depth(of: Token(b)))
      }
    }
    // Huffman's example of powers of two: ways of 1, 2, 3, … decisions.
    let powers = HuffmanTree(counts: [16, 8, 4, 2, 1, 1])
    #expect((0..<6).map { powers.depth(of: Token($0)) } == [1, 2, 3, 4, 5, 5])
    #expect(HuffmanTree(counts: [0, 0]).depth(of: 1) == 1)
  }

  @Test func `scores beyond the range of exp lose nothing`() {
    var model = Output()
    model.tree.parameters.block.withUnsafeMutableBufferPointer { W in
      for i in W.indices { W[i] *= 1e4 }
    }
    model.evaluate(on: Graph<Double>()) { model, graph in
      let logs = model.tree.logProbabilities(model.h(on: graph)).value.elements
      #expect(logs.allSatisfy { $0.isFinite && $0 <= 0 })
    }
  }

  @Test func `draws are as likely as they should be`() {
    // By the losses of a model whose scores are 0: each sample adds 1/(K·q) unless it is the label.
    for samples in [
      TokenSamples.unigram(count: 40, counts: Self.counts),
      .unigram(count: 40, counts: Self.counts, power: 0.5),
      .logUniform(count: 40, vocabularySize: 10),
    ] {
      let sum = samples.logProbabilities.reduce(0.0) { $0 + exp($1) }
      #expect(abs(sum - 1) < 1e-14)
      var model = Output()
      model.linear.parameters.block.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
      let graph = Graph<Double>(seed: 11)
      let passes = 400
      var (total, squares) = (0.0, 0.0)
      for _ in 0..<passes {
        let loss = model.gradients(on: graph) { model, graph in
          model.linear.sampledCrossEntropy(
            model.h(on: graph)[batch: 0..<1], TokenBatch(repeating: 1, steps: 1, batch: 1),
            samples: samples)
        }
        let sum = exp(loss.sum)
        total += sum
        squares += sum * sum
      }
      let mean = total / Double(passes)
      let error = ((squares / Double(passes) - mean * mean) / Double(passes)).squareRoot()
      // The sum over a vocabulary of 10 with scores of 0.
      #expect(abs(mean - 10) < 4 * error, "seed 11: \(mean) ± \(error)")
    }
  }

  @Test func `with many samples it is the softmax`() {
    let model = Output()
    func gradients(_ samples: TokenSamples?) -> (loss: Double, values: [Double]) {
      let graph = Graph<Double>(seed: 3)
      let loss = model.gradients(on: graph) { model, graph in
        let h = model.h(on: graph)
        guard let samples else { return model.linear(h).crossEntropy(Self.labels) }
        return model.linear.sampledCrossEntropy(h, Self.labels, samples: samples)
      }
      let values = (0..<graph.gradients.blockCount).flatMap { block in
        graph.gradients[block: block].withUnsafeBufferPointer { Array($0) }
      }
      return (loss.mean, values)
    }
    let exact = gradients(nil)
    // The error of a mean of so many draws is about 1/√20,000.
    let many = gradients(.unigram(count: 20_000, counts: Self.counts, power: 0.5))
    #expect(abs(many.loss - exact.loss) < 0.03)
    #expect(relativeError(many.values, exact.values) < 0.03)
    #expect(
      relativeError(gradients(.logUniform(count: 2, vocabularySize: 10)).values, exact.values)
        > 0.03)
  }

  @Test func `not recorded, it is exact`() {
    let model = Output()
    model.evaluate(on: Graph<Double>(seed: 3)) { model, graph in
      let h = model.h(on: graph)
      let samples = TokenSamples.logUniform(count: 2, vocabularySize: 10)
      let loss = model.linear.sampledCrossEntropy(h, Self.labels, samples: samples).loss
      #expect(loss == model.linear(h).crossEntropy(Self.labels).loss)
    }
  }

  @Test func `samples follow from seed and pass, and threads change no bit`() {
    struct Wide: Model {
      typealias Scalar = Double
      var table: Embedding<Double>
      var tree: HierarchicalSoftmax<Double>
      mutating func visitParts(_ part: inout PartVisitor<Double>) {
        part("table", &table)
        part("tree", &tree)
      }
    }
    var rng = SeededGenerator(seed: 1)
    let counts = (0..<300).map { 1000 / ($0 + 1) }
    let model = Wide(
      table: Embedding(vocabularySize: 300, features: 24, using: &rng),
      tree: HierarchicalSoftmax(inputSize: 24, tree: HuffmanTree(counts: counts), using: &rng))
    let tokens = TokenBatch(
      steps: 40, batch: 7, tokens: (0..<280).map { Token($0 * 37 % 300) })
    func run(threads: Int, seed: UInt64 = 1, passes: Int = 1) -> [UInt64] {
      let graph = Graph<Double>(threads: threads, seed: seed)
      var loss = Loss()
      for _ in 0..<passes {
        loss = model.gradients(on: graph) { model, graph in
          let h = model.table(tokens, on: graph)
          return model.table.sampledCrossEntropy(
            h, tokens, samples: .logUniform(count: 90, vocabularySize: 300), ignoring: 5)
            + model.tree.crossEntropy(h, tokens, ignoring: 5)
            + model.tree.logProbabilities(h).mean()
        }
      }
      return [loss.sum.bitPattern]
        + (0..<graph.gradients.blockCount).flatMap { block in
          graph.gradients[block: block].withUnsafeBufferPointer { $0.map(\.bitPattern) }
        }
    }
    let one = run(threads: 1)
    #expect(run(threads: 2) == one && run(threads: 3) == one)
    #expect(run(threads: 1, seed: 2) != one)
    #expect(run(threads: 1, passes: 2) != one)
  }
}
