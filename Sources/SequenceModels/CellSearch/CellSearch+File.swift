internal import Charts
internal import Foundation
import LinAlg
import Recurrent
internal import WholeFiles

extension CellSearch {
  /// The largest file that is read, in bytes.
  private static var largestFile: Int { 1 << 28 }

  /// Writes the whole search to a file, whole or not at all. The same search gives the same bytes.
  ///
  /// - Throws: ``CellSearchFileError``; a file that was there before is then as it was.
  public func write(to path: String) throws(CellSearchFileError) {
    try CellFile.write(self, to: path)
  }

  /// Reads a file that ``write(to:)`` wrote, or that ``run(rounds:file:threads:progress:interruption:score:)`` wrote after
  /// its last whole round.
  ///
  /// - Throws: ``CellSearchFileError`` where the file cannot be read or is not a whole search.
  public init(contentsOf path: String) throws(CellSearchFileError) {
    self = try CellFile.read(path, limit: Self.largestFile)
  }

  /// Writes the best cells, each as a file that `CellDefinition` reads and as a picture beside it: `best-1.json`,
  /// `best-1.svg`, `best-2.json`, …
  ///
  /// - Parameters:
  ///   - count: how many; fewer where fewer different cells have scores.
  ///   - folder: where, an existing folder.
  /// - Returns: the definitions, the best first.
  /// - Throws: ``CellSearchFileError``, and what a definition refuses.
  @discardableResult
  public func writeBest(_ count: Int, to folder: String) throws -> [CellDefinition] {
    require(count >= 0, "writeBest: \(count) cells")
    return try ranking.prefix(count).enumerated().map { place, trial in
      let cell = try definition(of: trial, name: "best-\(place + 1)")
      let path = "\(folder)/\(cell.name)"
      try CellFile.write(cell, to: path + ".json")
      let title = "\(cell.name): score \(Format.shortest(reward(trial)))"
      try CellFile.write(text: cell.drawing(title: title), to: path + ".svg")
      return cell
    }
  }
}

extension CellDefinition {
  /// Reads the file of a definition.
  ///
  /// - Throws: ``CellSearchFileError`` where the file cannot be read or is no definition.
  public init(contentsOf path: String) throws(CellSearchFileError) {
    self = try CellFile.read(path, limit: 1 << 24)
  }
}

/// Why a file of a search or of a cell could not be read or written.
public struct CellSearchFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What is wrong, where, and what was expected.
  public var reason: String

  /// One line: the file and what is wrong with it.
  public var description: String { "\(path): \(reason)" }
}

/// Values as JSON in files that are whole or absent.
private enum CellFile {
  static func write(_ value: some Encodable, to path: String) throws(CellSearchFileError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let bytes: [UInt8]
    do {
      bytes = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
      throw CellSearchFileError(path: path, reason: "cannot be written: \(error)")
    }
    try write(bytes: bytes, to: path)
  }

  static func write(text: String, to path: String) throws(CellSearchFileError) {
    try write(bytes: Array(text.utf8), to: path)
  }

  private static func write(bytes: [UInt8], to path: String) throws(CellSearchFileError) {
    do {
      try WholeFile.write(bytes, to: path)
    } catch {
      throw CellSearchFileError(path: error.path, reason: error.reason)
    }
  }

  static func read<Value: Decodable>(
    _ path: String, limit: Int
  ) throws(CellSearchFileError) -> Value {
    let bytes: [UInt8]
    do {
      bytes = try WholeFile.read(path, limit: limit)
    } catch {
      throw CellSearchFileError(path: error.path, reason: error.reason)
    }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      throw CellSearchFileError(path: path, reason: reason(error))
    }
  }

  /// Where in the file it is, and what was expected there.
  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let (context, what): (DecodingError.Context, String?) =
      switch error {
      case .keyNotFound(let key, let context): (context, "expected '\(key.stringValue)'")
      case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
        (context, "expected \(type)")
      case .dataCorrupted(let context): (context, nil)
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: "\(error)"), nil)
      }
    let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      .joined(separator: ".")
    return (place.isEmpty ? "" : "at '\(place)': ") + (what ?? context.debugDescription)
  }
}
