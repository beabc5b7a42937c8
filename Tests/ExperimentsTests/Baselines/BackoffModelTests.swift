import Foundation
import Testing

@testable import Experiments

/// Probabilities of a small ARPA file, worked out by hand.
@Suite struct BackoffModelTests {
  /// Tokens 0 and 1, bigrams at most; what the unigrams give to `<unk>` is a tenth.
  static let arpa = """
    \\data\\
    ngram 1=5
    ngram 2=3

    \\1-grams:
    -5\t<s>\t-0.5
    -0.69897\t</s>
    -1\t<unk>
    -0.39794\t0\t-0.30103
    -0.52288\t1\t-1

    \\2-grams:
    -0.30103\t<s> 0
    -0.2\t0 1
    -0.1\t1 </s>

    \\end\\
    """

  @Test func longestListedGramElseBackingOff() throws {
    let model = try BackoffModel(arpa: Array(Self.arpa.utf8), vocabularySize: 2)
    #expect(model.order == 2 && model.count == 8)
    // P(0 | <s>)·P(1 | 0)·P(</s> | 1), all listed; then what <unk> would have is shared out.
    let expected =
      (0.30103 + 0.2 + 0.1) * log(10)
      + log(1 - pow(10, -1.5)) + log(1 - pow(10, -1.30103)) + log(1 - pow(10, -2))
    let (sum, count) = model.loss(of: [0, 1])
    #expect(abs(sum - expected) < 1e-6 && count == 3)
    // 0 after 0 is not listed: β(0)·P(0); neither is the end after 0.
    let backedOff =
      (0.30103 + (0.30103 + 0.39794) + (0.30103 + 0.69897)) * log(10)
      + log(1 - pow(10, -1.5)) + 2 * log(1 - pow(10, -1.30103))
    #expect(abs(model.loss(of: [0, 0]).sum - backedOff) < 1e-6)
  }

  @Test func aTotalIsOneOfAModelThatIsOne() throws {
    // 0.4 + 0.3 + 0.2 + 0.1 for <unk>, with nothing to back off from.
    let unigrams = """
      \\1-grams:
      -5\t<s>
      -0.69897\t</s>
      -1\t<unk>
      -0.39794\t0
      -0.52288\t1
      """
    let model = try BackoffModel(arpa: Array(unigrams.utf8), vocabularySize: 2)
    #expect(abs(model.total(after: [1, 0], besides: []) - 1) < 1e-4)
    #expect(model.total(after: [], besides: [0]) < 0.7)
  }

  @Test func wrongFiles() {
    for (text, word) in [
      ("", "without n-grams"), ("\\1-grams:\n-1\tx", "line 2 of the ARPA file: word 'x'"),
      ("\\2-grams:\n-1\t0", "line 2"), ("\\1-grams:\nnone\t0", "expected a logarithm"),
    ] {
      #expect {
        _ = try BackoffModel(arpa: Array(text.utf8), vocabularySize: 2)
      } throws: { "\($0)".contains(word) }
    }
  }
}
