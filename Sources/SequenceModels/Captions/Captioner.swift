import Autodiff
import LinAlg
import Recurrent

/// A model that says what it sees: something that becomes places to look at, and a decoder that writes about them.
public protocol Captioner<Scalar, Scene>: Model {
  /// What is seen: several of them, side by side.
  associatedtype Scene
  /// Writes the words.
  var decoder: CaptionDecoder<Scalar> { get set }
  /// What the decoder can look at.
  ///
  /// - Parameters:
  ///   - scenes: `N` pictures or videos.
  ///   - graph: computes it.
  func look(at scenes: Scene, on graph: Graph<Scalar>) -> EncodedSource<Scalar>
}

extension Captioner {
  /// The mean loss of captions; see ``CaptionPass/loss(_:evenness:of:)``.
  ///
  /// - Parameters:
  ///   - scenes: `N` pictures or videos.
  ///   - captions: what is to be written about each.
  ///   - evenness: how much unevenly spent attention costs.
  ///   - graph: computes it.
  public func loss(
    _ scenes: Scene, _ captions: FramedBatch, evenness: Double = 0, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    decoder.pass(captions, look(at: scenes, on: graph), on: graph)
      .loss(captions, evenness: evenness)
  }

  /// Captions for pictures or videos, by beam search; greedy with a width of 1.
  ///
  /// - Parameters:
  ///   - scenes: `N` pictures or videos.
  ///   - search: the width, the longest caption, what may be written.
  ///   - frame: the tokens before the first word and behind the last.
  ///   - graph: computes it.
  /// - Returns: for each its best captions, the best first.
  public func describe(
    _ scenes: Scene, by search: BeamSearch, in frame: SequenceFrame, on graph: Graph<Scalar>
  ) -> [[Hypothesis]] {
    evaluate(on: graph) { model, graph in
      model.decoder.write(
        about: model.look(at: scenes, on: graph), by: search, in: frame, on: graph)
    }
  }

  /// Where the model looks while it writes given captions: such as it found, or such as it should find.
  ///
  /// - Parameters:
  ///   - scenes: `N` pictures or videos.
  ///   - captions: the words of each.
  ///   - frame: the tokens before the first word and behind the last.
  ///   - graph: computes it.
  /// - Returns: for each a row of weights for each word, and a last one for the end.
  public func alignments(
    of scenes: Scene, writing captions: [[Token]], in frame: SequenceFrame,
    on graph: Graph<Scalar>
  ) -> [Alignment] {
    let captions = frame(captions)
    return evaluate(on: graph) { model, graph in
      model.decoder.pass(captions, model.look(at: scenes, on: graph), on: graph)
        .alignments(captions)
    }
  }
}
