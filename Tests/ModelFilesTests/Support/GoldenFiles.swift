import Foundation
import ModelFiles
import Testing

/// The files that `Tools/golden/tensor_files.py` makes.
enum GoldenFiles {
  /// The path of one of them.
  static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Golden/files/\(name)").path
  }

  /// The bytes of one of them.
  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(name))))
  }

  /// The whole numbers behind tensor `k`.
  static func whole(_ k: Int, count: Int) -> [Int] {
    (0..<count).map { (37 * $0 + 11 * k) % 200 - 100 }
  }

  /// The numbers of tensor `k`.
  static func numbers(_ k: Int, count: Int) -> [Double] {
    whole(k, count: count).map { Double($0) / 64 }
  }

  /// The order of the types in the files.
  static let types: [ElementType] = [
    .float64, .float32, .float16, .bfloat16, .int64, .int32, .int16, .int8, .uint64, .uint32,
    .uint16, .uint8, .bool,
  ]

  /// What tensor `k` of a type holds.
  static func values(_ k: Int, _ type: ElementType, count: Int) -> [Double] {
    switch type {
    case .float64, .float32, .float16, .bfloat16: numbers(k, count: count)
    case .int64, .int32, .int16, .int8: whole(k, count: count).map(Double.init)
    case .uint64, .uint32, .uint16, .uint8: whole(k, count: count).map { Double(abs($0)) }
    case .bool: whole(k, count: count).map { $0 % 2 == 0 ? 0 : 1 }
    }
  }
}

/// Calls `body` with an empty folder.
func inFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}

/// Holds a tensor against the type, shape and numbers that it should have.
func expect(
  _ tensor: Tensor?, _ type: ElementType, _ shape: [Int], _ values: [Double],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let tensor = try #require(tensor, sourceLocation: sourceLocation)
  #expect(tensor.elementType == type, sourceLocation: sourceLocation)
  #expect(tensor.shape == shape, sourceLocation: sourceLocation)
  #expect(try tensor.values(as: Double.self) == values, sourceLocation: sourceLocation)
  #expect(
    try tensor.values(as: Float.self) == values.map { Float($0) }, sourceLocation: sourceLocation)
}

/// Holds every file of the same bytes but for a shorter end, or one byte, against: an error that names the file, or
/// a file whose tensors can all be read.
///
/// - Returns: how many were read.
@discardableResult
func damage(_ bytes: [UInt8], seed: UInt64, rounds: Int) throws -> Int {
  var generator = Steps(state: seed)
  var read = 0
  for round in 0..<rounds {
    var damaged = bytes
    if round % 4 == 0 {
      damaged.removeLast(Int(generator.next() % UInt64(bytes.count)))
    } else {
      for _ in 0...generator.next() % 3 {
        let place = Int(generator.next() % UInt64(bytes.count))
        damaged[place] =
          round % 2 == 0
          ? UInt8(truncatingIfNeeded: generator.next())
          : damaged[place] ^ (1 << (generator.next() % 8))
      }
    }
    switch outcome(of: damaged) {
    case .success(let isRead):
      #expect(isRead, "round \(round), seed \(seed)")
      read += 1
    case .failure(let error):
      #expect(error.path == "damaged" && !error.reason.isEmpty, "round \(round), seed \(seed)")
    }
  }
  return read
}

/// Whether all tensors of a file can be read, and have the sizes that they declare.
func outcome(
  of bytes: [UInt8], as format: TensorFile.Format? = nil
) -> Result<Bool, ModelFileError> {
  do throws(ModelFileError) {
    let file = try TensorFile(
      bytes: bytes, named: "damaged", format: format,
      limits: ReadingLimits(unpackedBytes: 1 << 20))
    for tensor in file.tensors {
      let count = tensor.shape.reduce(1, *)
      let (values, bytes) = (try tensor.values(as: Float.self), try tensor.bytes())
      guard values.count == count && bytes.count == tensor.byteCount else { return .success(false) }
    }
    return .success(true)
  } catch {
    return .failure(error)
  }
}

/// Numbers that look random, from a seed.
struct Steps {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// What an attempt is refused with.
func refusal(
  of bytes: [UInt8], _ format: TensorFile.Format? = nil,
  limits: ReadingLimits = ReadingLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> String {
  let error = #expect(throws: ModelFileError.self, sourceLocation: sourceLocation) {
    let file = try TensorFile(bytes: bytes, named: "f", format: format, limits: limits)
    for tensor in file.tensors { _ = try tensor.bytes() }
  }
  return error?.description ?? ""
}
