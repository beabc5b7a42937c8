/// Where the values of a JSON text stand, so that an error can name a line: Foundation's decoder tells
/// a value's path, but not its place.
struct JSONLineMap {
  /// The line of a syntax error, counted from one, and what was expected there.
  struct SyntaxError: Error, Equatable {
    var line: Int
    var reason: String
  }

  /// The line on which a value begins, and the places of the values in it. By its own key alone: with the
  /// whole path, one long key would be stored for every value below it.
  private struct Node {
    var line: Int
    var children: [String: Int] = [:]
  }

  private var nodes: [Node] = []

  /// Scans a whole text. Throws ``SyntaxError`` at the first byte that is not JSON.
  init(_ text: String) throws(SyntaxError) {
    var scanner = Scanner(bytes: Array(text.utf8))
    _ = try scanner.value(depth: 0)
    scanner.skipSpace()
    guard scanner.isAtEnd else { throw scanner.error("the end of the file") }
    nodes = scanner.nodes
  }

  /// The line of the value at `path`, or of the closest value around it.
  func line(of path: [String]) -> Int {
    var node = 0
    for key in path {
      guard let child = nodes[node].children[key] else { break }
      node = child
    }
    return nodes[node].line
  }

  private struct Scanner {
    let bytes: [UInt8]
    var position = 0
    var line = 1
    var nodes: [Node] = []

    static let deepest = 64

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    func error(_ expected: String) -> SyntaxError {
      SyntaxError(line: line, reason: "not JSON: expected \(expected)")
    }

    mutating func skipSpace() {
      while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
        if byte == 0x0A { line += 1 }
        position += 1
      }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard next == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    /// The place of the value's node.
    mutating func value(depth: Int) throws(SyntaxError) -> Int {
      guard depth < Self.deepest else { throw error("at most \(Self.deepest) levels") }
      skipSpace()
      let node = nodes.count
      nodes.append(Node(line: line))
      switch next {
      case UInt8(ascii: "{"): nodes[node].children = try object(depth: depth)
      case UInt8(ascii: "["): nodes[node].children = try array(depth: depth)
      case UInt8(ascii: "\""): _ = try string()
      default: try literal()
      }
      return node
    }

    private mutating func object(depth: Int) throws(SyntaxError) -> [String: Int] {
      position += 1
      if take("}") { return [:] }
      var children: [String: Int] = [:]
      repeat {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw error("a key in quotes") }
        let key = try string()
        guard take(":") else { throw error("':'") }
        children[key] = try value(depth: depth + 1)
      } while take(",")
      guard take("}") else { throw error("',' or '}'") }
      return children
    }

    private mutating func array(depth: Int) throws(SyntaxError) -> [String: Int] {
      position += 1
      if take("]") { return [:] }
      var children: [String: Int] = [:]
      repeat {
        children[String(children.count)] = try value(depth: depth + 1)
      } while take(",")
      guard take("]") else { throw error("',' or ']'") }
      return children
    }

    /// The string between the quotes, escapes left as they are.
    private mutating func string() throws(SyntaxError) -> String {
      position += 1
      let start = position
      while let byte = next, byte != UInt8(ascii: "\"") {
        guard byte >= 0x20 else { throw error("'\"' at the end of a string") }
        position += byte == UInt8(ascii: "\\") ? 2 : 1
        guard position < bytes.count else { break }
      }
      guard position < bytes.count else {
        position = bytes.count
        throw error("'\"' at the end of a string")
      }
      let content = String(decoding: bytes[start..<position], as: UTF8.self)
      position += 1
      return content
    }

    private mutating func literal() throws(SyntaxError) {
      let start = position
      while let byte = next, !",]}: \t\r\n\"{[".utf8.contains(byte) { position += 1 }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      let isNumber =
        (text.first?.isNumber == true || text.first == "-") && Double(text) != nil
        && text.allSatisfy { "0123456789+-.eE".contains($0) }
      guard isNumber || ["true", "false", "null"].contains(text) else {
        position = start
        throw error("a value")
      }
    }
  }
}
