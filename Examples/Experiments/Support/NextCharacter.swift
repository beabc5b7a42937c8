import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A task of short texts in which some characters follow from those before them.
protocol NextCharacterTask: CellTask {
  /// Of the model.
  var units: Int { get }
  var updates: Int { get }

  /// A text, and which of its characters are asked for.
  func draw(using generator: inout SeededGenerator) -> NextCharacter.Text
}

extension NextCharacterTask {
  func score(_ cell: CellDefinition, seed: UInt64, isFinal: Bool) throws -> Double {
    try NextCharacter(units: units, updates: updates).score(
      cell, seed: seed, held: isFinal ? .max : .max - 1
    ) { draw(using: &$0) }
  }
}

/// A model of short texts that predicts each character from those before it, and is asked for some of them.
struct NextCharacter {
  let units: Int
  let updates: Int
  private static let batch = 32
  /// Texts that are scored.
  private static let heldOut = 400
  /// Printable ASCII; the end is no character.
  private static let first = UInt8(ascii: " ")
  private static let frame = SequenceFrame(beginning: 95, end: 96)

  typealias Text = (text: [UInt8], asked: [Bool])

  /// The share of what is asked for that a cell predicts after training.
  ///
  /// - Parameters:
  ///   - held: the seed of the texts that are scored.
  ///   - draw: a random text.
  func score(
    _ cell: CellDefinition, seed: UInt64, held: UInt64, draw: (inout SeededGenerator) -> Text
  ) throws -> Double {
    var rng = SeededGenerator(seed: seed)
    let layer = try DefinedLayer<Float>(cell, inputSize: units, hiddenSize: units, using: &rng)
    var model = LanguageModel(vocabularySize: 97, layer: layer, using: &rng)
    let graph = Graph<Float>(threads: 1, seed: seed)
    var trainer = Fitting(updates: updates, rate: 0.01).trainer(for: model)
    func texts(_ count: Int, _ generator: inout SeededGenerator) -> [Text] {
      (0..<count).map { _ in draw(&generator) }
    }
    func batch(_ texts: [Text]) -> FramedBatch {
      Self.frame(texts.map { $0.text.map { Token($0 - Self.first) } })
    }
    try withoutActuallyEscaping(draw) { draw in
      let batches = TrainingBatches.endless { n in
        var own = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(n))
        return batch((0..<Self.batch).map { _ in draw(&own) })
      }
      try trainer.run(&model, on: graph, batches: batches) { model, batch, graph in
        model.loss(batch, on: graph)
      }
    }
    var heldGenerator = SeededGenerator(seed: held)
    let asked = texts(Self.heldOut, &heldGenerator)
    let problems = batch(asked)
    let (right, all) = model.evaluate(on: graph) { model, graph in
      let scores = model(problems.inputs, lengths: problems.lengths, on: graph).outputs.value
      var (right, all) = (0, 0)
      for (n, text) in asked.enumerated() {
        for (t, isAsked) in text.asked.enumerated() where isAsked {
          let label = problems.labels[t, n]
          let value = scores[t, n, Int(label)]
          all += 1
          if (0..<97).allSatisfy({ scores[t, n, $0] < value || $0 == Int(label) }) { right += 1 }
        }
      }
      return (right, all)
    }
    return Double(right) / Double(all)
  }
}
