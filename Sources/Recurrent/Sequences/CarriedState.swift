import LinAlg

/// What a layer of any depth carries from one step to the next, for a batch of `N` sequences.
///
/// A recurrent layer's state has one or two parts (``RecurrentState``); that of a stack is an array of
/// its layers' states; that of both directions a ``BidirectionalState``. Seen as its parts, each
/// `[N, width]`, any state can be copied, saved and learned.
public protocol CarriedState<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: LinAlgScalar

  /// The number of parts.
  var partCount: Int { get }

  /// Part `index` where it lies, in an order that never changes.
  ///
  /// Valid while a copy of this value is alive; to write through it, call ``makeUnique()`` first.
  func part(_ index: Int) -> StatePart<Scalar>

  /// What part `index` is, such as `hidden`, or `[1].forward.cell`.
  func partName(_ index: Int) -> String

  /// Copies the parts that another value shares.
  mutating func makeUnique()
}

/// One part of a state where it lies: `[N, width]`, row-major and contiguous.
public struct StatePart<Scalar> {
  /// `N`.
  public var batch: Int
  /// How many scalars each sequence has.
  public var width: Int
  /// The first scalar.
  public var pointer: UnsafeMutablePointer<Scalar>

  /// The number of scalars.
  var count: Int { batch * width }
}

extension RecurrentState {
  /// 2 for cells that have more than `h`, else 1.
  public var partCount: Int { Self.hasCell ? 2 : 1 }

  /// `h`, and what is beyond it.
  public func part(_ index: Int) -> StatePart<Scalar> {
    let (batch, pointers) = (hidden.rows, pointers)
    if index == 0 {
      return StatePart(batch: batch, width: hidden.columns, pointer: pointers.hidden)
    }
    guard index == 1, let cell = pointers.cell else {
      failRequirement("a state of \(partCount) parts, asked for number \(index)")
    }
    return StatePart(batch: batch, width: cellSize, pointer: cell)
  }

  /// `hidden` or `cell`.
  public func partName(_ index: Int) -> String { index == 0 ? "hidden" : "cell" }
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
  public func part(_ index: Int) -> StatePart<Element.Scalar> {
    let (i, rest) = place(of: index)
    return self[i].part(rest)
  }

  /// The element's number and what the part is there: `[1].hidden`.
  public func partName(_ index: Int) -> String {
    let (i, rest) = place(of: index)
    return "[\(i)].\(self[i].partName(rest))"
  }

  /// Copies the parts that another value shares.
  public mutating func makeUnique() {
    withUnsafeMutableBufferPointer { elements in
      for i in 0..<elements.count { elements[i].makeUnique() }
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
  public var batch: Int { part(0).batch }

  /// Whether both have the same parts of the same shapes.
  func hasShape(of other: Self) -> Bool {
    guard partCount == other.partCount else { return false }
    for i in 0..<partCount {
      let (a, b) = (part(i), other.part(i))
      if a.batch != b.batch || a.width != b.width { return false }
    }
    return true
  }

  /// Replaces the contents by those of `source`, into the memory that this value has where the shapes
  /// are the same: a state that is carried on this way does not keep a tape from reusing its memory.
  public mutating func assign(_ source: Self) {
    guard hasShape(of: source) else {
      self = source
      makeUnique()
      return
    }
    makeUnique()
    for i in 0..<partCount {
      let (from, to) = (source.part(i), part(i))
      to.pointer.update(from: from.pointer, count: from.count)
    }
  }

  /// The bytes that the numbers take.
  var byteCount: Int {
    var bytes = 0
    for i in 0..<partCount { bytes += part(i).count * MemoryLayout<Scalar>.stride }
    return bytes
  }
}
