import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// Answers to questions about facts: what is asked of a person is put in words by a small grammar, and each
/// fact is asked for in half of the wordings only. The model answers the other half: it has to know the fact
/// apart from the wording, and the wording apart from the fact.
enum Chat: Experiment {
  static let name = "chat"
  static let summary = "questions about facts, answered in wordings that were not trained with them"

  private typealias Answerer = EncoderDecoder<Bidirectional<GRU<Float>>, GRU<Float>>

  static func measure(_ run: ExperimentRun) throws {
    var rng = SeededGenerator(seed: run.seed)
    let facts = Conversation.facts(people: run.choose(smoke: 6, full: 40), using: &rng)
    var (trained, heldOut) = ([(String, String)](), [(String, String)]())
    for fact in facts {
      let questions = fact.questions.shuffled(using: &rng)
      trained += questions.prefix(questions.count / 2).map { ($0, fact.answer) }
      heldOut += questions.suffix(from: questions.count / 2).map { ($0, fact.answer) }
    }
    let words = WordTokenizer(isLowercasing: true)
    let vocabulary = Vocabulary(
      counting: trained.flatMap { words.symbols(of: $0.0) + words.symbols(of: $0.1) })
    func encode(_ text: String) -> [Token] { vocabulary.encode(words.symbols(of: text)) }
    let pairs = trained.map { (encode($0.0), encode($0.1)) }
    let task = TranslationTask(
      padding: vocabulary.padding ?? 0, begin: vocabulary.beginning ?? 0,
      end: vocabulary.end ?? 0)

    let units = run.choose(smoke: 32, full: 64)
    var model = Answerer(
      sourceVocabulary: vocabulary.count, targetVocabulary: vocabulary.count,
      encoder: Bidirectional { GRU(inputSize: units, hiddenSize: units, using: &rng) },
      attention: .general, units: units, embeddingSize: units, using: &rng
    ) { GRU(inputSize: $0, hiddenSize: units, using: &$1) }
    model.dropout = 0.1
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    try task.train(
      &model, on: graph, updates: run.choose(smoke: 500, full: 1500), rate: 0.005, run: run
    ) {
      task.batch((0..<64).map { _ in pairs[Int.random(in: 0..<pairs.count, using: &rng)] })
    }

    let asked = heldOut.shuffled(using: &rng).prefix(run.choose(smoke: 100, full: 2000))
    let written = task.write(model, asked.map { encode($0.0) }, maximumLength: 12, on: graph)
    var right = ExactMatch()
    for (pair, tokens) in zip(asked, written) { right.add(tokens, reference: encode(pair.1)) }
    run.report(
      "right answers", right.value, run.choose(smoke: .atLeast(0.7), full: .atLeast(0.98)),
      parameters: model.parameters.scalarCount,
      note: "\(right.count) questions of \(facts.count) facts in wordings not trained with them")
    run.show(
      .text(
        title: "Questions and answers",
        lines: zip(asked, written).prefix(12).map { pair, tokens in
          let answer = words.text(of: tokens.map { vocabulary.symbol(of: $0) })
          return "\(pair.0) → \(answer)"
        }))
  }
}

/// Facts about people, and a grammar of questions about them.
struct Conversation {
  /// Something that is true of a person.
  struct Fact {
    var person: String
    var relation: Relation
    var value: String

    var answer: String { "\(person) \(relation.says) \(value)." }

    /// Every way to ask for it.
    var questions: [String] {
      Conversation.openings.flatMap { opening in
        relation.asks.map { opening + $0.replacing("@", with: person) + "?" }
      }
    }
  }

  /// What can be known of a person, as an answer says it and as questions ask for it.
  struct Relation {
    var says: String
    var asks: [String]
    var values: [String]
  }

  /// One fact of each relation for each person.
  static func facts(people: Int, using rng: inout some RandomNumberGenerator) -> [Fact] {
    names.prefix(people).flatMap { person in
      relations.map { relation in
        let value = relation.values[Int.random(in: 0..<relation.values.count, using: &rng)]
        return Fact(person: person, relation: relation, value: value)
      }
    }
  }

  private static let openings = [
    "", "please tell me, ", "do you know: ", "hello! ", "one question: ", "by the way, ",
  ]

  private static let relations = [
    Relation(
      says: "lives in",
      asks: [
        "where does @ live", "in which city does @ live", "where is the home of @",
        "which city is @ from", "what town do I find @ in",
      ],
      values: [
        "Paris", "Rome", "Oslo", "Lima", "Cairo", "Delhi", "Tokyo", "Berlin", "Madrid", "Dublin",
        "Athens", "Vienna", "Prague", "Havana", "Quito", "Hanoi",
      ]),
    Relation(
      says: "works as a",
      asks: [
        "what is the job of @", "what does @ do for a living", "what does @ work as",
        "which trade does @ have", "how does @ earn money",
      ],
      values: [
        "baker", "nurse", "pilot", "farmer", "lawyer", "painter", "tailor", "teacher", "dentist",
        "plumber", "sailor", "miner", "judge", "singer", "cook", "clerk",
      ]),
    Relation(
      says: "likes to eat",
      asks: [
        "what does @ like to eat", "what is the favourite food of @", "which dish does @ want",
        "what do I cook for @", "what does @ have for dinner",
      ],
      values: [
        "soup", "rice", "fish", "cake", "bread", "beans", "pasta", "salad", "cheese", "apples",
        "plums", "eggs", "pizza", "noodles", "honey", "carrots",
      ]),
    Relation(
      says: "plays the",
      asks: [
        "what does @ play", "which instrument does @ play", "what instrument can I hear @ on",
        "what does @ practise at night", "which instrument did @ learn",
      ],
      values: [
        "piano", "violin", "flute", "drums", "harp", "guitar", "trumpet", "cello", "organ", "oboe",
        "banjo", "tuba", "horn", "lute", "viola", "bells",
      ]),
    Relation(
      says: "has a pet",
      asks: [
        "which animal does @ have", "what is the pet of @", "what animal lives with @",
        "which pet does @ keep", "what does @ take for a walk",
      ],
      values: [
        "cat", "dog", "parrot", "rabbit", "horse", "goat", "snake", "mouse", "duck", "turtle",
        "pony", "lizard", "hamster", "canary", "sheep", "crow",
      ]),
  ]

  private static let names = [
    "Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jakob",
    "Karin", "Leo", "Marta", "Nils", "Olga", "Pablo", "Quentin", "Rosa", "Simon", "Tanja",
    "Uwe", "Vera", "Walter", "Xenia", "Yusuf", "Zita", "Amir", "Bella", "Carlos", "Diana",
    "Emil", "Fiona", "Gustav", "Hanna", "Ivan", "Julia", "Kemal", "Laura", "Marco", "Nadia",
  ]
}
