import LinAlg

/// The parameters of a ``LearnedInitialState``, or their gradients: those of the layer, and the state
/// at which its sequences begin.
public struct LearnedInitialStateParameters<Part: ParameterSet>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Part.Scalar

  /// The layer's.
  public var layer: Part
  /// The initial state, one `[1, width]` tensor for each part of the layer's state: `hidden`, `cell`.
  public var initial: ParameterBlock<Scalar>

  init(layer: Part, initial: ParameterBlock<Scalar>) {
    self.layer = layer
    self.initial = initial
  }

  /// The layer's blocks, and one more.
  public var blockCount: Int { layer.blockCount + 1 }

  /// The layer's blocks, then the initial state.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get { index == layer.blockCount ? initial : layer[block: index] }
    set {
      if index == layer.blockCount { initial = newValue } else { layer[block: index] = newValue }
    }
  }

  /// The cell of a block of the layer's; the initial state is none's.
  public func cell(ofBlock index: Int) -> CellPlan? {
    index == layer.blockCount ? nil : layer.cell(ofBlock: index)
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if index == layer.blockCount { return try initial.withUnsafeMutableBufferPointer(body) }
    return try layer.withUnsafeMutableBufferPointer(ofBlock: index, body)
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> LearnedInitialStateParameters {
    LearnedInitialStateParameters(layer: layer.zeros(), initial: initial.zeros())
  }
}
