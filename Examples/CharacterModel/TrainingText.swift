import Autodiff
import SequenceModels

/// A corpus as tokens: one part to train on, one to evaluate on.
struct TrainingText: CustomStringConvertible {
  let vocabulary: Vocabulary
  let training: [Token]
  let heldOut: [Token]
  let description: String
  /// How the held-out text begins, up to the end of a word.
  let opening: String

  init(
    _ corpus: Corpus, validationFraction: Double, at place: HeldOutSplit.Place, keepShared: Bool,
    batch: Int, steps: Int
  ) throws(CorpusError) {
    let split = HeldOutSplit(
      corpus.documents.map(\.text), fraction: validationFraction, at: place,
      sharedWords: keepShared ? nil : 8)
    let characters = CharacterTokenizer()
    vocabulary = Vocabulary(counting: split.training, by: characters, special: [.unknown])
    training = vocabulary.encode(split.training, by: characters)
    heldOut = vocabulary.encode(split.heldOut, by: characters)
    if training.count <= batch * steps {
      throw .tooShort(count: training.count, needed: batch * steps + 1, part: "to train on")
    }
    let streams = Self.evaluationStreams(batch: batch)
    if heldOut.count <= streams * 8 {
      throw .tooShort(count: heldOut.count, needed: streams * 8 + 1, part: "held out")
    }
    let words = split.heldOut.split(maxSplits: 8, whereSeparator: \.isWhitespace).dropLast()
    opening = words.joined(separator: " ")
    let unknownToken = vocabulary.unknown
    let unknown = heldOut.count { $0 == unknownToken }
    let files = corpus.documents.count
    description = """
      \(files) \(files == 1 ? "file" : "files"), \(vocabulary.count) different characters: \
      \(training.count) to train on, \(heldOut.count) held out \
      (\(unknown) of them unknown in the training text)
      """
      + (keepShared
        ? "\npassages that both parts have in common were kept: the result flatters the model"
        : "\n\(split.removedCount) characters were removed from the training text because the "
          + "held-out text has them too (8 or more words in a row)")
  }

  /// Into how many streams the held-out text is cut: each begins without a past, so not into many.
  static func evaluationStreams(batch: Int) -> Int { min(batch, 8) }
}
