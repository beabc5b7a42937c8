import Autodiff
import Charts
import LinAlg
import SequenceModels

/// People of four traits, each trait with words of its own around them: king − man + woman = queen.
enum PlantedAnalogies: Experiment {
  static let name = "planted-analogies"
  static let summary =
    "people of four traits (gender, royalty, age, food): all analogies that differ in one of them"

  /// The values of each trait.
  private static let traits = [2, 2, 2, 3]
  private static let names = [
    [["man", "boy"], ["king", "prince"]], [["woman", "girl"], ["queen", "princess"]],
  ]
  private static let foods = ["", "-fish", "-bread"]
  /// How many words tell of each value, and how many of none.
  private static let wordsOfValue = 8
  private static let fillers = 60

  static func measure(_ run: ExperimentRun) throws {
    let people = Self.people
    let contexts = traits.indices.flatMap { trait in
      (0..<traits[trait]).flatMap { value in
        (0..<wordsOfValue).map { "t\(trait)v\(value)w\($0)" }
      }
    }
    let vocabulary = Vocabulary(
      people.map(\.name) + contexts + (0..<fillers).map { "filler\($0)" })
    let corpus = WordCorpus(
      sentences(people, vocabulary, count: run.choose(smoke: 12_000, full: 60_000), seed: run.seed),
      vocabularySize: vocabulary.count)
    let (analogies, answers) = analogies(people)

    let outputs: [WordVectorOptions.Output] = [
      .negativeSampling(5), .hierarchicalSoftmax, .fullSoftmax,
    ]
    for model in WordVectorOptions.Model.allCases {
      for output in outputs {
        // The reference costs as much as all others together, and shows no more on less.
        if output == .fullSoftmax && run.budget == .smoke { continue }
        var options = WordVectorOptions(model, output)
        (options.features, options.seed, options.subsampling) = (24, run.seed, nil)
        (options.epochs, options.rate) = (run.choose(smoke: 8, full: 10), 0.05)
        var trainer = WordVectorTrainer<Float>(options, vocabulary: vocabulary)
        trainer.train(on: corpus)
        let neighbors = WordNeighbors(trainer.vectors)
        for rule in WordNeighbors<Float>.AnalogyRule.allCases {
          let found = neighbors.answers(to: analogies, by: rule)
          let right = zip(found, answers).reduce(0) { $0 + ($1.0.first?.token == $1.1 ? 1 : 0) }
          let isTheClaim = output == .negativeSampling(5) && rule == .sum
          run.report(
            "\(Self.name(model)), \(Self.name(output)), \(rule == .sum ? "3CosAdd" : "3CosMul")",
            Double(right) / Double(answers.count),
            isTheClaim ? run.choose(smoke: .atLeast(0.9), full: .atLeast(0.95)) : nil,
            parameters: 2 * vocabulary.count * options.features,
            note: "\(answers.count) analogies, candidates are all \(vocabulary.count) words")
        }
        if model == .skipGram, output == .negativeSampling(5) {
          show(trainer.vectors, run)
        }
      }
    }
  }

  private static func name(_ model: WordVectorOptions.Model) -> String {
    model == .skipGram ? "skip-gram" : "CBOW"
  }

  private static func name(_ output: WordVectorOptions.Output) -> String {
    switch output {
    case .negativeSampling(let count): "\(count) noise words"
    case .hierarchicalSoftmax: "tree"
    case .fullSoftmax: "full softmax"
    }
  }

  private struct Person {
    var name: String
    /// Of each trait.
    var values: [Int]
  }

  /// Every combination of values; the last trait's go fastest.
  private static var people: [Person] {
    (0..<traits.reduce(1, *)).map { number in
      var (rest, values) = (number, [Int]())
      for count in traits.reversed() {
        values.insert(rest % count, at: 0)
        rest /= count
      }
      return Person(
        name: names[values[0]][values[1]][values[2]] + foods[values[3]], values: values)
    }
  }

  /// A person among words that tell of its traits, and some that tell of nothing.
  private static func sentences(
    _ people: [Person], _ vocabulary: Vocabulary, count: Int, seed: UInt64
  ) -> [[Token]] {
    var rng = SeededGenerator(seed: seed)
    let firstOfTrait = traits.indices.map { trait in
      people.count + wordsOfValue * traits[..<trait].reduce(0, +)
    }
    return (0..<count).map { _ in
      let person = Int.random(in: people.indices, using: &rng)
      var words = (0..<8).map { _ -> Token in
        if Int.random(in: 0..<5, using: &rng) == 0 {
          return Token(vocabulary.count - 1 - Int.random(in: 0..<fillers, using: &rng))
        }
        let trait = Int.random(in: traits.indices, using: &rng)
        return Token(
          firstOfTrait[trait] + wordsOfValue * people[person].values[trait]
            + Int.random(in: 0..<wordsOfValue, using: &rng))
      }
      words.insert(Token(person), at: Int.random(in: 0...words.count, using: &rng))
      return words
    }
  }

  /// Whatever one trait's change makes of one person, it makes of every other with that value.
  private static func analogies(_ people: [Person]) -> ([WordAnalogy], [Token]) {
    func token(_ values: [Int]) -> Token {
      Token(zip(values, traits).reduce(0) { $0 * $1.1 + $1.0 })
    }
    var (questions, answers) = ([WordAnalogy](), [Token]())
    for trait in traits.indices {
      for a in people {
        for c in people where c.values[trait] == a.values[trait] && c.values != a.values {
          for value in 0..<traits[trait] where value != a.values[trait] {
            var (b, d) = (a.values, c.values)
            (b[trait], d[trait]) = (value, value)
            questions.append(
              WordAnalogy(token(a.values), isTo: token(b), as: token(c.values)))
            answers.append(token(d))
          }
        }
      }
    }
    return (questions, answers)
  }

  /// Where the plain people lie, along two directions.
  private static func show(_ vectors: WordVectors<Float>, _ run: ExperimentRun) {
    let names = names.joined().joined()
    let tokens = names.compactMap { vectors.vocabulary.token(of: $0) }
    guard let places = try? vectors.principalComponents(of: tokens) else { return }
    run.show(
      .text(
        title: "Principal components of people",
        lines: zip(names, tokens.indices).map {
          "\($0): \(Format.fixed(Double(places[$1, 0]), 2)), "
            + "\(Format.fixed(Double(places[$1, 1]), 2))"
        }))
  }
}
