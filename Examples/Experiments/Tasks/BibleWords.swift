import Autodiff
import Foundation
import LinAlg
import SequenceModels
import WholeFiles

/// Which words of the King James Bible are near each other, held against gensim's `Word2Vec`:
///
///     Experiments run bible-words --budget full     # writes data/words/corpus.txt
///     Tools/peers/run bible-words                   # writes data/words/gensim-1.bin and gensim-2.bin
///     Experiments run bible-words --budget full     # holds its own neighbours against those
enum BibleWords: Experiment {
  static let name = "bible-words"
  static let summary =
    "the ten nearest of each frequent word of the Bible, against those of gensim at equal settings"

  private static let folder = "words"
  private static let nearest = 10

  static func measure(_ run: ExperimentRun) throws {
    let verses = try Bible(run.data).chapters.flatMap(\.verses)
      .prefix(run.choose(smoke: 6_000, full: .max))
    let tokenizer = WordTokenizer(isLowercasing: true)
    let sentences = verses.map { verse in
      tokenizer.symbols(of: verse).filter { $0.first?.isLetter == true }
    }
    let vocabulary = Vocabulary(
      counting: sentences.lazy.joined(), special: [], minimumCount: 5)
    let corpus = WordCorpus(sentences, vocabulary: vocabulary)

    func learned(seed: UInt64) -> WordVectors<Float> {
      // Those of Tools/peers/word_worker.py.
      var options = WordVectorOptions(.skipGram, .negativeSampling(5))
      (options.epochs, options.seed) = (run.choose(smoke: 3, full: 10), seed)
      var trainer = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
      trainer.train(on: corpus)
      return trainer.vectors
    }
    let words = Array(vocabulary.symbols.prefix(run.choose(smoke: 200, full: 1_000)))
    let (first, second) = (learned(seed: run.seed), learned(seed: run.seed &+ 1))
    let (near, nearToo) = (neighbors(first, words), neighbors(second, words))
    let note =
      "\(words.count) most frequent words of \(vocabulary.count), "
      + "\(corpus.tokenCount) words of text"
    run.report(
      "two of our seeds agree", overlap(near, nearToo),
      run.choose(smoke: .atLeast(0.3), full: nil), parameters: 2 * first.vectors.count, note: note)
    let shown = ["king", "river", "gold", "moses", "bread", "brother", "water", "mercy"]
      .filter { vocabulary.token(of: $0) != nil }
    let all = WordNeighbors(first)
    run.show(
      .text(
        title: "Nearest words",
        lines: shown.map { word in
          "\(word): "
            + (all.nearest(to: word, count: 8) ?? []).map(\.symbol)
            .joined(separator: ", ")
        }))
    guard run.budget == .full else { return }

    let peers = DataFolder("\(run.data.path)/\(folder)")
    try FileManager.default.createDirectory(atPath: peers.path, withIntermediateDirectories: true)
    try WholeFile.write(
      sentences.map { $0.joined(separator: " ") + "\n" }.joined().utf8,
      to: "\(peers.path)/corpus.txt")
    let files = (1...2).map { "\(peers.path)/gensim-\($0).bin" }
    guard files.allSatisfy(FileManager.default.fileExists(atPath:)) else {
      run.say("no vectors of gensim: Tools/peers/run bible-words, then once more")
      return
    }
    let theirs = try files.map {
      neighbors(try WordVectors<Float>(contentsOf: $0, as: .binary), words)
    }
    let agreed = overlap(theirs[0], theirs[1])
    run.report("two seeds of gensim agree", agreed, note: note)
    run.report(
      "ours and gensim's agree",
      (overlap(near, theirs[0]) + overlap(near, theirs[1])) / 2, .atLeast(agreed - 0.05),
      parameters: 2 * first.vectors.count, note: "theirs with each other, and 5 points less")
  }

  /// The nearest of each word.
  private static func neighbors(_ vectors: WordVectors<Float>, _ words: [String]) -> [Set<String>] {
    let search = WordNeighbors(vectors)
    return words.map { Set((search.nearest(to: $0, count: nearest) ?? []).map(\.symbol)) }
  }

  /// The share of neighbours that two have in common.
  private static func overlap(_ a: [Set<String>], _ b: [Set<String>]) -> Double {
    let common = zip(a, b).reduce(0) { $0 + $1.0.intersection($1.1).count }
    return Double(common) / Double(nearest * a.count)
  }
}
