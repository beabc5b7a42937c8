import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Two handwritten digits on a canvas, and how they lie: `a seven left of a three`, `a two above a nine`. A fifth of
/// the digits occurs in no picture of the training.
enum DigitCaptions: Experiment {
  static let name = "digit-captions"
  static let summary = "which handwritten digit lies beside or above which"

  private static let (side, batch) = (24, 32)
  private static let task = CaptionTask(
    words: ["a", "left", "of", "above"] + PlacedDigits.names, maximumLength: 8)

  static func measure(_ run: ExperimentRun) throws {
    let digits = try Digits(run.data)
    let split = HeldOut(digits.pictures.count, share: 0.2, seed: run.seed)
    let (training, held) = (
      PlacedDigits(digits, split.training), PlacedDigits(digits, split.held)
    )
    var rng = SeededGenerator(seed: run.seed)
    let count = run.choose(smoke: 200, full: 2000)
    let (known, new) = (
      scenes(count, of: training, isDistorted: false, using: &rng),
      scenes(count, of: held, isDistorted: false, using: &rng)
    )
    let model = try train(training, run)
    let graph = Graph<Float>(threads: run.threads)
    func exact(_ scenes: [CaptionedScenes<PixelBatch>]) -> Double {
      Spread(task.right(model, scenes, on: graph)).mean
    }
    run.report(
      "loss of a word, nats", task.loss(model, new, on: graph),
      run.choose(smoke: .below(1.4), full: nil))
    run.report(
      "exact sentences about held-out digits", exact(new),
      run.choose(smoke: nil, full: .atLeast(0.93)), parameters: model.parameters.scalarCount,
      note: "\(count) pictures of \(split.held.count) digits that no training picture has")
    run.report("exact sentences about digits of the training", exact(known))
    try show(model, new[0], on: run)
  }

  /// Batches of pictures.
  private static func scenes(
    _ count: Int, of digits: PlacedDigits, isDistorted: Bool, using rng: inout SeededGenerator
  ) -> [CaptionedScenes<PixelBatch>] {
    stride(from: 0, to: count, by: 100).map { first in
      scene(min(100, count - first), of: digits, isDistorted: isDistorted, using: &rng)
    }
  }

  /// One batch.
  private static func scene(
    _ count: Int, of digits: PlacedDigits, isDistorted: Bool, using rng: inout SeededGenerator
  ) -> CaptionedScenes<PixelBatch> {
    var (pictures, sentences) = ([[Token]](), [[Token]]())
    for _ in 0..<count {
      let first = digits.draw(isDistorted: isDistorted, using: &rng)
      let second = digits.draw(isDistorted: isDistorted, using: &rng)
      let isAbove = Bool.random(using: &rng)
      // Apart along one axis, and nearly in line along the other.
      let room = side - Digits.side
      let apart = Int.random(in: Digits.side + 1...room, using: &rng)
      let shift = Int.random(in: -4...4, using: &rng)
      let along = Int.random(in: 0...room - apart, using: &rng)
      let across = Int.random(in: max(0, -shift)...min(room, room - shift), using: &rng)
      var canvas = Canvas(side: side)
      if isAbove {
        canvas.put(first, row: along, column: across)
        canvas.put(second, row: along + apart, column: across + shift)
      } else {
        canvas.put(first, row: across, column: along)
        canvas.put(second, row: across + shift, column: along + apart)
      }
      pictures.append(canvas.values)
      sentences.append(
        task.tokens(
          ["a", first.name] + (isAbove ? ["above"] : ["left", "of"]) + ["a", second.name]))
    }
    return CaptionedScenes(
      scenes: PixelBatch(pictures, height: side, width: side), sentences: sentences)
  }

  private static func train(
    _ digits: PlacedDigits, _ run: ExperimentRun
  ) throws -> ImageCaptioner<Float> {
    var rng = SeededGenerator(seed: run.seed &+ 1_000_000)
    var model = ImageCaptioner<Float>(
      regions: PatchEmbedding(
        height: side, width: side, levels: PlacedDigits.levels,
        patch: PatchWindow(side: 4, stride: 2), patchFeatures: 32,
        window: PatchWindow(side: 4, stride: 1), features: 96, using: &rng),
      vocabularySize: task.vocabulary.count, hiddenSize: run.choose(smoke: 64, full: 128),
      embeddingSize: 96, using: &rng)
    model.decoder.dropout = 0.3
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    try Fitting(updates: run.choose(smoke: 150, full: 8000), rate: 2e-3)
      .train(&model, on: graph, of: run) {
        scene(batch, of: digits, isDistorted: true, using: &rng)
      } loss: {
        $0.loss($1.scenes, task.frame($1.sentences), on: $2)
      }
    return model
  }

  /// What a model writes about the first of some pictures, and the picture once for each word.
  private static func show(
    _ model: ImageCaptioner<Float>, _ scenes: CaptionedScenes<PixelBatch>, on run: ExperimentRun
  ) throws {
    let picture = scenes.scenes[pictures: 0..<1]
    try run.show(
      .captions(
        by: model, about: picture, frames: picture, levels: PlacedDigits.levels,
        grid: model.regions.grid, task, threads: run.threads))
  }
}
