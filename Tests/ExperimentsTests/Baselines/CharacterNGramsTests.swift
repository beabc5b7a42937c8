import Testing

@testable import Experiments

@Suite struct CharacterNGramsTests {
  @Test func learnsWhatSingleCharactersAndPairsTell() {
    // "ab" says yes and "ba" no, which single characters do not tell; "!" says yes by itself.
    let texts = ["xab", "abx", "yab", "xba", "bax", "yba", "!x", "y!", "xy", "yx"]
    let labels = [true, true, true, false, false, false, true, true, false, false]
    let model = CharacterNGrams(texts, isPositive: labels, seed: 1)
    #expect(texts.map(model.isPositive) == labels)
    #expect(model.isPositive("zab") && !model.isPositive("zba") && model.isPositive("z!z"))
    // a, b, x, y, ! and ab, ba stand in two texts at least, "xa" in one; and the bias.
    #expect(model.parameterCount == 8)
  }
}
