import LinAlg

/// The trainable numbers of a layer or of a whole model; gradients and optimizer moments have the same
/// type.
///
/// A set is a fixed sequence of blocks. A layer has one; a model has those of its parts.
public protocol ParameterSet<Scalar>: Sendable {
  /// The type of the numbers.
  associatedtype Scalar: RecurrentScalar

  /// How many blocks there are.
  var blockCount: Int { get }

  /// Block `index`, in an order that never changes.
  subscript(block index: Int) -> ParameterBlock<Scalar> { get set }

  /// The cell that block `index` has the weights of; nil where it is the block of something else. It says
  /// what ``SequenceLayer/inference(weights:)`` packs.
  func cell(ofBlock index: Int) -> CellPlan?

  /// Whether training changes block `index`; an optimizer leaves the others as they are.
  func isTrained(block index: Int) -> Bool

  /// Calls `body` with every scalar of block `index` in storage order, for writing; the pointer is
  /// valid only there.
  ///
  /// A set need not implement this. One that is a step's hot path does, by the method of the block
  /// itself: modifying the block in place through the protocol allocates the accessor's frame.
  mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result

  /// A set of the same shapes with every number zero.
  func zeros() -> Self
}

extension ParameterSet {
  /// None.
  public func cell(ofBlock index: Int) -> CellPlan? { nil }

  /// Every block.
  public func isTrained(block index: Int) -> Bool { true }

  /// Calls `body` with every scalar of block `index` in storage order, for writing; the pointer is
  /// valid only there.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try self[block: index].withUnsafeMutableBufferPointer(body)
  }

  /// The first scalar of block `index`, which nobody else holds, for writing through until this value
  /// is next copied or read.
  package mutating func uniquePointer(ofBlock index: Int) -> UnsafeMutablePointer<Scalar> {
    withUnsafeMutableBufferPointer(ofBlock: index) { $0.start }
  }

  /// Traps unless `other` has the same blocks with the same tensors: in constant time where `other`
  /// was made of this one.
  package func checkLayout(of other: Self, _ what: StaticString) {
    require(
      blockCount == other.blockCount,
      "\(what) have \(other.blockCount) blocks, the parameters \(blockCount)")
    for i in 0..<blockCount {
      other[block: i].checkLayout(
        matches: self[block: i], blockCount == 1 ? "\(what)" : "\(what), block \(i)")
    }
  }

  /// The number of scalars of all blocks together.
  public var scalarCount: Int { (0..<blockCount).reduce(0) { $0 + self[block: $1].count } }

  /// Sets every number to `value`.
  public mutating func fill(with value: Scalar) {
    for i in 0..<blockCount {
      withUnsafeMutableBufferPointer(ofBlock: i) { $0.update(repeating: value) }
    }
  }

  /// Sets every number to zero, as gradients need before each step: a plain clearing of memory, where
  /// ``fill(with:)`` sets one number after the other.
  public mutating func setToZero() { setToZero(threads: 1) }

  /// ``setToZero()`` on as many threads as pay.
  package mutating func setToZero(threads: Int) {
    for i in 0..<blockCount {
      withUnsafeMutableBufferPointer(ofBlock: i) { scalars in
        let bytes = UnsafeMutableRawPointer(scalars.start)
        let count = scalars.count * MemoryLayout<Scalar>.stride
        Clearing(bytes: bytes)
          .run(count: count, inMultiplesOf: 1 << 12, scalars: scalars.count, threads: threads)
        bytes.bindMemory(to: Scalar.self, capacity: scalars.count)
      }
    }
  }
}

/// Bytes that become zeros.
private struct Clearing: DividedWork {
  let bytes: UnsafeMutableRawPointer

  func run(_ range: Range<Int>) { clear(bytes + range.lowerBound, byteCount: range.count) }
}

/// The parameters of a layer that keeps all of them in one block.
public protocol LayerParameters<Scalar>: ParameterSet {
  /// The one block.
  var block: ParameterBlock<Scalar> { get set }
}

extension LayerParameters {
  /// One.
  public var blockCount: Int { 1 }

  /// The one block.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      Self.checkBlock(index)
      return block
    }
    // Not left to the accessor below, whose frame a call through the protocol allocates.
    set {
      Self.checkBlock(index)
      block = newValue
    }
    _modify {
      Self.checkBlock(index)
      yield &block
    }
  }

  /// Traps unless `index` is that of the one block.
  package static func checkBlock(_ index: Int) {
    require(index == 0, "a layer has one parameter block, asked for number \(index)")
  }

  /// The first scalar of the one block, which nobody else holds, for writing through until this value
  /// is next copied or read.
  package mutating func uniquePointer() -> UnsafeMutablePointer<Scalar> {
    uniquePointer(ofBlock: 0)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> Self {
    var result = self
    result.block = block.zeros()
    return result
  }
}

extension UnsafeMutableBufferPointer {
  /// The first element of a buffer that has an address, as those of blocks have.
  package var start: UnsafeMutablePointer<Element> {
    guard let baseAddress else { failRequirement("a buffer without an address") }
    return baseAddress
  }
}
