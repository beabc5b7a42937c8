import Autodiff
import Charts
import Foundation
import LinAlg
import Recurrent
import SequenceModels

/// A language model of a stochastic context-free grammar against the grammar's own entropy, which is known
/// exactly: brackets of two kinds, nested without bound.
enum GrammarEntropy: Experiment {
  static let name = "grammar-entropy"
  static let summary = "cross-entropy of nested expressions against the entropy of their grammar"

  static func measure(_ run: ExperimentRun) throws {
    let grammar = ExpressionGrammar()
    var rng = SeededGenerator(seed: run.seed)
    var model = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: grammar.tokenCount, embeddingSize: 16,
      hiddenSize: run.choose(smoke: 48, full: 96), using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let curve = try Fitting(updates: run.choose(smoke: 1200, full: 4000), rate: 6e-3)
      .train(&model, on: graph, of: run) {
        grammar.frame((0..<96).map { _ in grammar.draw(using: &rng) })
      } loss: {
        $0.loss($1, on: $2)
      }
    run.show(
      .lines(
        LineFigure(
          title: "Expressions, nats per token", x: "update", y: "cross-entropy", series: [curve])))

    let count = run.choose(smoke: 20_000, full: 200_000)
    let sentences = (0..<count).map { _ in grammar.draw(using: &rng) }
    let loss = model.evaluate(sentences, in: grammar.frame, batch: 128, threads: run.threads)
    let own = sentences.reduce(0.0) { $0 - grammar.logProbability(of: $1) }
    let (found, entropy) = (loss.sum / Double(count), grammar.entropy)
    run.report("entropy of a sentence, nats", entropy)
    run.report(
      "cross-entropy ÷ entropy − 1", abs(found / entropy - 1),
      run.choose(smoke: .atMost(0.05), full: .atMost(0.01)),
      parameters: model.parameters.scalarCount,
      note: "\(Format.significant(found)) nats over \(count) fresh sentences")
    run.report(
      "the grammar's own −log P of these sentences ÷ entropy − 1",
      own / Double(count) / entropy - 1)
    run.report(
      "what the model loses to the grammar on the same sentences ÷ entropy",
      (loss.sum - own) / Double(count) / entropy,
      run.choose(smoke: .atMost(0.05), full: .atMost(0.01)))
    run.show(
      .text(
        title: "Sentences of the grammar",
        lines: sentences.prefix(8).map { grammar.text($0) }))
  }
}

/// Expressions:
/// ```
/// E → x | y | z | ( E + E ) | [ E * E ] | - E
/// ```
/// each with its probability. A sentence has one derivation, which its tokens tell from left to right, so that
/// `H(E) = −Σ p·log p + Σ p·n·H(E)` with `n` the number of `E` in a rule.
struct ExpressionGrammar {
  private struct Rule {
    var probability: Double
    /// Symbols; nil is `E`.
    var symbols: [Token?]
  }

  private static let words = ["x", "y", "z", "(", ")", "[", "]", "+", "*", "-"]
  private let rules: [Rule]
  let frame = SequenceFrame(beginning: 0, end: 1)
  var tokenCount: Int { 2 + Self.words.count }

  init() {
    func token(_ word: String) -> Token? {
      Self.words.firstIndex(of: word).map { Token(2 + $0) }
    }
    rules = [
      (0.3, "x"), (0.2, "y"), (0.1, "z"), (0.1, "( E + E )"), (0.1, "[ E * E ]"), (0.2, "- E"),
    ].map { probability, text in
      Rule(
        probability: probability,
        symbols: text.split(separator: " ").map { token(String($0)) })
    }
  }

  /// The entropy of a sentence in nats.
  var entropy: Double {
    let choice = rules.reduce(0.0) { $0 - $1.probability * log($1.probability) }
    let children = rules.reduce(0.0) {
      $0 + $1.probability * Double($1.symbols.count { $0 == nil })
    }
    return choice / (1 - children)
  }

  /// A random sentence.
  func draw(using generator: inout some RandomNumberGenerator) -> [Token] {
    var (tokens, pending): ([Token], [Token?]) = ([], [nil])
    while let symbol = pending.popLast() {
      if let symbol {
        tokens.append(symbol)
        continue
      }
      var rest = Double.random(in: 0..<1, using: &generator)
      let rule = rules.first {
        rest -= $0.probability
        return rest < 0
      }
      pending += (rule ?? rules[0]).symbols.reversed()
    }
    return tokens
  }

  /// The first token of a rule tells it: `log P` of a sentence.
  func logProbability(of sentence: [Token]) -> Double {
    let logs = Dictionary(
      uniqueKeysWithValues: rules.map { ($0.symbols[0] ?? -1, log($0.probability)) })
    return sentence.reduce(0.0) { $0 + (logs[$1] ?? 0) }
  }

  func text(_ tokens: [Token]) -> String {
    tokens.map { Self.words[Int($0) - 2] }.joined(separator: " ")
  }
}
