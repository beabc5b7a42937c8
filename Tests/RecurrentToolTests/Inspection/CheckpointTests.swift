import Autodiff
import Foundation
import LinAlg
import ModelFiles
import Recurrent
import SequenceModels
import Testing

@testable import RecurrentTool

private struct Classifier: Model {
  var embedding: Embedding<Float>
  var layer: Bidirectional<GRU<Float>>
  var output: Linear<Float>

  init(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    embedding = Embedding(vocabularySize: 7, features: 4, using: &rng)
    layer = Bidirectional { GRU(inputSize: 4, hiddenSize: 5, using: &rng) }
    output = Linear(inputSize: 10, outputSize: 7, using: &rng)
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("embedding", &embedding)
    part("layer", &layer)
    part("output", &output)
  }
}

@Suite struct CheckpointInspectionTests {
  @Test func saysHowFarATrainingIs() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("run.safetensors")
    var model = Classifier(seed: 1)
    let batch = TokenBatch(steps: 2, batch: 2, tokens: [1, 2, 3, 4])
    var trainer = Trainer(optimizer: Adam(for: model.parameters, learningRate: 0.25))
    trainer.duration = .epochs(3)
    trainer.checkpoints = try .file(
      path, every: .updates(1), model: model, optimizer: trainer.optimizer,
      texts: ["vocabulary": "a b"])
    _ = try trainer.run(
      &model, on: Graph<Float>(threads: 1, seed: 5), batches: .list([batch, batch])
    ) { model, batch, graph in
      let states = model.layer(model.embedding(batch, on: graph)).outputs
      return model.output(states).crossEntropy(batch)
    }
    let report = try FileReport(contentsOf: path, progress: Progress(isShown: false))
    let checkpoint = try #require(report.checkpoint)
    #expect(checkpoint.version == "1" && checkpoint.isWhole && checkpoint.steps == 6)
    #expect(checkpoint.learningRate == 0.25 && checkpoint.texts == ["vocabulary"])
    #expect(report.parameterCount == model.parameters.scalarCount)
    #expect(
      report.layers.map(\.description) == [
        "embedding of 7 words, 4 features", "GRU, 4 features, 5 units", "GRU, 4 features, 5 units",
        "linear layer, 10 → 7",
      ])
    #expect(report.lines[1].hasSuffix("version 1, whole"), "\(report.lines[1])")

    // One bit of a number: told, and not refused.
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[bytes.count - 9] ^= 1
    let damaged = try folder.write(bytes, to: "damaged.safetensors")
    let other = try FileReport(contentsOf: damaged, progress: Progress(isShown: false))
    #expect(other.checkpoint?.isWhole == false && other.lines[1].contains("DAMAGED"))

    // Whatever the texts say, it is told or left out.
    var hostile = try TensorFile(contentsOf: path)
    for key in hostile.metadata.keys where key != "swift-recurrent.checkpoint" {
      hostile.metadata[key] = "9223372036854775807"
    }
    hostile.metadata["optimizer.learningRate"] = "7ff8000000000000"
    let strange = folder.path("strange.safetensors")
    try hostile.write(to: strange)
    let third = try FileReport(contentsOf: strange, progress: Progress(isShown: false))
    _ = (third.lines, try third.json())
  }
}
