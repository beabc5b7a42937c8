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
  public func part(_ index: Int) -> Matrix<Scalar> {
    let rest = index - forward.partCount
    return rest < 0 ? forward.part(index) : backward.part(rest)
  }

  /// The direction and what the part is there: `backward.hidden`.
  public func partName(_ index: Int) -> String {
    let rest = index - forward.partCount
    return rest < 0 ? "forward.\(forward.partName(index))" : "backward.\(backward.partName(rest))"
  }

  /// Calls `body` with part `index` where it lies.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let rest = index - forward.partCount
    return rest < 0
      ? try forward.withMutablePart(index, body) : try backward.withMutablePart(rest, body)
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
      let rest = index - forward.blockCount
      return rest < 0 ? forward[block: index] : backward[block: rest]
    }
    set {
      let rest = index - forward.blockCount
      if rest < 0 { forward[block: index] = newValue } else { backward[block: rest] = newValue }
    }
  }

  /// The cell of a direction's block.
  public func cell(ofBlock index: Int) -> CellPlan? {
    let rest = index - forward.blockCount
    return rest < 0 ? forward.cell(ofBlock: index) : backward.cell(ofBlock: rest)
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let rest = index - forward.blockCount
    return rest < 0
      ? try forward.withUnsafeMutableBufferPointer(ofBlock: index, body)
      : try backward.withUnsafeMutableBufferPointer(ofBlock: rest, body)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> BidirectionalParameters {
    BidirectionalParameters(forward: forward.zeros(), backward: backward.zeros())
  }
}
