import Foundation
import SequenceModels
import Testing

@Suite struct CharacterVocabularyTests {
  @Test(arguments: [
    "plain text\n", "Grüße, 数学, 👩‍👩‍👧", "e\u{301} and \u{E9} are not the same", "a\r\nb\rc\n", "",
  ])
  func `encoding keeps every text of its characters`(text: String) {
    let vocabulary = CharacterVocabulary(text)
    let tokens = vocabulary.encode(text)
    #expect(tokens.count == text.unicodeScalars.count)
    #expect(tokens.allSatisfy { $0 > 0 && $0 < vocabulary.count })
    #expect(Array(vocabulary.decode(tokens).unicodeScalars) == Array(text.unicodeScalars))
  }

  @Test func `is sorted, so that the order of the text does not matter`() {
    #expect(CharacterVocabulary("hello") == CharacterVocabulary("leohhhh"))
    #expect(CharacterVocabulary("hello").characters == "ehlo")
    #expect(CharacterVocabulary("hello").count == 5)
  }

  @Test func `other characters are unknown`() {
    let vocabulary = CharacterVocabulary("aab", minimumCount: 2)
    #expect(vocabulary.encode("abc") == [1, 0, 0])
    #expect(vocabulary.decode([1, 0]) == "a\u{FFFD}")
    #expect(vocabulary.character(for: 0) == nil && vocabulary.character(for: 1) == "a")
    #expect(CharacterVocabulary("\u{FFFD}").encode("\u{FFFD}") == [1])
  }

  @Test func `survives coding`() throws {
    let vocabulary = CharacterVocabulary("e\u{301}\r\n\"\\ab👧")
    let data = try JSONEncoder().encode(vocabulary)
    #expect(try JSONDecoder().decode(CharacterVocabulary.self, from: data) == vocabulary)
  }

  @Test func `a character that occurs twice in a file is an error`() {
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(
        CharacterVocabulary.self, from: Data(#"{"characters": "abca"}"#.utf8))
    }
    #expect("\(error as Any)".contains("4 characters, of which only 3 are different"))
  }

  @Test func `a token outside the vocabulary traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = CharacterVocabulary("ab").decode([1, 3]) }
    #expect(message(result).contains("token 3 is outside the vocabulary of 3"))
  }
}
