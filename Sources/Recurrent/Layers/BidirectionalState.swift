import LinAlg

/// The states of both directions of a ``Bidirectional`` layer.
///
/// As a final state: `forward` is the one after each sequence's last step, `backward` the one after its
/// first. As an initial state: `forward` is read before the first step, `backward` before the last.
public struct BidirectionalState<Direction: CarriedState>: CarriedState {
  /// The type of the numbers.
  public typealias Scalar = Direction.Scalar

  /// The state of the layer that reads from the first step to the last.
  public var forward: Direction
  /// The state of the layer that reads from the last step to the first.
  public var backward: Direction

  /// A state from those of both directions.
  public init(forward: Direction, backward: Direction) {
    self.forward = forward
    self.backward = backward
  }

  /// The parts of both directions.
  public var partCount: Int { forward.partCount + backward.partCount }

  /// The forward direction's parts, then the backward direction's.
  public func part(_ index: Int) -> StatePart<Scalar> {
    let count = forward.partCount
    return index < count ? forward.part(index) : backward.part(index - count)
  }

  /// The direction and what the part is there: `backward.hidden`.
  public func partName(_ index: Int) -> String {
    let count = forward.partCount
    return index < count
      ? "forward.\(forward.partName(index))" : "backward.\(backward.partName(index - count))"
  }

  /// Copies the parts that another value shares.
  public mutating func makeUnique() {
    forward.makeUnique()
    backward.makeUnique()
  }
}

/// The parameters of both directions of a ``Bidirectional`` layer, or their gradients.
public struct BidirectionalParameters<Direction: ParameterSet>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Direction.Scalar

  /// Those of the layer that reads from the first step to the last.
  public var forward: Direction
  /// Those of the layer that reads from the last step to the first.
  public var backward: Direction

  /// Parameters from those of both directions.
  public init(forward: Direction, backward: Direction) {
    self.forward = forward
    self.backward = backward
  }

  /// The blocks of both directions.
  public var blockCount: Int { forward.blockCount + backward.blockCount }

  /// The forward direction's blocks, then the backward direction's.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      let count = forward.blockCount
      return index < count ? forward[block: index] : backward[block: index - count]
    }
    set {
      let count = forward.blockCount
      if index < count {
        forward[block: index] = newValue
      } else {
        backward[block: index - count] = newValue
      }
    }
  }

  /// The first scalar of block `index`, which nobody else holds, for writing through.
  public mutating func uniquePointer(ofBlock index: Int) -> UnsafeMutablePointer<Scalar> {
    let count = forward.blockCount
    return index < count
      ? forward.uniquePointer(ofBlock: index) : backward.uniquePointer(ofBlock: index - count)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> BidirectionalParameters {
    BidirectionalParameters(forward: forward.zeros(), backward: backward.zeros())
  }
}
