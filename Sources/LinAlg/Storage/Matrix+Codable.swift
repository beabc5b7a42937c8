extension Matrix: Codable {
  private enum CodingKeys: String, CodingKey {
    case rows, columns, elements
  }

  /// Writes `rows`, `columns` and the `elements` in row-major order.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rows, forKey: .rows)
    try container.encode(columns, forKey: .columns)
    try container.encode(Array(flattened), forKey: .elements)
  }

  /// Reads what ``encode(to:)`` writes.
  ///
  /// - Throws: `DecodingError.dataCorrupted` where the shape is impossible or the number of elements
  ///   is not that of the shape, besides what the decoder itself throws.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let rows = try container.decode(Int.self, forKey: .rows)
    let columns = try container.decode(Int.self, forKey: .columns)
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0 && columns >= 0 && !overflow else {
      throw DecodingError.dataCorruptedError(
        forKey: rows < 0 ? .rows : .columns, in: container,
        debugDescription: "Matrix: impossible shape [\(rows), \(columns)]")
    }
    let elements = try container.decode([Scalar].self, forKey: .elements)
    guard elements.count == count else {
      throw DecodingError.dataCorruptedError(
        forKey: .elements, in: container,
        debugDescription: "Matrix: \(elements.count) elements for shape [\(rows), \(columns)]")
    }
    self.init(rows: rows, columns: columns, elements: elements)
  }
}

extension Vector: Codable {
  /// Writes the elements as an array.
  public func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }

  /// Reads an array of elements.
  public init(from decoder: any Decoder) throws { self.init(try [Scalar](from: decoder)) }
}
