import LinAlg
import Recurrent

extension CharacterLanguageModel {
  /// How well the model predicts a text: `evaluate(…).bitsPerToken` is bits per character.
  ///
  /// - Parameters:
  ///   - tokens: the text, from ``vocabulary``. All tokens but the first are predicted.
  ///   - streams: into how many pieces the text is cut, to be read side by side. Each begins without
  ///     a past, which costs a little accuracy; 1 reads the text in one go and is slowest.
  ///   - steps: how many steps are computed at once; changes memory and speed, not the result.
  /// - Precondition: there are more tokens than streams.
  public func evaluate(_ tokens: [Token], streams: Int = 1, steps: Int = 128) -> Loss {
    let pieces = TokenStreams(tokens, batch: streams, steps: steps)
    let lossFunction = CrossEntropy(ignoring: TokenStreams.ignored)
    let (embedding, layer, output) = (embedding, layer, output)
    let workspace = layer.makeWorkspace()
    var window = TokenWindow()
    var state: Layer.State?
    var loss = Loss()
    for index in 0..<pieces.windowCount {
      pieces.load(index, into: &window)
      let run = layer(
        embedding(window.inputs), from: state, lengths: nil, threads: nil, workspace: workspace)
      loss += lossFunction(output(run.outputs), labels: window.targets)
      state = run.finalState
    }
    return loss
  }
}
