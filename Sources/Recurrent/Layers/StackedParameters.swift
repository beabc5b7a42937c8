import LinAlg

/// The parameters of a ``Stacked`` layer, or their gradients: one part for each layer, or two where all
/// layers above the first share theirs.
public struct StackedParameters<Part: ParameterSet>: ParameterSet {
  /// The type of the numbers.
  public typealias Scalar = Part.Scalar

  /// The parameters of the layers, the first layer's first; in a tied stack of the first layer and of
  /// all others.
  public var parts: [Part]

  /// Parameters from those of the layers.
  public init(_ parts: [Part]) { self.parts = parts }

  /// The blocks of all parts.
  public var blockCount: Int {
    var count = 0
    for i in 0..<parts.count { count += parts[i].blockCount }
    return count
  }

  /// The blocks of the first part, then those of the others.
  public subscript(block index: Int) -> ParameterBlock<Scalar> {
    get {
      let (part, block) = place(of: index)
      return parts[part][block: block]
    }
    set {
      let (part, block) = place(of: index)
      parts[part][block: block] = newValue
    }
  }

  /// The cell of a part's block.
  public func cell(ofBlock index: Int) -> CellPlan? {
    let (part, block) = place(of: index)
    return parts[part].cell(ofBlock: block)
  }

  /// Calls `body` with every scalar of block `index` in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (part, block) = place(of: index)
    return try parts.withUnsafeMutableBufferPointer { parts throws(Failure) in
      try parts[part].withUnsafeMutableBufferPointer(ofBlock: block, body)
    }
  }

  /// A set of the same shapes with every number zero.
  public func zeros() -> StackedParameters { StackedParameters(parts.map { $0.zeros() }) }

  private func place(of index: Int) -> (part: Int, block: Int) {
    var rest = index
    for i in 0..<parts.count {
      let count = parts[i].blockCount
      if rest < count { return (i, rest) }
      rest -= count
    }
    failRequirement("parameters of \(blockCount) blocks, asked for number \(index)")
  }
}
