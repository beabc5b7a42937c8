import Foundation

/// Reads files that came from outside, with a limit on their size and errors that name them.
enum InputFile {
  /// The bytes of the file at `path`.
  ///
  /// - Throws: ``BenchError`` (exit 65) with the file's name and the cause.
  static func data(path: String, atMost limit: Int, what: String) throws -> Data {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw BenchError.data("\(path): no such file")
    }
    guard !isDirectory.boolValue else {
      throw BenchError.data("\(path): is a folder, expected \(what)")
    }
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      data = try handle.read(upToCount: limit + 1) ?? Data()
    } catch {
      throw BenchError.data("\(path): cannot be read")
    }
    guard data.count <= limit else {
      throw BenchError.data("\(path): larger than \(limit) bytes, expected \(what)")
    }
    return data
  }

  /// The text of the file at `path`, which must be UTF-8; names the line of the first byte that is not.
  static func text(path: String, atMost limit: Int, what: String) throws -> String {
    let data = try data(path: path, atMost: limit, what: what)
    if let text = String(validating: data, as: UTF8.self) { return text }
    var valid = 0
    var decoder = UTF8()
    var bytes = data.makeIterator()
    var line = 1
    decoding: while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar):
        valid += 1
        if scalar == "\n" { line += 1 }
      case .emptyInput, .error: break decoding
      }
    }
    throw BenchError.data("\(path):\(line): not UTF-8 text")
  }
}

extension InputFile {
  /// Decodes the JSON file at `path`.
  ///
  /// - Throws: ``BenchError`` (exit 65) that names file, line and what was expected there.
  static func decode<Value: Decodable>(
    _ type: Value.Type, path: String, atMost limit: Int, what: String
  ) throws -> Value {
    let text = try text(path: path, atMost: limit, what: what)
    let map: JSONLineMap
    do throws(JSONLineMap.SyntaxError) {
      map = try JSONLineMap(text)
    } catch {
      throw BenchError.data("\(path):\(error.line): \(error.reason)")
    }
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch let error as DecodingError {
      let (place, reason) = describe(error)
      let name = place.isEmpty ? "" : "\(place.joined(separator: ".")): "
      throw BenchError.data("\(path):\(map.line(of: place)): \(name)\(reason), expected \(what)")
    } catch {
      throw BenchError.data("\(path):1: cannot be read as \(what)")
    }
  }

  /// The path of the offending value and what is wrong with it.
  static func describe(_ error: DecodingError) -> ([String], String) {
    func path(_ context: DecodingError.Context) -> [String] {
      context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    }
    switch error {
    case .keyNotFound(let key, let context):
      return (path(context), "has no '\(key.stringValue)'")
    case .typeMismatch(let type, let context):
      return (path(context), "is not \(name(of: type))")
    case .valueNotFound(let type, let context):
      return (path(context), "is null and not \(name(of: type))")
    case .dataCorrupted(let context):
      return (path(context), context.debugDescription)
    @unknown default:
      return ([], "cannot be decoded")
    }
  }

  /// A type as people who write JSON call it.
  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is Double.Type: "a number"
    case is any BinaryInteger.Type: "a whole number"
    case is any Collection.Type where "\(type)".hasPrefix("Dictionary"): "an object"
    case is any Collection.Type: "a list"
    default: "of type \(type)"
    }
  }
}
