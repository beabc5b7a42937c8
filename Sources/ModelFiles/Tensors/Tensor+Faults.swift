extension Tensor {
  /// How many elements are no finite numbers.
  public struct Faults: Sendable, Hashable {
    /// How many are NaN.
    public var nans: Int
    /// How many are infinite, of either sign.
    public var infinities: Int

    /// Whether all are finite.
    public var isEmpty: Bool { nans == 0 && infinities == 0 }

    /// None.
    public init(nans: Int = 0, infinities: Int = 0) {
      (self.nans, self.infinities) = (nans, infinities)
    }
  }

  /// Counts the elements that are NaN or infinite; whole numbers never are.
  ///
  /// The elements are read piece by piece, and nothing is kept of them.
  ///
  /// - Throws: ``ModelFileError`` where the file can no longer be read.
  public func faults() throws(ModelFileError) -> Faults {
    var faults = Faults()
    guard elementType.isFloatingPoint else { return faults }
    let piece = 1 << 14
    var first = 0
    while first < count {
      let next = min(first + piece, count)
      if elementType == .float64 {
        faults.add(try values(in: first..<next, as: Double.self))
      } else {
        faults.add(try values(in: first..<next, as: Float.self))
      }
      first = next
    }
    return faults
  }
}

extension Tensor.Faults {
  fileprivate mutating func add(_ values: [some FloatingPoint]) {
    for value in values where !value.isFinite {
      if value.isNaN { nans += 1 } else { infinities += 1 }
    }
  }
}
