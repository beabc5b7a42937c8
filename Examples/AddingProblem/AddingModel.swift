import LinAlg
import Recurrent
import SequenceModels

/// A recurrent layer and, on its hidden state after the last step, a linear map to one number.
struct AddingModel<Layer: RecurrentLayer> where Layer.Scalar == Float {
  private(set) var layer: Layer
  private(set) var readout: Linear<Float>
  private let placeholder = ParameterBlock<Float>([])

  /// A model around a layer of two inputs.
  init(_ layer: Layer, using generator: inout some RandomNumberGenerator) {
    self.layer = layer
    readout = Linear(inputSize: layer.hiddenSize, outputSize: 1, using: &generator)
  }

  /// All trainable numbers.
  var parameters: AddingParameters<Layer.Parameters> {
    AddingParameters(layer: layer.parameters, readout: readout.parameters)
  }

  /// Calls `body` with the parameters for writing in place.
  mutating func withMutableParameters(
    _ body: (inout AddingParameters<Layer.Parameters>) -> Void
  ) {
    var parameters = parameters
    // A block with two owners would be copied at the first write.
    layer.parameters.block = placeholder
    readout.parameters.block = placeholder
    body(&parameters)
    layer.parameters = parameters.layer
    readout.parameters = parameters.readout
  }

  /// The mean squared error of the answers.
  func meanSquaredError(_ data: AddingSequences, threads: Int?) -> Double {
    let answers = readout(layer(data.x, threads: threads).finalState.hidden)
    var sum = 0.0
    for (n, target) in data.sums.enumerated() {
      let error = Double(answers[n, 0] - target)
      sum += error * error
    }
    return sum / Double(data.sums.count)
  }

  /// One step of training: the error before it.
  ///
  /// - Throws: where a gradient is not finite; the parameters are then as they were.
  mutating func trainingStep(
    _ data: AddingSequences, _ buffers: inout AddingBuffers<Layer>, maximumNorm: Double,
    threads: Int?
  ) throws(NonFiniteGradientError) -> Double {
    let batch = data.sums.count
    buffers.gradients.setToZero()
    let run = layer.forward(data.x, threads: threads, recording: buffers.tape)
    let h = run.finalState.hidden.withUnsafeBufferPointer {
      SequenceBatch(steps: 1, batch: batch, features: layer.hiddenSize, elements: $0)
    }
    let answers = readout.forward(h, recording: buffers.readoutTape)

    var loss = 0.0
    var dAnswers = SequenceBatch<Float>.zeros(steps: 1, batch: batch, features: 1)
    for (n, target) in data.sums.enumerated() {
      let error = answers[0, n, 0] - target
      loss += Double(error * error)
      dAnswers[0, n, 0] = 2 * error / Float(batch)
    }

    let dh = readout.backward(
      dAnswers, through: buffers.readoutTape, accumulatingInto: &buffers.gradients.readout)
    var dState = layer.zeroState(batch: batch)
    dState.hidden = dh[step: 0]
    layer.backward(
      finalState: dState, through: buffers.tape, threads: threads,
      accumulatingInto: &buffers.gradients.layer)
    try buffers.gradients.clip(toGlobalNorm: maximumNorm)
    withMutableParameters { buffers.adam.step(&$0, gradients: buffers.gradients) }
    return loss / Double(batch)
  }
}

/// What training needs beside the model.
struct AddingBuffers<Layer: RecurrentLayer> where Layer.Scalar == Float {
  fileprivate let tape: Tape<Layer.State>
  fileprivate let readoutTape = LinearTape<Float>()
  fileprivate(set) var gradients: AddingParameters<Layer.Parameters>
  fileprivate var adam: Adam<AddingParameters<Layer.Parameters>>

  init(_ model: AddingModel<Layer>, steps: Int, batch: Int, learningRate: Double) {
    tape = model.layer.makeTape(steps: steps, batch: batch)
    gradients = model.parameters.zeros()
    adam = Adam(for: model.parameters, learningRate: learningRate)
  }
}

/// The parameters of an ``AddingModel``, or their gradients: two blocks.
struct AddingParameters<Layer: LayerParameters>: ParameterSet where Layer.Scalar == Float {
  /// Those of the recurrent layer.
  var layer: Layer
  /// `W [1, H]` and `b [1]`.
  var readout: LinearParameters<Float>

  var blockCount: Int { 2 }

  subscript(block index: Int) -> ParameterBlock<Float> {
    get { index == 0 ? layer.block : readout.block }
    set {
      if index == 0 { layer.block = newValue } else { readout.block = newValue }
    }
  }

  mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    ofBlock index: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    index == 0
      ? try layer.withUnsafeMutableBufferPointer(ofBlock: 0, body)
      : try readout.withUnsafeMutableBufferPointer(ofBlock: 0, body)
  }

  func zeros() -> AddingParameters {
    AddingParameters(layer: layer.zeros(), readout: readout.zeros())
  }
}
