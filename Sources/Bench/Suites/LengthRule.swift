import Foundation
import LinAlg

/// How the sequences of a batch get their lengths. A batch is as long as its longest sequence.
enum LengthRule: String, CaseIterable, Codable, Sendable {
  /// Each from 5 to `T` is as likely.
  case uniform
  /// As many steps as sentences of a real text have words, at most `T`.
  case sentences

  /// The shortest of ``uniform``.
  static let shortest = 5

  /// The lengths of a batch of `shape.N`; the longest is `shape.T`.
  ///
  /// - Throws: ``BenchError`` (exit 65) where the table of lengths cannot be read.
  func draw(_ shape: Shape, seed: UInt64) throws -> [Int] {
    var random = SeededGenerator(seed: seed)
    var lengths: [Int]
    switch self {
    case .uniform:
      let range = min(Self.shortest, shape.T)...shape.T
      lengths = (0..<shape.N).map { _ in .random(in: range, using: &random) }
    case .sentences:
      let table = try LengthTable.committed()
      lengths = (0..<shape.N).map { _ in min(table.draw(using: &random), shape.T) }
    }
    if let longest = lengths.indices.max(by: { lengths[$0] < lengths[$1] }) {
      lengths[longest] = shape.T
    }
    return lengths
  }
}

/// How often each length occurs: a line for each, the length and its count.
struct LengthTable {
  private var lengths: [Int] = []
  /// How many are at most as long as each.
  private var sums: [Int] = []

  static let fileName = "sentences.lengths"
  private static let largestByteCount = 1 << 20
  private static let largest = 1 << 30

  /// The table beside the suites.
  static func committed() throws -> LengthTable {
    guard let folder = PackageDirectory.benchmarks else {
      throw BenchError.usage(
        "no folder 'Benchmarks' found beside the package, which has the lengths")
    }
    let path = folder.appendingPathComponent(fileName).path
    return try LengthTable(
      parsing: InputFile.text(path: path, atMost: largestByteCount, what: "a table of lengths"),
      path: path)
  }

  /// Reads a table; `#` begins a comment.
  ///
  /// - Throws: ``BenchError`` (exit 65) that names file and line.
  init(parsing text: String, path: String) throws {
    var sum = 0
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let fields = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      if fields.isEmpty { continue }
      let numbers = fields.compactMap { Int($0) }.filter { (1...Self.largest).contains($0) }
      guard fields.count == 2, numbers.count == 2, numbers[0] > lengths.last ?? 0 else {
        throw BenchError.data(
          "\(path):\(index + 1): expected a length, longer than the one before, and its count")
      }
      let (total, overflow) = sum.addingReportingOverflow(numbers[1])
      guard !overflow else { throw BenchError.data("\(path):\(index + 1): too many") }
      sum = total
      lengths.append(numbers[0])
      sums.append(sum)
    }
    guard sum > 0 else { throw BenchError.data("\(path): no lengths") }
  }

  /// A length, as often as it occurs.
  func draw(using random: inout SeededGenerator) -> Int {
    let place = Int.random(in: 0..<(sums.last ?? 1), using: &random)
    return sums.firstIndex { place < $0 }.map { lengths[$0] } ?? 1
  }
}
