import LinAlg

/// The states of both layers of a ``Chain``.
public struct ChainState<Lower: CarriedState, Upper: CarriedState>: CarriedState
where Lower.Scalar == Upper.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Lower.Scalar

  /// The state of the layer that takes the inputs.
  public var lower: Lower
  /// The state of the layer that gives the outputs.
  public var upper: Upper

  /// A state from those of both layers.
  public init(lower: Lower, upper: Upper) {
    self.lower = lower
    self.upper = upper
  }

  /// The parts of both layers.
  public var partCount: Int { lower.partCount + upper.partCount }

  /// The lower layer's parts, then the upper layer's.
  public func part(_ index: Int) -> Matrix<Scalar> {
    let rest = index - lower.partCount
    return rest < 0 ? lower.part(index) : upper.part(rest)
  }

  /// The layer and what the part is there: `upper.hidden`.
  public func partName(_ index: Int) -> String {
    let rest = index - lower.partCount
    return rest < 0 ? "lower.\(lower.partName(index))" : "upper.\(upper.partName(rest))"
  }

  /// Calls `body` with part `index` where it lies.
  public mutating func withMutablePart<Result, Failure: Error>(
    _ index: Int, _ body: (inout Matrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let rest = index - lower.partCount
    return rest < 0
      ? try lower.withMutablePart(index, body) : try upper.withMutablePart(rest, body)
  }
}

/// The parameters of both layers of a ``Chain``, or their gradients.
public struct ChainParameters<Lower: ParameterSet, Upper: ParameterSet>: ParameterSet
where Lower.Scalar == Upper.Scalar {
  /// The type of the numbers.
  public typealias Scalar = Lower.Scalar

  /// Those of the layer that takes the inputs.
  public var lower: Lower
  /// Those of the layer that gives the outputs.
  public var upper: Upper

  /// Parameters from those of both layers.
  public init(lower: Lower, upper: Upper) {
    self.lower = lower
    self.upper = upper
  }

  /// The blocks of both layers.
  public var blockCount: Int { lower.blockCount + upper.blockCount }

  /// The lower layer's blocks, then the upper layer's.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      let rest = index - lower.blockCount
      return rest < 0 ? lower[block: index] : upper[block: rest]
    }
    set {
      let rest = index - lower.blockCount
      if rest < 0 { lower[block: index] = newValue } else { upper[block: rest] = newValue }
    }
  }

  /// The cell of a layer's block.
  public func cell(ofBlock index: Int) -> CellPlan? {
    let rest = index - lower.blockCount
    return rest < 0 ? lower.cell(ofBlock: index) : upper.cell(ofBlock: rest)
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let rest = index - lower.blockCount
    return rest < 0
      ? try lower.withUnsafeMutableBufferPointer(ofBlock: index, body)
      : try upper.withUnsafeMutableBufferPointer(ofBlock: rest, body)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> ChainParameters {
    ChainParameters(lower: lower.zeros(), upper: upper.zeros())
  }
}
