import ArgumentParser
import Foundation
import LinAlg
import Recurrent
import SequenceModels

@main
struct CharacterModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "CharacterModel",
    abstract: "Trains a character language model on text and lets it write.",
    discussion: """
      Each file is one document. A passage of every document is held out, and every run of eight or \
      more words that the rest has in common with what is held out is removed from the rest: the \
      held-out text measures how well the model predicts text that it has not seen, in bits per \
      character.

      Without files it trains on the licence texts that Debian keeps in \(Corpus.licenceFolder).

      Build it with `-c release`: a debug build is slower.
      """)

  @Argument(help: ArgumentHelp("UTF-8 text to train on.", valueName: "file"))
  var files: [String] = []

  @Option(help: "The recurrent cell: \(Cell.allValueStrings.joined(separator: " or ")).")
  var cell = Cell.lstm

  @Option(help: "Hidden units of the cell.")
  var hidden = 256

  @Option(help: "Features of a character.")
  var embedding = 64

  @Option(help: "Streams of text that are read side by side.")
  var batch = 32

  @Option(help: "Characters of each stream between two updates of the weights.")
  var steps = 64

  @Option(help: "How long to train; with --epochs, at most.")
  var minutes: Double?

  @Option(
    help:
      "How often to read the text; then a run depends on its options alone. [default: --minutes 3]")
  var epochs: Int?

  @Option(help: "The largest learning rate of Adam; it rises to it and falls to a tenth of it.")
  var learningRate = 0.004

  @Option(help: "To what the norm of the gradients is clipped.")
  var clip = 1.0

  @Option(help: "What share of each document is held out.")
  var validationFraction = 0.1

  @Option(help: "Where: at each document's end, or spread over their beginnings, middles and ends.")
  var validationPlace = HeldOutSplit.Place.spread

  @Flag(help: "Leave passages in the training text that occur in the held-out text too.")
  var keepShared = false

  @Option(help: "How likely a feature is to be dropped before and after the cell while training.")
  var dropout = 0.3

  @Option(help: "Where the random numbers start.")
  var seed: UInt64 = 1

  @Option(help: "Threads of a training step.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "What the cell's weights are packed in after training, to predict the held-out text once more: "
        + "\(WeightFormat.allValueStrings.joined(separator: ", ")). May be repeated.",
      valueName: "format"))
  var weights: [WeightFormat] = []

  @Option(help: "Characters to write after training.")
  var sampleLength = 500

  @Option(
    help: "How freely to write: 1 as the model is, less for the likelier, 0 for the likeliest.")
  var temperature = 0.7

  @Option(help: "From how many of the likeliest characters to choose. [default: all]")
  var topK: Int?

  @Option(help: "What the writing begins with. [default: as the held-out text begins]")
  var prompt: String?

  func validate() throws {
    func check(_ option: String, _ isValid: Bool, _ expected: String) throws {
      if !isValid { throw ValidationError("--\(option) must be \(expected).") }
    }
    for (option, value) in [
      ("hidden", hidden), ("embedding", embedding), ("batch", batch), ("steps", steps),
      ("threads", threads), ("epochs", epochs ?? 1), ("top-k", topK ?? 1),
    ] {
      try check(option, (1...1_000_000).contains(value), "in 1...1000000")
    }
    try check("minutes", minutes ?? 1 > 0 && (minutes ?? 1).isFinite, "positive")
    try check("learning-rate", learningRate > 0 && learningRate.isFinite, "positive")
    try check("dropout", (0...0.9).contains(dropout), "in 0...0.9")
    try check("clip", clip > 0, "positive")
    try check("validation-fraction", (0.001...0.9).contains(validationFraction), "in 0.001...0.9")
    try check("temperature", temperature >= 0 && temperature.isFinite, "0 or positive")
    try check("sample-length", sampleLength >= 0, "0 or positive")
  }

  func run() throws {
    #if DEBUG
      printError(
        "warning: this is a debug build; build with -c release to see what the engine can do")
    #endif
    do {
      try train(on: Corpus(files: files))
    } catch let error as CorpusError {
      printError("error: \(error)")
      throw ExitCode(error.exitCode)
    } catch let error as TrainingError {
      printError("error: training diverged, \(error); try a lower --learning-rate")
      throw ExitCode.failure
    }
  }

  private func train(on corpus: Corpus) throws {
    OpenBLAS.threadCount = threads
    let text = try TrainingText(
      corpus, validationFraction: validationFraction, at: validationPlace, keepShared: keepShared,
      batch: batch, steps: steps)
    printError(text.description)
    var rng = SeededGenerator(seed: seed)
    switch cell {
    case .lstm:
      try train(
        .lstm(
          vocabularySize: text.vocabulary.count, embeddingSize: embedding, hiddenSize: hidden,
          using: &rng)
          as LanguageModel<LSTM<Float>>, text, &rng)
    case .gru:
      try train(
        .gru(
          vocabularySize: text.vocabulary.count, embeddingSize: embedding, hiddenSize: hidden,
          using: &rng)
          as LanguageModel<GRU<Float>>, text, &rng)
    }
  }

  private func train<Layer: RecurrentLayer>(
    _ model: LanguageModel<Layer>, _ text: TrainingText, _ rng: inout SeededGenerator
  ) throws where Layer.Scalar == Float {
    printError(
      "\(cell) of \(hidden) units, \(model.parameters.scalarCount) parameters, seed \(seed)")
    var model = model
    model.dropout = dropout
    var run = TrainingRun(
      model: model, text: text, batch: batch, steps: steps, learningRate: learningRate,
      maximumNorm: clip, threads: threads, seed: seed,
      duration: TrainingDuration(epochs: epochs, minutes: minutes ?? (epochs == nil ? 3 : nil)))
    let result = try run.train { printError($0.description) }
    print(result.description)
    for format in weights {
      let loss = try run.model.inference(weights: format).evaluate(
        text.heldOut, streams: TrainingText.evaluationStreams(batch: batch))
      print(
        String(format: "\(format) weights: %.4f bits per character", loss.bitsPerToken))
    }
    if sampleLength > 0 {
      let prompt = prompt ?? text.opening
      let sample = run.model.write(
        after: prompt, length: sampleLength,
        by: TokenSampler(temperature: temperature, topK: topK), text.vocabulary,
        CharacterTokenizer(), using: &rng)
      print("\n\(prompt)\(sample)")
    }
  }
}

/// The recurrent cells that can be chosen.
enum Cell: String, ExpressibleByArgument, CaseIterable {
  case lstm, gru
}

extension HeldOutSplit.Place: ExpressibleByArgument {}
extension WeightFormat: ExpressibleByArgument {}

/// Writes a line to standard error.
func printError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}
