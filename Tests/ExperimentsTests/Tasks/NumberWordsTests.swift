import Testing

@testable import Experiments

@Suite struct NumberWordsTests {
  @Test(arguments: [
    (0, "zero"), (13, "thirteen"), (20, "twenty"), (85, "eighty five"), (100, "one hundred"),
    (219, "two hundred and nineteen"), (1000, "one thousand"), (4007, "four thousand and seven"),
    (50_600, "fifty thousand six hundred"),
    (120_304, "one hundred and twenty thousand three hundred and four"),
    (
      999_999,
      "nine hundred and ninety nine thousand nine hundred and ninety nine"
    ),
  ])
  func words(number: Int, text: String) {
    #expect(NumberWords.of(number).joined(separator: " ") == text)
  }

  @Test func noTwoNumbersAreSpelledAlike() {
    let numbers = Array(stride(from: 0, to: 1_000_000, by: 97))
    let words = numbers.map { NumberWords.of($0) }
    #expect(Set(words).count == numbers.count)
    for number in words {
      #expect(number.allSatisfy(NumberWords.all.contains))
    }
  }
}
