import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// The next character of the King James Bible, from a model that sees little of it. The score is the share of
/// `log₂ V` bits per character that the model saves.
struct VerseTask: CellTask {
  let name = "verses"
  let units: Int
  let updates: Int
  private let vocabularySize: Int
  private let training: TokenStreams
  private let validation: [Token]
  private let test: [Token]

  /// - Parameter seed: chooses the chapters.
  init(_ bible: Bible, units: Int, updates: Int, characters: Int, seed: UInt64) {
    (self.units, self.updates) = (units, updates)
    var rng = SeededGenerator(seed: seed)
    let chapters = bible.chapters.shuffled(using: &rng)
    let symbols = Array(chapters.map { $0.verses.joined(separator: "\n") }.joined(separator: "\n"))
    let held = characters / 10
    let vocabulary = Vocabulary(
      counting: String(symbols.prefix(characters)), by: CharacterTokenizer(),
      special: [.unknown])
    let tokens = vocabulary.encode(
      String(symbols.prefix(characters + 2 * held)), by: CharacterTokenizer())
    vocabularySize = vocabulary.count
    training = TokenStreams(Array(tokens[..<characters]), batch: 16, steps: 25)
    validation = Array(tokens[characters..<characters + held])
    test = Array(tokens[(characters + held)...])
  }

  func score(_ cell: CellDefinition, seed: UInt64, isFinal: Bool) throws -> Double {
    var rng = SeededGenerator(seed: seed)
    let layer = try DefinedLayer<Float>(
      cell, inputSize: units, hiddenSize: units, using: &rng)
    var model = LanguageModel(vocabularySize: vocabularySize, layer: layer, using: &rng)
    let graph = Graph<Float>(threads: 1, seed: seed)
    var trainer = Fitting(updates: updates, rate: 0.01).trainer(for: model)
    try trainer.run(&model, on: graph, batches: .windows(of: training)) {
      model, window, state, adam in
      if window.index == 0 { state = nil }
      return try model.trainingStep(
        window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
    }
    let loss = model.evaluate(isFinal ? test : validation, streams: 16, steps: 50, threads: 1)
    return 1 - loss.bitsPerToken / .log2(Double(vocabularySize))
  }
}
