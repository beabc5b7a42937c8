import LinAlg

/// A layer without its numbers, which a layer around it keeps.
///
/// A layer made of others holds their parameters itself, as one ``ParameterSet``, so that an optimizer
/// writes to the memory that the next pass reads; blocks that the inner layers held as well would be
/// copied at the first write.
package struct LayerShell<Layer: SequenceLayer>: Sendable {
  private var layer: Layer

  package init(_ layer: Layer) {
    self.layer = layer
    let placeholder = ParameterBlock<Layer.Scalar>([])
    var parameters = layer.parameters
    for i in 0..<parameters.blockCount { parameters[block: i] = placeholder }
    self.layer.parameters = parameters
  }

  /// The layer with the parameters that are kept outside. Allocates nothing.
  package func filled(with parameters: Layer.Parameters) -> Layer {
    var result = layer
    result.parameters = parameters
    return result
  }
}
