/// The Chinese idioms of four characters in `jieba`'s dictionary: 22,192.
struct Idioms {
  /// In the order of the dictionary, four characters each.
  var idioms: [[Character]] = []
  private static let file = "idioms/dict.txt"

  /// Lines are `word count kind`, and the kind of idioms is `i`.
  init(_ folder: DataFolder) throws(DataError) {
    for (i, line) in try folder.lines(Self.file).enumerated() {
      let fields = line.split(separator: " ")
      guard fields.count == 3 else {
        throw DataError(
          folder, Self.file, line: i + 1, "\(fields.count) fields, expected word, count and kind")
      }
      if fields[2] == "i", fields[0].count == 4 { idioms.append(Array(fields[0])) }
    }
  }
}
