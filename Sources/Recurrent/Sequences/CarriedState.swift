import LinAlg

/// What a layer of any depth carries from one step to the next, for a batch of `N` sequences.
///
/// A recurrent layer's state has one or two parts (``RecurrentState``); that of a stack is an array of
/// its layers' states; that of both directions a ``BidirectionalState``. Seen as its parts, each
/// `[N, width]`, any state can be copied, saved and learned.
///
/// A part may be set to any matrix; a layer that gets the state checks the shapes of all parts.
public protocol CarriedState<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: LinAlgScalar

  /// The number of parts.
  var partCount: Int { get }

  /// Part `index`, `[N, width]`, in an order that never changes.
  func part(_ index: Int) -> Matrix<Scalar>

  /// What part `index` is, such as `hidden`, or `[1].forward.cell`.
  func partName(_ index: Int) -> String

  /// Calls `body` with part `index` where it lies, so that it can be changed without a copy.
  mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// The states of several layers, the first layer's first.
extension Array: CarriedState where Element: CarriedState {
  /// The type of the numbers.
  public typealias Scalar = Element.Scalar

  /// The parts of all elements together.
  public var partCount: Int {
    var count = 0
    for i in 0..<self.count { count += self[i].partCount }
    return count
  }

  /// The parts of the first element, then those of the others.
  public func part(_ index: Int) -> Matrix<Element.Scalar> {
    let (i, rest) = place(of: index)
    return self[i].part(rest)
  }

  /// The element's number and what the part is there: `[1].hidden`.
  public func partName(_ index: Int) -> String {
    let (i, rest) = place(of: index)
    return "[\(i)].\(self[i].partName(rest))"
  }

  /// Calls `body` with part `index` where it lies.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Element.Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (i, rest) = place(of: index)
    return try withUnsafeMutableBufferPointer { elements throws(Failure) in
      try elements[i].withMutablePart(rest, body)
    }
  }

  private func place(of index: Int) -> (element: Int, part: Int) {
    var rest = index
    for i in 0..<count {
      let parts = self[i].partCount
      if rest < parts { return (i, rest) }
      rest -= parts
    }
    failRequirement("a state of \(partCount) parts, asked for number \(index)")
  }
}

extension CarriedState {
  /// `N`, the number of sequences.
  public var batch: Int { part(0).rows }

  /// Copies the parts that another value shares.
  package mutating func makeUnique() {
    for i in 0..<partCount { withMutablePart(i) { $0.withUnsafeMutableBufferPointer { _ in } } }
  }

  /// How the parts or their shapes differ from those of another state; nil where they do not.
  private func difference(from expected: Self, _ what: StaticString) -> String? {
    guard partCount == expected.partCount else {
      return "\(what) has \(partCount) parts, expected \(expected.partCount)"
    }
    for i in 0..<partCount {
      let (own, other) = (part(i), expected.part(i))
      if own.rows != other.rows || own.columns != other.columns {
        return """
          \(partName(i)) of \(what) has shape [\(own.rows), \(own.columns)], \
          expected [\(other.rows), \(other.columns)]
          """
      }
    }
    return nil
  }

  /// Traps unless this has the parts of `expected` in the same shapes, and tells the first that differs.
  func checkShape(of expected: Self, _ what: StaticString) {
    if let difference = difference(from: expected, what) { failRequirement(difference) }
  }

  /// Replaces the contents by those of `source`, into the memory that this value has where the shapes
  /// are the same: a state that is carried on this way does not keep a tape from reusing its memory.
  public mutating func assign(_ source: Self) {
    guard difference(from: source, "the state") == nil else {
      self = source
      makeUnique()
      return
    }
    for i in 0..<partCount {
      let from = source.part(i)
      withMutablePart(i) { part in
        part.withUnsafeMutableBufferPointer { to in
          // A state of somebody else's may show one matrix and hand out another.
          require(
            to.count == from.count,
            "part \(i) of a state has \(to.count) numbers to write, \(from.count) to read")
          to.start.update(from: from.basePointer, count: from.count)
        }
      }
      withExtendedLifetime(from) {}
    }
  }

  /// The bytes that the numbers take.
  var byteCount: Int {
    var bytes = 0
    for i in 0..<partCount { bytes += part(i).count * MemoryLayout<Scalar>.stride }
    return bytes
  }
}
