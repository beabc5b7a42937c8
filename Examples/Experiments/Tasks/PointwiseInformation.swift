import Autodiff
import Foundation
import LinAlg
import SequenceModels

/// What skip-gram with noise learns is a matrix of pointwise mutual information (Levy & Goldberg 2014): with as
/// many features as words, `v[c]·u[w] = log P(w, c) / (P(w)·P(c)) − log k`.
enum PointwiseInformation: Experiment {
  static let name = "sgns-pmi"
  static let summary =
    "inner products of skip-gram with noise, against shifted pointwise mutual information"

  private static let noise = 5
  private static let window = 2

  static func measure(_ run: ExperimentRun) throws {
    let V = run.choose(smoke: 40, full: 120)
    let sentences = sentences(V, count: run.choose(smoke: 8_000, full: 60_000), seed: run.seed)
    var options = WordVectorOptions(.skipGram, .negativeSampling(noise))
    (options.features, options.window, options.hasDynamicWindow) = (V, window, false)
    // Noise as often as words are, as the theorem has it.
    (options.subsampling, options.noiseExponent, options.seed) = (nil, 1, run.seed)
    (options.epochs, options.rate) = (run.choose(smoke: 20, full: 40), 0.05)
    let vocabulary = Vocabulary((0..<V).map { "w\($0)" })
    var trainer = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
    var losses: [Double] = []
    trainer.train(on: WordCorpus(sentences, vocabularySize: V), wantsLoss: true) { _, loss in
      losses.append(loss)
      return true
    }
    run.show(
      .lines(
        LineFigure(
          title: "Skip-gram with noise", x: "epoch", y: "loss",
          series: [
            .init(name: "mean loss", x: losses.indices.map { Double($0) }, y: losses)
          ])))

    let pairs = pairCounts(sentences, V)
    let total = pairs.joined().reduce(0, +)
    let sums = pairs.map { $0.reduce(0, +) }
    let products = trainer.vectors.vectors * trainer.outputs.transposed
    var (learned, expected) = ([Double](), [Double]())
    for c in 0..<V {
      for w in 0..<V where pairs[c][w] > 0 {
        learned.append(Double(products[c, w]))
        expected.append(
          log(pairs[c][w] * total / (sums[c] * sums[w])) - log(Double(noise)))
      }
    }
    run.report(
      "correlation", correlation(learned, expected),
      run.choose(smoke: .atLeast(0.8), full: .atLeast(0.9)), parameters: 2 * V * V,
      note: "\(learned.count) observed pairs of \(V * V), \(V) features, \(noise) noise words")
    let error = zip(learned, expected).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(learned.count)
    run.report("mean distance", error, note: "natural units; of the same pairs")
  }

  /// Sentences of ten words, each of one of eight topics; topics share words, and words are as frequent as
  /// 1 over their rank.
  private static func sentences(_ V: Int, count: Int, seed: UInt64) -> [[Token]] {
    var rng = SeededGenerator(seed: seed)
    let tables = (0..<8).map { _ in
      var sum = 0.0
      return (0..<V).map { rank -> Double in
        let liking = -log(1 - Double.random(in: 0..<1, using: &rng))
        sum += liking * liking / Double(rank + 3)
        return sum
      }
    }
    return (0..<count).map { _ in
      let table = tables[Int.random(in: 0..<8, using: &rng)]
      return (0..<10).map { _ in
        let place = Double.random(in: 0..<table[V - 1], using: &rng)
        return Token(table.firstIndex { place < $0 } ?? V - 1)
      }
    }
  }

  /// How often each word has each other in its window.
  private static func pairCounts(_ sentences: [[Token]], _ V: Int) -> [[Double]] {
    var counts = [[Double]](repeating: [Double](repeating: 0, count: V), count: V)
    for words in sentences {
      for i in words.indices {
        for j in max(0, i - window)...min(words.count - 1, i + window) where j != i {
          counts[Int(words[j])][Int(words[i])] += 1
        }
      }
    }
    return counts
  }

  /// Pearson's.
  private static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let n = Double(x.count)
    let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      xx += (a - meanX) * (a - meanX)
      yy += (b - meanY) * (b - meanY)
      xy += (a - meanX) * (b - meanY)
    }
    return xy / (xx * yy).squareRoot()
  }
}
