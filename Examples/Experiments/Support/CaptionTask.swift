import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Sentences of few words about something that is seen.
struct CaptionTask {
  let vocabulary: Vocabulary
  let frame: SequenceFrame
  /// The words of the longest sentence.
  let maximumLength: Int

  init(words: [String], maximumLength: Int) {
    vocabulary = Vocabulary(words, special: [.beginning, .end])
    frame = SequenceFrame(vocabulary)
    self.maximumLength = maximumLength
  }

  func tokens(_ words: [String]) -> [Token] {
    words.map { word in vocabulary.token(of: word) ?? frame.end }
  }

  func words(_ tokens: [Token]) -> [String] { tokens.map { vocabulary.symbol(of: $0) } }

  /// What a model writes about scenes, by beam search.
  func write<M: Captioner>(_ model: M, about scenes: M.Scene, on graph: Graph<M.Scalar>)
    -> [[Token]]
  {
    model.describe(
      scenes, by: BeamSearch(width: 3, maximumLength: maximumLength), in: frame, on: graph
    ).map { $0.first?.tokens ?? [] }
  }
}

/// Scenes, and the sentence about each.
struct CaptionedScenes<Scene> {
  var scenes: Scene
  var sentences: [[Token]]
}

extension CaptionTask {
  /// The mean loss of the words of sentences, in nats.
  func loss<M: Captioner>(
    _ model: M, _ batches: [CaptionedScenes<M.Scene>], on graph: Graph<M.Scalar>
  ) -> Double {
    batches.reduce(into: Loss()) { sum, batch in
      let captions = frame(batch.sentences)
      let mean = model.evaluate(on: graph) { model, graph in
        Double(model.loss(batch.scenes, captions, on: graph).scalar)
      }
      sum += Loss(sum: mean * Double(captions.tokenCount), count: captions.tokenCount)
    }.mean
  }

  /// Whether each sentence that a model writes is the right one, word for word.
  func right<M: Captioner>(
    _ model: M, _ batches: [CaptionedScenes<M.Scene>], on graph: Graph<M.Scalar>
  ) -> [Bool] {
    batches.flatMap { batch in
      zip(write(model, about: batch.scenes, on: graph), batch.sentences).map { $0 == $1 }
    }
  }
}

extension Figure {
  /// What a model writes about one scene, and where it looks: for each word the picture, or all frames.
  static func captions<M: Captioner>(
    by model: M, _ what: String = "attention", about scene: M.Scene, frames: PixelBatch,
    levels: Int, grid: RegionGrid, _ task: CaptionTask, threads: Int?
  ) throws -> Figure {
    let graph = Graph<M.Scalar>(threads: threads)
    let written = task.write(model, about: scene, on: graph)
    let look = model.alignments(of: scene, writing: written, in: task.frame, on: graph)[0]
    let words = task.words(written[0]) + ["end"]
    return try .sheet(
      "Where \(what) looks, a \(frames.count > 1 ? "row" : "picture") for each of: "
        + words.joined(separator: " "),
      look.pictures(over: frames, levels: levels, grid: grid), levels: 256,
      columns: frames.count > 1 ? frames.count : words.count)
  }
}
