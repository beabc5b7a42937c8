import LinAlg
import Recurrent

/// Any layer behind the contestants' protocol, with weights and inputs that are drawn: what the gate
/// measures where there are no other implementations.
final class LayerContestant<Layer: SequenceLayer>: Contestant where Layer.Scalar == Float {
  private let layer: Layer
  private let threads: Int
  private let x: SequenceBatch<Float>
  private let dOutputs: SequenceBatch<Float>?
  private let workspace: Layer.Buffers?
  private let tape: Layer.Recording?
  private var gradients: Layer.Parameters

  private var output: RecurrentOutput<Layer.State>?
  private var inputGradients: InputGradients<Layer.State>?

  init(
    _ layer: Layer, _ mode: Mode, _ shape: Shape, threads: Int,
    using generator: inout SeededGenerator
  ) {
    self.layer = layer
    self.threads = threads
    x = .uniform(steps: shape.T, batch: shape.N, features: shape.D, using: &generator)
    dOutputs =
      mode.includesBackward
      ? .uniform(steps: shape.T, batch: shape.N, features: layer.outputSize, using: &generator)
      : nil
    workspace = mode == .inference ? layer.makeWorkspace() : nil
    tape = mode == .inference ? nil : layer.makeTape(steps: shape.T, batch: shape.N)
    tape?.noise = RecordingNoise(seed: 1)
    gradients = layer.parameters.zeros()
  }

  func call() {
    // Results share the workspace's or the tape's memory: dropped first, they let it be used again.
    output = nil
    inputGradients = nil
    guard let tape else {
      output = layer(x, from: nil, lengths: nil, threads: threads, workspace: workspace)
      return
    }
    output = layer.forward(x, from: nil, lengths: nil, threads: threads, recording: tape)
    guard let dOutputs else { return }
    gradients.setToZero()
    inputGradients = layer.backward(
      dOutputs, finalState: nil, through: tape, threads: threads, accumulatingInto: &gradients)
  }

  func results() -> Results {
    var results = Results(steps: x.steps, batch: x.batch)
    output?.outputs.withUnsafeBufferPointer { results.set(.outputs, $0) }
    inputGradients?.x.withUnsafeBufferPointer { results.set(.dx, $0) }
    return results
  }
}

/// Makes the layers of ``LayerKind``.
enum LayerContestants {
  /// - Throws: what a layer refuses, such as an odd number of features for two directions.
  static func make(_ item: LayerCase, threads: Int) throws -> any Contestant {
    var random = SeededGenerator(seed: 1)
    let (D, H) = (item.shape.D, item.shape.H)
    func contestant<Layer: SequenceLayer<Float>>(_ layer: Layer) -> any Contestant {
      LayerContestant(layer, item.mode, item.shape, threads: threads, using: &random)
    }
    func lstm() -> LSTM<Float> { LSTM(inputSize: D, hiddenSize: H, using: &random) }
    func lstm(_ options: LSTMOptions) throws -> any Contestant {
      contestant(
        try LSTM<Float>(inputSize: D, hiddenSize: H, options: options, using: &random))
    }
    switch item.layer {
    case .lstm: return contestant(lstm())
    case .gru: return contestant(GRU<Float>(inputSize: D, hiddenSize: H, using: &random))
    case .rnn: return contestant(SimpleRNN<Float>(inputSize: D, hiddenSize: H, using: &random))
    case .gruBefore:
      return contestant(
        GRU<Float>(inputSize: D, hiddenSize: H, variant: .resetBefore, using: &random))
    case .rnnReLU:
      return contestant(
        SimpleRNN<Float>(inputSize: D, hiddenSize: H, activation: .relu, using: &random))
    case .lstmOptions:
      var options = LSTMOptions()
      options.memory = .diagonal()
      options.clipping.cell = 3
      options.regularization.zoneoutHidden = 0.1
      return try lstm(options)
    case .lstmNorm:
      var options = LSTMOptions()
      options.normalization = .sums()
      return try lstm(options)
    case .gruOptions:
      var options = GRUOptions()
      options.regularization.recurrentDropout = 0.25
      return contestant(
        try GRU<Float>(inputSize: D, hiddenSize: H, options: options, using: &random))
    case .rnnOptions:
      var options = RNNOptions()
      options.normalization = .sums()
      return contestant(
        try SimpleRNN<Float>(inputSize: D, hiddenSize: H, options: options, using: &random))
    case .defined:
      return contestant(
        try DefinedLayer<Float>(
          .mut1(projectingInput: true), inputSize: D, hiddenSize: H, using: &random))
    case .stacked:
      return contestant(
        Stacked(count: 2, inputSize: D, dropout: 0.1) {
          LSTM<Float>(inputSize: $0, hiddenSize: H, using: &random)
        })
    case .bidirectional:
      return contestant(
        Bidirectional { GRU<Float>(inputSize: D, hiddenSize: H, using: &random) })
    case .reversed: return contestant(Reversed(lstm()))
    case .learnedState: return contestant(LearnedInitialState(lstm()))
    }
  }
}
