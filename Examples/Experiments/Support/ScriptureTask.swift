import Autodiff
import SequenceModels

/// The Bible's verses as words, a tenth of its chapters held out: what `word-lm` and `prose` have in common.
struct ScriptureTask {
  let vocabulary: Vocabulary
  /// Verses of the chapters that are trained on, chapter by chapter.
  let training: [[[Token]]]
  let heldOut: [[[Token]]]

  /// - Parameters:
  ///   - chapters: how many to take; nil for all.
  ///   - seed: another one holds out other chapters.
  /// A word that occurs once in the chapters that are trained on is `<unk>` there, too.
  init(_ bible: Bible, chapters: Int?, seed: UInt64) {
    let chapters = bible.chapters.prefix(chapters ?? .max)
    let tokenizer = WordTokenizer()
    let words = chapters.map { $0.verses.map { tokenizer.symbols(of: $0) } }
    let split = HeldOut(words.count, share: 0.1, seed: seed)
    let training = split.training.sorted().map { words[$0] }
    let vocabulary = Vocabulary(
      counting: training.lazy.joined().joined(), special: [.unknown, .beginning, .end],
      minimumCount: 2)
    self.vocabulary = vocabulary
    self.training = training.map { $0.map { vocabulary.encode($0) } }
    heldOut = split.held.sorted().map { words[$0].map { vocabulary.encode($0) } }
  }

  /// `<eos>`, which ends a verse.
  var end: Token { vocabulary.end ?? 0 }

  /// How often each token is a label in training, verse ends among them.
  var counts: [Int] {
    var counts = vocabulary.counts
    counts[Int(end)] = training.reduce(0) { $0 + $1.count }
    return counts
  }

  /// A text with the end of a verse before and behind each: all tokens but the first are predicted.
  func stream(_ chapters: [[[Token]]]) -> [Token] {
    [end] + chapters.joined().flatMap { $0 + [end] }
  }

  func text(_ tokens: [Token]) -> String { vocabulary.decode(tokens, by: WordTokenizer()) }
}
