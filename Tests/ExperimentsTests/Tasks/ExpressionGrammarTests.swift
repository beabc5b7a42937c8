import Autodiff
import LinAlg
import Testing

@testable import Experiments

@Suite struct ExpressionGrammarTests {
  @Test func sentencesHaveTheEntropyThatFollowsFromTheRules() {
    let grammar = ExpressionGrammar()
    var rng = SeededGenerator(seed: 1)
    let logs = (0..<20_000).map { _ in
      -grammar.logProbability(of: grammar.draw(using: &rng))
    }
    let spread = Spread(logs)
    #expect(
      abs(spread.mean - grammar.entropy) < 4 * spread.standardError,
      "seed 1: \(spread.mean) ± \(spread.standardError), \(grammar.entropy)")
    // The choice of a rule has 1.6957 nats, and a rule 0.6 expressions.
    #expect(abs(grammar.entropy - 1.6957 / 0.4) < 1e-3)
  }

  @Test func sentencesAreWellNested() {
    let grammar = ExpressionGrammar()
    var rng = SeededGenerator(seed: 2)
    for _ in 0..<300 {
      var open: [Character] = []
      for word in grammar.text(grammar.draw(using: &rng)).split(separator: " ") {
        switch word {
        case "(", "[": open.append(Character(String(word)))
        case ")": #expect(open.popLast() == "(")
        case "]": #expect(open.popLast() == "[")
        default: break
        }
      }
      #expect(open.isEmpty)
    }
  }
}
