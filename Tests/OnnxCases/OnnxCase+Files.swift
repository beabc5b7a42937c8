import Foundation

extension OnnxCase {
  /// The case of a folder, as `Tools/onnx/node_cases.py` writes it.
  init(folder: String, name: String) throws {
    self.init(name: name)
    func bytes(_ file: String) throws -> [UInt8] {
      Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
    }
    model = try bytes("model.onnx")
    // Values of other kinds than tensors have no file.
    for i in 0..<32 {
      inputs.append(try? bytes("input_\(i).pb"))
      outputs.append(try? bytes("output_\(i).pb"))
    }
    let text = String(decoding: try bytes("tolerance"), as: UTF8.self)
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard numbers.count == 2 else { throw CaseFileError(reason: "\(folder)/tolerance: '\(text)'") }
    (relative, absolute) = (numbers[0], numbers[1])
  }

  /// The cases of a file, as `Tools/golden/onnx_cases.py` writes it.
  static func cases(file path: String) throws -> [OnnxCase] {
    var rest = Array(try Data(contentsOf: URL(fileURLWithPath: path)))[...]
    var cases: [OnnxCase] = []
    while !rest.isEmpty { cases.append(try OnnxCase(fields: message(&rest))) }
    return cases
  }

  private init(fields: ArraySlice<UInt8>) throws {
    self.init(name: "")
    var rest = fields
    while !rest.isEmpty {
      let tag = try Self.varint(&rest)
      let bytes = Array(try Self.message(&rest))
      switch tag {
      case 1 << 3 | 2: name = String(decoding: bytes, as: UTF8.self)
      case 2 << 3 | 2: model = bytes
      case 3 << 3 | 2: inputs.append(bytes)
      case 4 << 3 | 2: outputs.append(bytes)
      case 5 << 3 | 2: relative = try Self.number(bytes)
      case 6 << 3 | 2: absolute = try Self.number(bytes)
      default: throw CaseFileError(reason: "field \(tag)")
      }
    }
  }

  private static func number(_ bytes: [UInt8]) throws -> Double {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let number = Double(text) else { throw CaseFileError(reason: "tolerance '\(text)'") }
    return number
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> Int {
    var (value, shift) = (0, 0)
    while let byte = rest.popFirst() {
      value |= Int(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 42 { break }
    }
    throw CaseFileError(reason: "a number is cut off")
  }

  private static func message(_ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    let count = try varint(&rest)
    guard count <= rest.count else { throw CaseFileError(reason: "a field is cut off") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}

struct CaseFileError: Error {
  var reason: String
}
