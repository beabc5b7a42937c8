import Autodiff
import LinAlg
import Recurrent
import SequenceModels

extension TextModel {
  private static let (batch, steps) = (32, 64)

  /// Trains a model on texts for some minutes, with a twentieth of each held out, and says on standard error how
  /// far it is.
  ///
  /// - Parameters:
  ///   - texts: what it reads.
  ///   - units: hidden units of the LSTM.
  ///   - minutes: how long.
  ///   - seed: where the random numbers start.
  ///   - threads: how many threads a training step may use.
  /// - Returns: the model, and how many bits it takes for a character that was held out.
  /// - Throws: ``TextModelError`` where the texts are too short.
  public static func trained(
    on texts: [String], units: Int, minutes: Double, seed: UInt64, threads: Int
  ) throws -> (model: TextModel, bitsPerCharacter: Double) {
    let split = HeldOutSplit(texts, fraction: 0.05, at: .spread, sharedWords: nil)
    let characters = CharacterTokenizer()
    let vocabulary = Vocabulary(counting: split.training, by: characters, special: [.unknown])
    let training = vocabulary.encode(split.training, by: characters)
    let heldOut = vocabulary.encode(split.heldOut, by: characters)
    guard training.count > 2 * batch * steps, heldOut.count > 64 else {
      throw TextModelError(
        path: "the text",
        reason: "\(training.count) characters to train on and \(heldOut.count) held out, expected "
          + "more than \(2 * batch * steps) and 64")
    }
    var result = TextModel(vocabulary: vocabulary, features: 64, units: units, seed: seed)
    result.model.dropout = 0.1
    let graph = Graph<Float>(threads: threads, seed: seed)
    var trainer = Trainer(optimizer: Adam(for: result.model.parameters))
    trainer.duration = .minutes(minutes)
    trainer.schedule = WarmUpCosine(
      peak: 4e-3, final: 4e-4, warmUpSteps: 20, totalSteps: 1000)
    trainer.scheduleLength = 1000
    trainer.validation = .times(4)
    trainer.progress = .standardError
    let history = try trainer.run(
      &result.model, on: graph,
      batches: .windows(of: TokenStreams(training, batch: batch, steps: steps)),
      validate: { $0.evaluate(heldOut, streams: 4, threads: threads).bitsPerToken },
      step: { model, window, state, adam in
        if window.index == 0 { state = nil }
        return try model.trainingStep(
          window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
      })
    return (result, history.best?.validation ?? .nan)
  }
}
