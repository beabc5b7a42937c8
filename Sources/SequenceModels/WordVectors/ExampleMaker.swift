import Autodiff
import LinAlg
import RealModule

/// Makes the examples of a sentence: which words are kept, how wide each window is, which are noise.
///
/// All follows from the seed, the epoch and the sentence's number, and not from who makes them.
package struct ExampleMaker: Sendable {
  private let model: WordVectorOptions.Model
  private let output: WordVectorOptions.Output
  private let window: Int
  private let hasDynamicWindow: Bool
  private let seed: UInt64
  /// Of 2³²: with what probability a token is kept.
  private let keeping: [UInt64]
  /// What noise is drawn from; empty without it.
  private let noise: [NoiseTable.Column]
  /// The decisions on the way to each token, with their answers, and where each token's begin; empty without a
  /// tree.
  private let ways: [Int32]
  private let wayStarts: [Int]

  /// - Precondition: the counts are of two tokens at least, and not all 0.
  package init(_ options: WordVectorOptions, counts: [Int]) {
    (model, output, window) = (options.model, options.output, options.window)
    (hasDynamicWindow, seed) = (options.hasDynamicWindow, options.seed)
    let total = Double(counts.reduce(0, +))
    keeping = counts.map { count in
      guard let t = options.subsampling, count > 0 else { return 1 << 32 }
      let ratio = t * total / Double(count)
      return UInt64(min(1, ratio.squareRoot() + ratio) * 0x1p32)
    }
    var (noise, ways, wayStarts) = ([NoiseTable.Column](), [Int32](), [Int]())
    switch output {
    case .negativeSampling:
      let exponent = options.noiseExponent
      noise =
        NoiseTable(weights: counts.map { $0 == 0 ? 0 : Double.pow(Double($0), exponent) }).columns
    case .hierarchicalSoftmax:
      let tree = HuffmanTree(counts: counts)
      wayStarts = [0]
      for token in counts.indices {
        for j in 0..<tree.count(token) {
          let branch = tree.branch(token, j)
          ways.append(branch.isLeft ? branch.node : ~branch.node)
        }
        wayStarts.append(ways.count)
      }
    case .fullSoftmax: break
    }
    (self.noise, self.ways, self.wayStarts) = (noise, ways, wayStarts)
  }

  /// The arrays above, read without counting references to them.
  private struct Tables {
    let noise: UnsafeBufferPointer<NoiseTable.Column>
    let ways: UnsafeBufferPointer<Int32>
    let wayStarts: UnsafeBufferPointer<Int>
  }

  /// What one thread keeps between sentences.
  package struct Scratch {
    fileprivate var kept: [Token] = []

    package init() {}
  }

  /// Hands the examples of a sentence to `flush` whenever `limit` of them are there; those that are left stay in
  /// `examples`.
  package func addExamples(
    of sentence: ArraySlice<Token>, number: Int, epoch: Int, to examples: inout RowExamples,
    limit: Int, scratch: inout Scratch, flush: (inout RowExamples) -> Void
  ) {
    var rng = SeededGenerator(
      seed: seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(epoch) &+ 0xD1B5_4A32_D192_ED03
        &* UInt64(number))
    scratch.kept.removeAll(keepingCapacity: true)
    keeping.withUnsafeBufferPointer { keeping in
      for token in sentence {
        let bound = keeping[Int(token)]
        if bound >> 32 != 0 || rng.next() >> 32 < bound { scratch.kept.append(token) }
      }
    }
    noise.withUnsafeBufferPointer { noise in
      ways.withUnsafeBufferPointer { ways in
        wayStarts.withUnsafeBufferPointer { wayStarts in
          scratch.kept.withUnsafeBufferPointer { words in
            addExamples(
              of: words, Tables(noise: noise, ways: ways, wayStarts: wayStarts), to: &examples,
              limit: limit, &rng, flush: flush)
          }
        }
      }
    }
  }

  private func addExamples(
    of words: UnsafeBufferPointer<Token>, _ tables: Tables, to examples: inout RowExamples,
    limit: Int, _ rng: inout SeededGenerator, flush: (inout RowExamples) -> Void
  ) {
    let noiseCount = if case .negativeSampling(let count) = output { count } else { 0 }
    for i in words.indices {
      let reach =
        hasDynamicWindow ? 1 + Int(((rng.next() >> 32) &* UInt64(window)) >> 32) : window
      let around = max(0, i - reach)...min(words.count - 1, i + reach)
      guard around.count > 1 else { continue }
      switch model {
      case .skipGram:
        for j in around where j != i {
          examples.addInput(words[j])
          addTargets(of: words[i], tables, noiseCount, to: &examples, &rng)
          examples.endExample()
        }
      case .continuousBag:
        for j in around where j != i { examples.addInput(words[j]) }
        addTargets(of: words[i], tables, noiseCount, to: &examples, &rng)
        examples.endExample()
      }
      if examples.count >= limit { flush(&examples) }
    }
  }

  @inline(__always)
  private func addTargets(
    of word: Token, _ tables: Tables, _ noiseCount: Int, to examples: inout RowExamples,
    _ rng: inout SeededGenerator
  ) {
    if !tables.ways.isEmpty {
      for j in tables.wayStarts[Int(word)]..<tables.wayStarts[Int(word) + 1] {
        let node = tables.ways[j]
        examples.addOutput(node < 0 ? ~node : node, isRight: node >= 0)
      }
      return
    }
    examples.addOutput(word, isRight: true)
    for _ in 0..<noiseCount {
      let noise = tables.noise.token(rng.next())
      if noise != word { examples.addOutput(noise, isRight: false) }
    }
  }
}
