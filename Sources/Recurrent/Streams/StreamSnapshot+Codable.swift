extension StreamSnapshot: Codable {
  private enum CodingKeys: String, CodingKey {
    case version, layer, steps, parts, checksum
  }

  /// Reads what `encode(to:)` writes.
  ///
  /// - Throws: ``SnapshotError`` where a field is missing, is of another type, or does not fit the
  ///   others.
  public init(from decoder: any Decoder) throws {
    do {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      let version = try fields.decode(Int.self, forKey: .version)
      guard version == Self.currentVersion else {
        throw SnapshotError("version", expected: "\(Self.currentVersion)", found: "\(version)")
      }
      layer = try fields.decode(String.self, forKey: .layer)
      steps = try fields.decode(Int.self, forKey: .steps)
      parts = try fields.decode([Part].self, forKey: .parts)
      let checksum = try fields.decode(String.self, forKey: .checksum)
      try checkShapes()
      guard checksum == self.checksum else {
        throw SnapshotError("checksum", expected: self.checksum, found: checksum)
      }
    } catch let error as DecodingError {
      throw SnapshotError(error)
    }
  }

  /// Writes the fields; the same snapshot always gives the same fields.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(Self.currentVersion, forKey: .version)
    try fields.encode(layer, forKey: .layer)
    try fields.encode(steps, forKey: .steps)
    try fields.encode(parts, forKey: .parts)
    try fields.encode(checksum, forKey: .checksum)
  }

  /// What every reader of numbers keeps exactly, and leaves room to count on.
  private static var largestStepCount: Int { 1 << 53 }

  private func checkShapes() throws(SnapshotError) {
    guard steps >= 0 && steps <= Self.largestStepCount else {
      throw SnapshotError(
        "steps", expected: "0...\(Self.largestStepCount)", found: "\(steps)")
    }
    for (i, part) in parts.enumerated() {
      let (count, overflow) = part.batch.multipliedReportingOverflow(by: part.width)
      // 8 digits for a single-precision number, 16 for a double-precision one.
      let isWhole = !overflow && (count <= Int.max / 16)
      guard part.batch == batch, part.batch >= 0, part.width >= (i == 0 ? 1 : 0), isWhole,
        part.bits.utf8.count == 8 * count || part.bits.utf8.count == 16 * count
      else {
        throw SnapshotError(
          "parts[\(i)]",
          expected: "\(batch) rows of \(part.width) numbers of 8 or 16 hexadecimal digits",
          found: "\(part.batch) rows, \(part.bits.utf8.count) digits")
      }
    }
  }

  /// FNV-1a over all fields, 64 bits: it notices what was damaged, not what was forged.
  private var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    add(layer)
    add(String(steps))
    for part in parts {
      add(part.name)
      add(String(part.batch))
      add(String(part.width))
      add(part.bits)
    }
    return String(hash, radix: 16)
  }
}

extension SnapshotError {
  init(_ error: DecodingError) {
    func place(_ path: [any CodingKey]) -> String {
      var text = ""
      for key in path {
        if let index = key.intValue {
          text += "[\(index)]"
        } else {
          text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
      }
      return text.isEmpty ? "the snapshot" : text
    }
    switch error {
    case .keyNotFound(let key, let context):
      self.init(place(context.codingPath + [key]), expected: "a value", found: "none")
    case .typeMismatch(let type, let context):
      self.init(place(context.codingPath), expected: "a value of type \(type)", found: "another")
    case .valueNotFound(let type, let context):
      self.init(place(context.codingPath), expected: "a value of type \(type)", found: "none")
    case .dataCorrupted(let context):
      self.init(
        place(context.codingPath), expected: "a snapshot's fields",
        found: context.debugDescription)
    @unknown default:
      self.init("the snapshot", expected: "a snapshot's fields", found: "\(error)")
    }
  }
}
