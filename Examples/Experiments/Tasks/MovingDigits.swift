import Autodiff
import Charts
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Videos of two handwritten digits, of which first one moves and then the other: `the three moves left then the seven
/// moves up`. A fifth of the digits occurs in no video of the training. A model that sees the frames in any order
/// says how much of the sentences the order holds.
enum MovingDigits: Experiment {
  static let name = "moving-digits"
  static let summary = "which digit moves where, in which order"

  private static let (side, batch) = (24, 32)
  /// Frames in which a digit moves, and by how many pixels in each.
  private static let (moves, step) = (3, 2)
  private static let task = CaptionTask(
    words: ["the", "moves", "then"] + Direction.allCases.map(\.rawValue) + PlacedDigits.names,
    maximumLength: 10)

  private enum Direction: String, CaseIterable {
    case left, right, up, down

    var rows: Int { self == .up ? -1 : self == .down ? 1 : 0 }
    var columns: Int { self == .left ? -1 : self == .right ? 1 : 0 }
  }

  private typealias Model = VideoDescriber<Bidirectional<LSTM<Float>>>

  static func measure(_ run: ExperimentRun) throws {
    let digits = try Digits(run.data)
    let split = HeldOut(digits.pictures.count, share: 0.2, seed: run.seed)
    let (training, held) = (
      PlacedDigits(digits, split.training), PlacedDigits(digits, split.held)
    )
    let count = run.choose(smoke: 100, full: 1000)
    func exact(isShuffled: Bool) throws -> (share: Double, model: Model) {
      let model = try train(training, isShuffled: isShuffled, run)
      // The same videos for both, but for the order.
      var rng = SeededGenerator(seed: run.seed)
      let videos = stride(from: 0, to: count, by: 50).map { first in
        scene(min(50, count - first), of: held, isDistorted: false, isShuffled, using: &rng)
      }
      let graph = Graph<Float>(threads: run.threads)
      let right = task.right(model, videos, on: graph)
      if !isShuffled {
        run.report(
          "loss of a word, nats", task.loss(model, videos, on: graph),
          run.choose(smoke: .below(2.2), full: nil))
        try show(model, videos[0], on: run)
      }
      return (Spread(right).mean, model)
    }
    let (ordered, model) = try exact(isShuffled: false)
    run.report(
      "exact sentences", ordered, run.choose(smoke: nil, full: .atLeast(0.95)),
      parameters: model.parameters.scalarCount,
      note: "\(count) videos of \(split.held.count) digits that no training video has")
    let shuffled = try exact(isShuffled: true).share
    run.report("exact sentences, frames in any order", shuffled)
    run.report(
      "points above frames in any order", 100 * (ordered - shuffled),
      run.choose(smoke: nil, full: .atLeast(20)))
  }

  /// One batch of videos.
  private static func scene(
    _ count: Int, of digits: PlacedDigits, isDistorted: Bool, _ isShuffled: Bool,
    using rng: inout SeededGenerator
  ) -> CaptionedScenes<VideoBatch> {
    var (videos, sentences) = ([PixelBatch](), [[Token]]())
    for _ in 0..<count {
      let movers = placed(digits, isDistorted: isDistorted, using: &rng)
      var frames = (0...2 * moves).map { t in
        var canvas = Canvas(side: side)
        for (k, mover) in movers.enumerated() {
          // The first moves in the first half.
          let steps = step * min(max(t - k * moves, 0), moves)
          canvas.put(
            mover.digit, row: mover.row + steps * mover.direction.rows,
            column: mover.column + steps * mover.direction.columns)
        }
        return canvas.values
      }
      // Drawn in any case, so that both kinds of videos are otherwise the same.
      let order = frames.indices.shuffled(using: &rng)
      if isShuffled { frames = order.map { frames[$0] } }
      videos.append(PixelBatch(frames, height: side, width: side))
      sentences.append(
        task.tokens(
          Array(
            movers.map { ["the", $0.digit.name, "moves", $0.direction.rawValue] }
              .joined(separator: ["then"]))))
    }
    return CaptionedScenes(scenes: VideoBatch(videos), sentences: sentences)
  }

  private struct Mover {
    var digit: PlacedDigits.Digit
    var direction: Direction
    var row: Int
    var column: Int

    /// The pixels that it moves over.
    var rows: ClosedRange<Int> { span(row, direction.rows) }
    var columns: ClosedRange<Int> { span(column, direction.columns) }

    private func span(_ start: Int, _ direction: Int) -> ClosedRange<Int> {
      let end = start + direction * step * moves
      return min(start, end)...max(start, end) + Digits.side - 1
    }

    var isInside: Bool {
      let all = 0...side - 1
      return all.contains(rows.lowerBound) && all.contains(rows.upperBound)
        && all.contains(columns.lowerBound) && all.contains(columns.upperBound)
    }
  }

  /// Two digits whose ways do not meet.
  private static func placed(
    _ digits: PlacedDigits, isDistorted: Bool, using rng: inout SeededGenerator
  ) -> [Mover] {
    while true {
      let movers = (0..<2).compactMap { _ -> Mover? in
        guard let direction = Direction.allCases.randomElement(using: &rng) else { return nil }
        return Mover(
          digit: digits.draw(isDistorted: isDistorted, using: &rng), direction: direction,
          row: Int.random(in: 0...side - Digits.side, using: &rng),
          column: Int.random(in: 0...side - Digits.side, using: &rng))
      }
      let meet =
        movers[0].rows.overlaps(movers[1].rows) && movers[0].columns.overlaps(movers[1].columns)
      if !meet && movers.allSatisfy(\.isInside) { return movers }
    }
  }

  private static func train(
    _ digits: PlacedDigits, isShuffled: Bool, _ run: ExperimentRun
  ) throws -> Model {
    var rng = SeededGenerator(seed: run.seed &+ 1_000_000)
    let units = run.choose(smoke: 24, full: 64)
    let regions = PatchEmbedding<Float>(
      height: side, width: side, levels: PlacedDigits.levels,
      patch: PatchWindow(side: 4, stride: 2), patchFeatures: 32,
      window: PatchWindow(side: 5, stride: 2), features: 96, using: &rng)
    let encoder = Bidirectional(
      forward: LSTM<Float>(inputSize: 96, hiddenSize: units, using: &rng),
      backward: LSTM<Float>(inputSize: 96, hiddenSize: units, using: &rng))
    var model = Model(
      .regions, regions: regions, encoder: encoder, vocabularySize: task.vocabulary.count,
      hiddenSize: 2 * units, embeddingSize: 64, using: &rng)
    model.decoder.dropout = 0.2
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    try Fitting(updates: run.choose(smoke: 30, full: 6000), rate: 2e-3)
      .train(&model, on: graph, of: run) {
        scene(batch, of: digits, isDistorted: true, isShuffled, using: &rng)
      } loss: {
        $0.loss($1.scenes, task.frame($1.sentences), on: $2)
      }
    return model
  }

  /// What a model writes about the first of some videos, and where it looks.
  private static func show(
    _ model: Model, _ scenes: CaptionedScenes<VideoBatch>, on run: ExperimentRun
  ) throws {
    let frames = (0..<scenes.scenes.steps).map { t in
      scenes.scenes.frames.picture(t * scenes.scenes.count)
    }
    let video = PixelBatch(frames, height: side, width: side)
    try run.show(
      .captions(
        by: model, about: VideoBatch([video]), frames: video, levels: PlacedDigits.levels,
        grid: model.regions.grid, task, threads: run.threads))
  }
}
