import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A recurrent layer and, on its hidden state after the last step, a linear map to one number.
struct AddingModel<Layer: RecurrentLayer>: Model where Layer.Scalar == Float {
  private(set) var layer: Layer
  private(set) var readout: Linear<Float>

  /// A model around a layer of two inputs.
  init(_ layer: Layer, using generator: inout some RandomNumberGenerator) {
    self.layer = layer
    readout = Linear(inputSize: layer.outputSize, outputSize: 1, using: &generator)
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("layer", &layer)
    part("readout", &readout)
  }

  /// The mean squared error of the answers.
  func meanSquaredError(_ data: AddingSequences, on graph: Graph<Float>) -> Node<Float> {
    let state = layer(graph.constant(data.x)).finalState
    return readout(state[features: 0..<layer.outputSize])
      .meanSquaredError(
        SequenceBatch(steps: 1, batch: data.sums.count, features: 1, elements: data.sums))
  }
}
