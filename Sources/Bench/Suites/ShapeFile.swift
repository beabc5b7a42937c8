import Foundation

/// The text format of a suite: one line says which cells, in which modes, at which shape; and where the
/// sequences of a batch have different lengths, by which rules.
///
/// ```
/// # comment
/// lstm,gru,rnn  inference,forward,training  T50xN32xD256xH256   # comment
/// lstm          training                    T25xN16xD512xH512
/// lstm          inference                   T60xN32xD128xH128   uniform,sentences
/// ```
/// Fields are separated by spaces or tabs; a list is separated by commas and may be `all`.
enum ShapeFile {
  /// The largest file that is read; a suite is a page of text.
  static let largestByteCount = 1 << 20

  /// Reads the cases of a suite from its text, in order, without repetition.
  ///
  /// - Parameters:
  ///   - text: the contents of the file.
  ///   - path: the file's name in messages.
  /// - Throws: ``BenchError`` (exit 65) that names file and line.
  static func parse(_ text: String, path: String) throws -> [BenchCase] {
    try parse(text, path: path, mostFields: 4) {
      BenchCase(cell: $0, mode: $1, shape: $2, lengths: $3)
    }
  }

  /// Reads the cases of the gate, which may have any layer.
  static func parseLayers(_ text: String, path: String) throws -> [LayerCase] {
    try parse(text, path: path, mostFields: 3) { layer, mode, shape, _ in
      LayerCase(layer: layer, mode: mode, shape: shape)
    }
  }

  private static func parse<Kind: RawRepresentable & CaseIterable, Case: Hashable>(
    _ text: String, path: String, mostFields: Int,
    _ makeCase: (Kind, Mode, Shape, LengthRule?) -> Case
  ) throws -> [Case] where Kind.RawValue == String {
    var cases: [Case] = []
    var seen: Set<Case> = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      do throws(ParseError) {
        for item in try parseLine(line, mostFields, makeCase)
        where seen.insert(item).inserted {
          cases.append(item)
        }
      } catch {
        throw BenchError.data("\(path):\(index + 1): \(error.reason)")
      }
    }
    guard !cases.isEmpty else {
      throw BenchError.data("\(path):\(max(1, lines.count)): the suite has no cases")
    }
    return cases
  }

  /// Reads the file at `path`; see ``parse(_:path:)``.
  static func read(path: String) throws -> [BenchCase] { try parse(text(path), path: path) }

  /// Reads the file at `path`; see ``parseLayers(_:path:)``.
  static func readLayers(path: String) throws -> [LayerCase] {
    try parseLayers(text(path), path: path)
  }

  private static func text(_ path: String) throws -> String {
    try InputFile.text(path: path, atMost: largestByteCount, what: "a shape suite")
  }

  private static func parseLine<Kind: RawRepresentable & CaseIterable, Case>(
    _ line: Substring, _ mostFields: Int, _ makeCase: (Kind, Mode, Shape, LengthRule?) -> Case
  ) throws(ParseError) -> [Case] where Kind.RawValue == String {
    let content = line.prefix { $0 != "#" }
    let fields = content.split(whereSeparator: \.isWhitespace)
    guard !fields.isEmpty else { return [] }
    guard (3...mostFields).contains(fields.count) else {
      throw ParseError(
        reason: "expected 'cells modes shape\(mostFields > 3 ? " [lengths]" : "")', "
          + "found \(fields.count) fields")
    }
    let cells: [Kind] = try parseList(fields[0], what: "cell")
    let modes: [Mode] = try parseList(fields[1], what: "mode")
    let shape = try Shape(parsing: fields[2])
    let rules: [LengthRule?] =
      fields.count > 3 ? try parseList(fields[3], what: "rule of lengths") as [LengthRule] : [nil]
    return cells.flatMap { cell in
      modes.flatMap { mode in rules.map { makeCase(cell, mode, shape, $0) } }
    }
  }

  /// The text that ``parse(_:path:)`` reads as these cases.
  static func text(_ cases: [BenchCase]) -> String {
    cases.map { "\($0.cell.rawValue) \($0.mode.rawValue) \($0.shape)\n" }.joined()
  }

  /// Reads `a,b,c` or `all` as values of an enumeration.
  static func parseList<Value: RawRepresentable & CaseIterable>(
    _ text: some StringProtocol, what: String
  ) throws(ParseError) -> [Value] where Value.RawValue == String {
    if text.lowercased() == "all" { return Array(Value.allCases) }
    var values: [Value] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Value(rawValue: name.lowercased()) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw ParseError(reason: "unknown \(what) '\(name)' (known: \(known))")
      }
      values.append(value)
    }
    return values
  }
}
