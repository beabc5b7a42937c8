import LinAlg

extension LayerOptions {
  /// A layer of the cell with random weights; see
  /// ``DefinedLayer/init(_:inputSize:hiddenSize:outputSize:inputWeights:recurrentWeights:using:)``.
  ///
  /// - Throws: what cannot be combined, which number is wrong, or which size does not fit.
  public func makeLayer<Scalar: RecurrentScalar>(
    inputSize: Int, hiddenSize: Int, inputWeights: Initializer<Scalar> = .glorotUniform,
    recurrentWeights: Initializer<Scalar> = .orthogonal(1),
    using generator: inout some RandomNumberGenerator
  ) throws(LayerOptionsError) -> DefinedLayer<Scalar> {
    let cell = try definition()
    do {
      return try DefinedLayer(
        cell, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: outputSize,
        inputWeights: inputWeights, recurrentWeights: recurrentWeights, using: &generator)
    } catch {
      throw .cell(error)
    }
  }
}
