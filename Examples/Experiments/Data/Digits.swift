/// Handwritten digits of 8 × 8 pixels, as scikit-learn brings them (Alpaydin & Kaynak 1998): 1,797.
struct Digits {
  /// Each picture's pixels, row by row, 0 to 1.
  var pictures: [[Float]] = []
  /// 0 to 9.
  var labels: [Int] = []

  static let side = 8
  private static let file = "digits/digits.csv"

  init(_ folder: DataFolder) throws(DataError) {
    for (i, line) in try folder.lines(Self.file).enumerated() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = fields.compactMap { Float($0) }
      guard numbers.count == fields.count, numbers.count == Self.side * Self.side + 1 else {
        throw DataError(
          folder, Self.file, line: i + 1,
          "\(numbers.count) numbers in \(fields.count) fields, expected 64 pixels and a label")
      }
      let label = numbers[numbers.count - 1]
      guard (0...9).contains(label), label == label.rounded() else {
        throw DataError(folder, Self.file, line: i + 1, "label \(label), expected 0 to 9")
      }
      // Pixels count 0 to 16 dots.
      pictures.append(numbers.dropLast().map { $0 / 16 })
      labels.append(Int(label))
    }
  }
}
