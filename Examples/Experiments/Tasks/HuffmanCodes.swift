import Autodiff
import Foundation
import LinAlg
import SequenceModels

/// Huffman's tree is the best of all trees, and what word vectors learn with it is a distribution.
enum HuffmanCodes: Experiment {
  static let name = "huffman"
  static let summary =
    "trees of decisions against every tree there is, and that their probabilities sum to 1"

  static func measure(_ run: ExperimentRun) throws {
    var rng = SeededGenerator(seed: run.seed)
    var (alphabets, longer) = (0, 0)
    for symbols in 2...run.choose(smoke: 8, full: 12) {
      for _ in 0..<run.choose(smoke: 20, full: 50) {
        // Even counts, steep ones, and such as occur twice or not at all.
        let steepness = Double.random(in: 0...3, using: &rng)
        let counts = (0..<symbols).map { rank in
          Int(Double.random(in: 0..<50, using: &rng) / pow(Double(rank + 1), steepness))
        }
        let tree = HuffmanTree(counts: counts)
        let length = counts.indices.reduce(0) {
          $0 + counts[$1] * tree.depth(of: Token($1))
        }
        alphabets += 1
        if length != shortest(counts) { longer += 1 }
      }
    }
    run.report(
      "trees that are not the shortest", Double(longer), .equal(0),
      note: "\(alphabets) alphabets of up to \(run.choose(smoke: 8, full: 12)) symbols, "
        + "each against all trees")

    let V = run.choose(smoke: 50, full: 500)
    let sentences = (0..<run.choose(smoke: 500, full: 5_000)).map { _ in
      let topic = Int.random(in: 0..<5, using: &rng)
      return (0..<10).map { _ -> Token in
        // Frequent words first.
        let rank = Double.random(in: 0..<1, using: &rng)
        return Token(min(V / 5 - 1, Int(rank * rank * Double(V / 5))) * 5 + topic)
      }
    }
    let corpus = WordCorpus(sentences, vocabularySize: V)
    var options = WordVectorOptions(.skipGram, .hierarchicalSoftmax)
    (options.features, options.rate, options.seed) = (20, 0.05, run.seed)
    var trainer = WordVectorTrainer<Double>(
      options, vocabulary: Vocabulary((0..<V).map { "w\($0)" }))
    trainer.train(on: corpus)
    let tree = HuffmanTree(counts: corpus.counts)
    let scores = trainer.vectors.vectors * trainer.outputs.transposed
    var worst = 0.0
    for word in 0..<V {
      let sum = (0..<V).reduce(0.0) { sum, target in
        sum
          + (0..<tree.count(target)).reduce(1.0) { product, j in
            let branch = tree.branch(target, j)
            let score = scores[word, Int(branch.node)]
            return product / (1 + exp(branch.isLeft ? -score : score))
          }
      }
      worst = max(worst, abs(sum - 1))
    }
    run.report(
      "probabilities of all words, from 1", worst, .atMost(1e-12),
      parameters: (2 * V - 1) * options.features,
      note: "the largest distance, given each of \(V) words, after training")
  }

  /// The shortest that any binary tree makes a text of so many of each symbol: of all ways to part any set of
  /// symbols in two.
  private static func shortest(_ counts: [Int]) -> Int {
    let sets = 1 << counts.count
    var (best, sum) = ([Int](repeating: 0, count: sets), [Int](repeating: 0, count: sets))
    for set in 1..<sets {
      let first = set.trailingZeroBitCount
      let rest = set & (set - 1)
      sum[set] = sum[rest] + counts[first]
      guard rest != 0 else { continue }
      var least = Int.max
      // Each part that has the first symbol, but the whole.
      var others = rest
      while others != 0 {
        others = (others - 1) & rest
        let part = others | (set ^ rest)
        least = min(least, best[part] + best[set ^ part])
      }
      best[set] = least + sum[set]
    }
    return best[sets - 1]
  }
}
