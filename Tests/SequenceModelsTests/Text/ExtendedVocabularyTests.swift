import SequenceModels
import Testing

@Suite struct ExtendedVocabularyTests {
  static let vocabulary = Vocabulary(["met", "today"], special: [.padding, .unknown])

  @Test func `words of the sources follow those of the vocabulary`() {
    let sources = [["Ada", "met", "Bo"], ["Bo", "met", "Cy", "Bo"]]
    let words = ExtendedVocabulary(Self.vocabulary, sources: sources)
    #expect(words.count == 7 && words.added == ["Ada", "Bo", "Cy"])
    #expect(sources.map { words.encode($0) } == [[4, 2, 5], [5, 2, 6, 5]])
    #expect(words.decode([4, 2, 6, 3]) == ["Ada", "met", "Cy", "today"])
    #expect(words.encode(["Dee", "Ada"]) == [1, 4])
    // Only what the source has can be written from it.
    #expect(words.encode(["Ada", "met", "Cy"], from: sources[0]) == [4, 2, 1])
    #expect(words.encode(["Ada", "met", "Cy"], from: sources[1]) == [1, 2, 6])
  }

  @Test func `words that nothing can write trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let words = ExtendedVocabulary(Vocabulary(["met"]), sources: [["Ada"]])
      _ = words.encode(["Bo"], from: ["Ada"])
    }
    #expect(message(result).contains("'Bo' is in no source and not in the vocabulary of 1"))
  }
}
