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

  /// The first scalar of block `index`, which nobody else holds, for writing through.
  ///
  /// A method, because modifying the block in place through the protocol allocates the accessor's
  /// frame.
  mutating func uniquePointer(ofBlock index: Int) -> UnsafeMutablePointer<Scalar>

  /// A set of the same shapes with every number zero.
  func zeros() -> Self
}

extension ParameterSet {
  /// The number of scalars of all blocks together.
  public var scalarCount: Int { (0..<blockCount).reduce(0) { $0 + self[block: $1].count } }

  /// Sets every number to `value`.
  public mutating func fill(with value: Scalar) {
    for i in 0..<blockCount {
      self[block: i].withUnsafeMutableBufferPointer { $0.update(repeating: value) }
    }
  }

  /// Sets every number to zero, as gradients need before each step: a plain clearing of memory, where
  /// ``fill(with:)`` sets one number after the other.
  public mutating func setToZero() {
    for i in 0..<blockCount {
      let count = self[block: i].count
      let bytes = UnsafeMutableRawPointer(uniquePointer(ofBlock: i))
      bytes.initializeMemory(
        as: UInt8.self, repeating: 0, count: count * MemoryLayout<Scalar>.stride)
      bytes.bindMemory(to: Scalar.self, capacity: count)
    }
  }
}

/// The parameters of a layer that keeps all of them in one block.
public protocol LayerParameters<Scalar>: ParameterSet {
  /// The one block.
  var block: ParameterBlock<Scalar> { get set }

  /// The first scalar of a block that nobody else holds, for writing through.
  ///
  /// A method, because modifying ``block`` in place through the protocol allocates the accessor's
  /// frame.
  mutating func uniquePointer() -> UnsafeMutablePointer<Scalar>
}

extension LayerParameters {
  /// One.
  public var blockCount: Int { 1 }

  /// The one block.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      require(index == 0, "a layer has one parameter block, asked for number \(index)")
      return block
    }
    _modify {
      require(index == 0, "a layer has one parameter block, asked for number \(index)")
      yield &block
    }
  }

  /// The first scalar of the one block, which nobody else holds, for writing through.
  public mutating func uniquePointer(
    ofBlock index: Int
  ) -> UnsafeMutablePointer<Scalar> {
    require(index == 0, "a layer has one parameter block, asked for number \(index)")
    return uniquePointer()
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> Self {
    var result = self
    result.block = block.zeros()
    return result
  }
}
