import LinAlg

/// Options that describe a cell, of which they make layers.
public protocol LayerOptions: Hashable, Codable, Sendable {
  /// The cell that the options describe.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  func definition() throws(LayerOptionsError) -> CellDefinition
}

extension LayerOptions {
  /// A layer of the cell with random weights; see
  /// ``DefinedLayer/init(_:inputSize:hiddenSize:inputWeights:recurrentWeights:using:)``.
  ///
  /// - Throws: what cannot be combined, or which number is wrong.
  public func makeLayer<Scalar: RecurrentScalar>(
    inputSize: Int, hiddenSize: Int, inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(LayerOptionsError) -> DefinedLayer<Scalar> {
    let cell = try definition()
    do {
      return try DefinedLayer(
        cell, inputSize: inputSize, hiddenSize: hiddenSize, inputWeights: inputWeights,
        recurrentWeights: recurrentWeights, using: &generator)
    } catch {
      throw .cell(error)
    }
  }
}
