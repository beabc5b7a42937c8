import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Pictures of one to three coloured shapes, and what they show from left to right: `a red circle left of a blue
/// square`. Some combinations of a colour and a shape occur in no picture of the training.
enum ShapeCaptions: Experiment {
  static let name = "shape-captions"
  static let summary =
    "sentences about coloured shapes, with attention on the shape that a word is about"

  private static let batch = 32
  private static let task = CaptionTask(words: ShapeScene.words, maximumLength: 15)
  /// How many of the words that are read in training are wrong. A decoder that reads right ones only learns that no
  /// shape that is held out in a colour ever follows it, and then does not look.
  private static let noise = 0.3

  static func measure(_ run: ExperimentRun) throws {
    var rng = SeededGenerator(seed: run.seed)
    // Each shape is held out in one colour.
    let colours = ShapeScene.Colour.allCases.shuffled(using: &rng)
    let held = zip(colours, ShapeScene.Shape.allCases).map {
      ShapeScene.Kind(colour: $0, shape: $1)
    }
    let known = ShapeScene.Kind.all.filter { !held.contains($0) }
    let count = run.choose(smoke: 200, full: 1000)
    let seen = (0..<count).map { _ in scene(of: known, using: &rng) }
    let unseen = (0..<count).map { _ in scene(of: known, with: held, using: &rng) }

    var model = try softModel(known, run)
    let soft = Score(model, seen, unseen, on: run)
    let size = model.parameters.scalarCount
    run.report(
      "loss of a word, nats", soft.loss, run.choose(smoke: .below(1.3), full: nil))
    run.report(
      "exact sentences", soft.seen, run.choose(smoke: nil, full: .atLeast(0.98)),
      parameters: size, note: "of \(count) new pictures")
    run.report(
      "words whose attention lies on their shape", soft.attention,
      run.choose(smoke: nil, full: .atLeast(0.9)),
      note: """
        the strongest region's middle in the shape's box, for colours and shapes of the same pictures; \
        \(Format.shortest(soft.chance)) by chance
        """)
    run.report(
      "exact sentences with held-out combinations", soft.unseen,
      run.choose(smoke: nil, full: .atLeast(0.9)),
      note: """
        \(count) pictures, each with one of \(held.count) combinations of \
        \(ShapeScene.Kind.all.count)
        """)
    try show(model, "soft attention", unseen[0], on: run)

    try trainHard(&model, known, run)
    let hard = Score(model, seen, unseen, on: run)
    run.report(
      "loss of a word with hard attention, nats", hard.loss,
      run.choose(smoke: .below(2.5), full: nil))
    let note = "the same model, trained on with places that are drawn"
    run.report("exact sentences, hard attention", hard.seen, parameters: size, note: note)
    run.report("words whose attention lies on their shape, hard attention", hard.attention)
    run.report("exact sentences with held-out combinations, hard attention", hard.unseen)
    try show(model, "hard attention", unseen[0], on: run)
  }

  /// One to three shapes, the first of them of `held` where there are such.
  private static func scene(
    of known: [ShapeScene.Kind], with held: [ShapeScene.Kind] = [],
    using rng: inout SeededGenerator
  ) -> ShapeScene {
    let others = known + held
    var kinds = (0..<Int.random(in: 1...3, using: &rng)).compactMap { _ in
      others.randomElement(using: &rng)
    }
    if let kind = held.randomElement(using: &rng) { kinds[0] = kind }
    return ShapeScene(kinds, using: &rng)
  }

  private static func pictures(
    _ scenes: some Sequence<ShapeScene>
  ) -> CaptionedScenes<PixelBatch> {
    CaptionedScenes(
      scenes: PixelBatch(
        scenes.map(\.pixels), height: ShapeScene.side, width: ShapeScene.side, channels: 3),
      sentences: scenes.map { task.tokens($0.sentence) })
  }

  private static func softModel(
    _ known: [ShapeScene.Kind], _ run: ExperimentRun
  ) throws -> ImageCaptioner<Float> {
    var rng = SeededGenerator(seed: run.seed &+ 1_000_000)
    var model = ImageCaptioner<Float>(
      regions: PatchEmbedding(
        height: ShapeScene.side, width: ShapeScene.side, channels: 3, levels: ShapeScene.levels,
        patch: PatchWindow(side: 6, stride: 2), patchFeatures: 32,
        window: PatchWindow(side: 4, stride: 2), features: 64, using: &rng),
      vocabularySize: task.vocabulary.count, hiddenSize: run.choose(smoke: 64, full: 128),
      embeddingSize: 64, using: &rng)
    try train(
      &model, Fitting(updates: run.choose(smoke: 150, full: 40_000), rate: 2e-3), known, run, &rng
    ) { model, scenes, captions, graph in
      model.loss(scenes, captions, on: graph)
    }
    return model
  }

  private static func trainHard(
    _ model: inout ImageCaptioner<Float>, _ known: [ShapeScene.Kind], _ run: ExperimentRun
  ) throws {
    var rng = SeededGenerator(seed: run.seed &+ 2_000_000)
    var hard = HardAttention()
    try train(
      &model, Fitting(updates: run.choose(smoke: 50, full: 3000), rate: 5e-4), known, run, &rng
    ) { model, scenes, captions, graph in
      let source = model.look(at: scenes, on: graph)
      return hard.loss(
        of: model.decoder.pass(captions, source, drawing: hard, on: graph), captions)
    }
    model.decoder.glimpse = .strongest
  }

  private static func train(
    _ model: inout ImageCaptioner<Float>, _ fitting: Fitting, _ known: [ShapeScene.Kind],
    _ run: ExperimentRun, _ rng: inout SeededGenerator,
    loss: (ImageCaptioner<Float>, PixelBatch, FramedBatch, Graph<Float>) -> Node<Float>
  ) throws {
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let words = 0..<Token(task.vocabulary.count)
    try fitting.train(&model, on: graph, of: run) {
      let some = pictures((0..<batch).map { _ in scene(of: known, using: &rng) })
      let captions = task.frame(some.sentences).noised(noise, by: words, using: &rng)
      return (scenes: some.scenes, captions: captions)
    } loss: { model, batch, graph in
      loss(model, batch.scenes, batch.captions, graph)
    }
  }

  private static func batches(_ scenes: [ShapeScene]) -> [CaptionedScenes<PixelBatch>] {
    stride(from: 0, to: scenes.count, by: 100).map {
      pictures(scenes[$0..<min($0 + 100, scenes.count)])
    }
  }

  /// How well a model describes pictures, and where it looks.
  private struct Score {
    var loss: Double
    var seen: Double
    var unseen: Double
    /// How many colours and shapes looked at their shape.
    var attention: Double
    /// How many would, if they looked anywhere.
    var chance: Double

    init(
      _ model: ImageCaptioner<Float>, _ seen: [ShapeScene], _ unseen: [ShapeScene],
      on run: ExperimentRun
    ) {
      let graph = Graph<Float>(threads: run.threads)
      func exact(_ scenes: [ShapeScene]) -> Double {
        Spread(task.right(model, batches(scenes), on: graph)).mean
      }
      loss = task.loss(model, batches(seen), on: graph)
      (self.seen, self.unseen) = (exact(seen), exact(unseen))
      var (hits, chances) = ([Bool](), [Double]())
      let grid = model.regions.grid
      for first in stride(from: 0, to: seen.count, by: 100) {
        let some = Array(seen[first..<min(first + 100, seen.count)])
        let batch = pictures(some)
        let looks = model.alignments(
          of: batch.scenes, writing: batch.sentences, in: task.frame, on: graph)
        for (scene, look) in zip(some, looks) {
          for (k, thing) in scene.things.enumerated() {
            let on = (0..<grid.count).map { region in
              let place = grid.pixels(ofRegion: region)
              return thing.holds(middleOf: place.rows, place.columns)
            }
            // Five words for each shape: its colour and its name are the second and the third.
            for word in 5 * k + 1...5 * k + 2 {
              hits.append(on[look.strongest[word]])
              chances.append(Double(on.count { $0 }) / Double(grid.count))
            }
          }
        }
      }
      (attention, chance) = (Spread(hits).mean, Spread(chances).mean)
    }
  }

  /// What a model writes about a picture, and the picture once for each word.
  private static func show(
    _ model: ImageCaptioner<Float>, _ what: String, _ scene: ShapeScene, on run: ExperimentRun
  ) throws {
    let picture = pictures([scene]).scenes
    try run.show(
      .captions(
        by: model, what, about: picture, frames: picture, levels: ShapeScene.levels,
        grid: model.regions.grid, task, threads: run.threads))
  }
}
