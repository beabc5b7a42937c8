import LinAlg
import Recurrent

/// The parameters of all parts of a model, or their gradients, or what an optimizer remembers of them.
public struct ModelParameters<Scalar: RecurrentScalar>: ParameterSet {
  var blocks: [ParameterBlock<Scalar>]
  /// What the blocks are called, part by part: `encoder.0`.
  public private(set) var names: [String]
  var isFrozen: [Bool]

  init(blocks: [ParameterBlock<Scalar>], names: [String]) {
    (self.blocks, self.names) = (blocks, names)
    isFrozen = blocks.map { _ in false }
  }

  /// The blocks of all parts.
  public var blockCount: Int { blocks.count }

  /// Block `index`, in the order of the parts.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      checkBlock(index)
      return blocks[index]
    }
    set {
      checkBlock(index)
      blocks[index] = newValue
    }
  }

  /// Whether the block belongs to a part that is not frozen.
  public func isTrained(block index: Int) -> Bool {
    checkBlock(index)
    return !isFrozen[index]
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkBlock(index)
    return try blocks[index].withUnsafeMutableBufferPointer(body)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> ModelParameters {
    var result = self
    result.blocks = blocks.map { $0.zeros() }
    return result
  }

  private func checkBlock(_ index: Int) {
    require(
      index >= 0 && index < blocks.count,
      "a model of \(blocks.count) parameter blocks, asked for number \(index)")
  }
}
