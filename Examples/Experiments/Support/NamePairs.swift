import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Names in two languages as characters, a fifth of them held out: what `translation` and the experiments
/// on its attention learn.
struct NamePairs {
  /// The characters of both languages: a copied one has the same token.
  let characters: Vocabulary
  let training: [TranslatedNames.Pair]
  let held: [TranslatedNames.Pair]
  let task: TranslationTask

  /// The features of a character.
  static let embeddingSize = 48
  static let dropout = 0.2
  /// Of what is written.
  static let maximumLength = 50

  typealias Translator = EncoderDecoder<Bidirectional<GRU<Float>>, GRU<Float>>

  /// - Parameters:
  ///   - limit: how many pairs to take, at random; nil for all.
  ///   - seed: another one holds out others.
  init(_ names: TranslatedNames, limit: Int? = nil, seed: UInt64) {
    let split = HeldOut(names.pairs.count, share: 0.2, seed: seed)
    training = split.training.prefix(limit.map { $0 * 4 / 5 } ?? .max).map { names.pairs[$0] }
    held = split.held.prefix(limit.map { $0 / 5 } ?? .max).map { names.pairs[$0] }
    let tokenizer = CharacterTokenizer()
    characters = Vocabulary(
      counting: training.lazy.flatMap { tokenizer.symbols(of: $0.english + $0.french) })
    task = TranslationTask(
      padding: characters.padding ?? 0, begin: characters.beginning ?? 0,
      end: characters.end ?? 0)
  }

  /// The tokens of both sides.
  func tokens(_ pair: TranslatedNames.Pair) -> (source: [Token], target: [Token]) {
    let tokenizer = CharacterTokenizer()
    return (
      characters.encode(pair.english, by: tokenizer), characters.encode(pair.french, by: tokenizer)
    )
  }

  /// A batch of some of the training pairs.
  func batch(_ numbers: [Int]) -> TranslationTask.Batch {
    task.batch(numbers.map { tokens(training[$0]) })
  }

  /// Batches of training pairs of similar lengths.
  func order(batch: Int, seed: UInt64) -> BatchOrder {
    let pairs = training.map(tokens)
    return BatchOrder(
      LengthBuckets(
        lengths: pairs.map(\.source.count), and: pairs.map(\.target.count), batch: batch,
        seed: seed, pool: 32))
  }

  /// An encoder–decoder over the characters, both directions of a GRU and a GRU, with additive attention.
  ///
  /// - Parameter coverage: whether attention sees what it has given to each character before.
  func translator(
    units: Int, coverage: Bool = false, using rng: inout SeededGenerator
  ) -> Translator {
    var model = Translator(
      sourceVocabulary: characters.count, targetVocabulary: characters.count,
      encoder: Bidirectional { GRU(inputSize: Self.embeddingSize, hiddenSize: units, using: &rng) },
      attention: .additive(units: units), coverage: coverage, units: units,
      embeddingSize: Self.embeddingSize, using: &rng
    ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
    model.dropout = Self.dropout
    return model
  }

  /// How many of the held-out names are written without an error.
  struct Score {
    /// One for each, in the order of ``NamePairs/held``.
    var right: [Bool]
    private let isSame: [Bool]

    init(_ written: [[Token]], of names: NamePairs) {
      right = zip(written, names.held).map { names.characters.decode($0).joined() == $1.french }
      isSame = names.held.map(\.isSame)
    }

    var all: Double { Spread(right).mean }
    /// Of those that differ by case at most.
    var same: Double { Spread(zip(right, isSame).filter(\.1).map(\.0)).mean }
    /// Of the others.
    var different: Double { Spread(zip(right, isSame).filter { !$0.1 }.map(\.0)).mean }
  }
}
