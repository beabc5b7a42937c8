import LinAlg

/// The parameters of a ``DefinedLayer``, by the names that the definition gives them: `[H, D]` or
/// `[H, H]` for a projection, a triangle `[1, H·(H+1)/2]` for a symmetric one, `[1, H]` for a bias and
/// every other per-unit parameter. Where the output has `P` features, `P` is in the place of `H` for
/// what the cell makes of it or into it.
public struct DefinedParameters<Scalar: RecurrentScalar>: CellParameters {
  /// The cell compiled for its sizes.
  public let plan: CellPlan
  /// All parameters in one allocation.
  public var block: ParameterBlock<Scalar>

  /// Parameters of zeros.
  ///
  /// - Throws: ``CellDefinitionError`` where the sizes do not fit the definition.
  public init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int, outputSize: Int? = nil
  ) throws(CellDefinitionError) {
    try self.init(
      definition, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: outputSize,
      usesKernels: true)
  }

  /// - Parameter usesKernels: false for programs even where a kernel computes the cell, to compare both.
  package init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int, outputSize: Int? = nil,
    usesKernels: Bool
  ) throws(CellDefinitionError) {
    let P = outputSize ?? hiddenSize
    guard P > 0 && P <= max(hiddenSize, 1) else { throw .outputSize(P, hiddenSize: hiddenSize) }
    plan = try CellPlan(
      CellStructure(
        definition, outputSize: P == hiddenSize ? nil : P, usesKernels: usesKernels),
      inputSize: inputSize, hiddenSize: hiddenSize, outputSize: P,
      panel: Scalar.packedPanel ?? 1)
    block = ParameterBlock(plan.parameterLayout)
  }

  /// Calls `body` with every scalar of the one block in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Self.checkBlock(index)
    return try block.withUnsafeMutableBufferPointer(body)
  }
}
