import LinAlg

/// Where some streams are, to be stored and resumed: see ``StreamingSession/snapshot()``.
///
/// Encoded as named fields: a version, the kind of layer, the number of steps, and for each part of the
/// state its name, its shape and its numbers as hexadecimal bit patterns, so that no decimal stands
/// between a session and its continuation. A checksum covers all of them. Decoding throws
/// ``SnapshotError``; what an encoder adds around the fields is its own matter (`JSONDecoder` reports
/// text that is no JSON itself).
public struct StreamSnapshot: Sendable, Hashable {
  /// The version that this library writes, and the only one that it reads.
  public static let currentVersion = 1

  /// The numbers of one part of a state.
  struct Part: Sendable, Hashable, Codable {
    var name: String
    var batch: Int
    var width: Int
    /// The numbers' bit patterns, each with 8 or 16 hexadecimal digits.
    var bits: String
  }

  /// The kind of layer, such as `Stacked<LSTM<Float>>`; see ``InferenceLayer/kind``.
  public let layer: String
  /// How many steps the streams had taken.
  public let steps: Int
  let parts: [Part]

  /// `N`, the number of streams.
  public var batch: Int { parts.first?.batch ?? 0 }

  init<State: CarriedState>(_ state: State, layer: String, steps: Int) {
    self.layer = layer
    self.steps = steps
    parts = (0..<state.partCount).map { i in
      let part = state.part(i)
      return Part(
        name: state.partName(i), batch: part.rows, width: part.columns,
        bits: part.withUnsafeBufferPointer { BitPatterns.text($0) })
    }
  }

  /// Replaces the numbers of `state`, or leaves all of them and throws.
  func write<State: CarriedState>(
    to state: inout State, layer: String
  ) throws(SnapshotError) {
    guard self.layer == layer else {
      throw SnapshotError("layer", expected: layer, found: self.layer)
    }
    guard parts.count == state.partCount else {
      throw SnapshotError("parts", expected: "\(state.partCount)", found: "\(parts.count)")
    }
    var values: [[State.Scalar]] = []
    for (i, part) in parts.enumerated() {
      let own = state.part(i)
      guard part.name == state.partName(i) else {
        throw SnapshotError("parts[\(i)].name", expected: state.partName(i), found: part.name)
      }
      guard part.batch == own.rows, part.width == own.columns else {
        throw SnapshotError(
          "parts[\(i)]", expected: "shape [\(own.rows), \(own.columns)]",
          found: "[\(part.batch), \(part.width)]")
      }
      values.append(
        try BitPatterns.values(part.bits, count: own.count, place: "parts[\(i)].bits"))
    }
    for (i, numbers) in values.enumerated() {
      state.withMutablePart(i) { part in
        part.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: numbers) }
      }
    }
  }
}

/// What is wrong with a snapshot, and where.
public struct SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The field, such as `parts[1].bits`.
  public var place: String
  /// What should have been there.
  public var expectation: String
  /// What was there.
  public var found: String

  init(_ place: String, expected expectation: String, found: String) {
    self.place = place
    self.expectation = expectation
    self.found = found
  }

  /// The error as one line.
  public var description: String {
    "snapshot: \(place): expected \(expectation), found \(found)"
  }
}

/// Numbers as the hexadecimal digits of their bit patterns.
private enum BitPatterns {
  static let digits = Array("0123456789abcdef".utf8)

  static func text<Scalar: LinAlgScalar>(_ values: UnsafeBufferPointer<Scalar>) -> String {
    var bytes: [UInt8] = []
    for value in values {
      let bits = pattern(value)
      for shift in stride(from: MemoryLayout<Scalar>.size * 8 - 4, through: 0, by: -4) {
        bytes.append(digits[Int(bits >> UInt64(shift) & 15)])
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func values<Scalar: LinAlgScalar>(
    _ text: String, count: Int, place: String
  ) throws(SnapshotError) -> [Scalar] {
    let width = MemoryLayout<Scalar>.size * 2
    let bytes = Array(text.utf8)
    guard bytes.count == count * width else {
      throw SnapshotError(
        place, expected: "\(count) numbers of \(width) hexadecimal digits",
        found: "\(bytes.count) digits")
    }
    var result: [Scalar] = []
    for i in 0..<count {
      var bits: UInt64 = 0
      for j in i * width..<(i + 1) * width {
        guard let digit = digits.firstIndex(of: bytes[j]) else {
          throw SnapshotError(
            place, expected: "hexadecimal digits",
            found: "\"\(String(decoding: bytes[j...j], as: UTF8.self))\" at \(j)")
        }
        bits = bits << 4 | UInt64(digit)
      }
      result.append(value(bits))
    }
    return result
  }

  private static func pattern<Scalar: LinAlgScalar>(_ value: Scalar) -> UInt64 {
    withUnsafeBytes(of: value) {
      MemoryLayout<Scalar>.size == 4 ? UInt64($0.load(as: UInt32.self)) : $0.load(as: UInt64.self)
    }
  }

  private static func value<Scalar: LinAlgScalar>(_ bits: UInt64) -> Scalar {
    MemoryLayout<Scalar>.size == 4
      ? withUnsafeBytes(of: UInt32(truncatingIfNeeded: bits)) { $0.load(as: Scalar.self) }
      : withUnsafeBytes(of: bits) { $0.load(as: Scalar.self) }
  }
}
