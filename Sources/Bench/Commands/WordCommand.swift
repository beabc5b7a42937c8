import ArgumentParser
import Foundation
import LinAlg
import SequenceModels
import WholeFiles

/// This package's process in a comparison of word vectors with gensim's.
struct WordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "word-peer",
    abstract: "Learn word vectors for Tools/peers --suite words, which compares with gensim's.",
    discussion: """
      Reads a sentence from each line of a file, words between spaces; counts the words; then, timed, looks them \
      up and learns from them. Prints {"seconds", "words", "memory"}: the time, how many words were read over \
      all epochs, and the most memory that the process held, in bytes.
      """,
    shouldDisplay: false)

  @Option(help: "The file of sentences.")
  var corpus: String

  @Option(help: "skip-gram or cbow.")
  var model = WordModelName.skipGram

  @Flag(help: "A tree of decisions instead of noise words.")
  var hierarchical = false

  @Option var noise = 5
  @Option var features = 100
  @Option var window = 5
  @Option var minimumCount = 5
  @Option var epochs = 5
  @Option var threads = 1
  @Option var seed: UInt64 = 1

  @Option(help: "Where the vectors go, in word2vec's binary format.")
  var output: String?

  @Flag(help: "Run even with a debug build, instead of building for release first.")
  var allowDebug = false

  enum WordModelName: String, ExpressibleByArgument {
    case skipGram = "skip-gram"
    case cbow
  }

  private struct Answer: Encodable {
    var seconds: Double
    var words: Int
    var memory: Int
  }

  func run() throws {
    try Relaunch.ifNeeded(keepCoreType: false, allowDebug: allowDebug)
    for (name, value) in [
      ("noise", noise), ("features", features), ("window", window), ("threads", threads),
    ] where !(1...100_000).contains(value) {
      throw BenchError.data("--\(name) is \(value), expected 1 to 100000")
    }
    guard (0...100_000).contains(epochs) else {
      throw BenchError.data("--epochs is \(epochs), expected 0 to 100000")
    }
    let sentences = try Self.sentences(corpus)
    let vocabulary = Vocabulary(
      counting: sentences.lazy.joined(), special: [], minimumCount: minimumCount)
    guard vocabulary.count > 1 else {
      throw BenchError.data(
        "\(corpus): \(vocabulary.count) words occur \(minimumCount) times, expected two at least")
    }
    var options = WordVectorOptions(
      model == .skipGram ? .skipGram : .continuousBag,
      hierarchical ? .hierarchicalSoftmax : .negativeSampling(noise))
    (options.features, options.window, options.epochs) = (features, window, epochs)
    (options.seed, options.threads) = (seed, threads == 1 ? .one : .shared(threads))
    var trainer = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
    let start = Stopwatch.now()
    trainer.train(on: WordCorpus(sentences, vocabulary: vocabulary))
    let seconds = Double(Stopwatch.now() - start) * 1e-9
    guard let memory = SystemState.peakResidentBytes else {
      throw BenchError.data("the resident size is not known on this system")
    }
    let words = sentences.reduce(0) { $0 + $1.count } * epochs
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let answer = try encoder.encode(Answer(seconds: seconds, words: words, memory: memory))
    if let output {
      do {
        try trainer.vectors.write(to: output, as: .binary)
      } catch {
        throw BenchError.cannotWrite(error.description)
      }
    }
    StandardOutput.write(String(decoding: answer, as: UTF8.self) + "\n")
  }

  private static func sentences(_ path: String) throws -> [[String]] {
    do {
      return try WholeFile.read(path, limit: 1 << 32).split(separator: UInt8(ascii: "\n")).map {
        $0.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      }
    } catch {
      throw BenchError.data(error.description)
    }
  }
}
