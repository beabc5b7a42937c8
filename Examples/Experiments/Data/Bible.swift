/// The King James Bible, verse by verse, as the program `bible` prints it: 31,102 verses in 1,189 chapters.
struct Bible {
  struct Chapter: Equatable {
    /// As the program abbreviates it.
    var book: String
    var number: Int
    var verses: [String]
  }

  /// In the order of the book.
  var chapters: [Chapter] = []
  private static let file = "bible/kjv.txt"

  init(_ folder: DataFolder) throws(DataError) {
    for (i, line) in try folder.lines(Self.file).enumerated() {
      // As in `1Sm17:4 And there went out a champion …`.
      guard let space = line.firstIndex(of: " "),
        let colon = line[..<space].firstIndex(of: ":"),
        let start = line[..<colon].lastIndex(where: { !$0.isNumber }),
        let number = Int(line[line.index(after: start)..<colon]),
        Int(line[line.index(after: colon)..<space]) != nil
      else {
        throw DataError(folder, Self.file, line: i + 1, "expected a verse such as 'Ge1:1 In …'")
      }
      let (book, verse) = (String(line[...start]), String(line[line.index(after: space)...]))
      if let last = chapters.last, last.book == book, last.number == number {
        chapters[chapters.count - 1].verses.append(verse)
      } else {
        chapters.append(Chapter(book: book, number: number, verses: [verse]))
      }
    }
  }
}
