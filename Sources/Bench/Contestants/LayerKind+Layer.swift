import LinAlg
import Recurrent

extension LayerKind {
  /// A layer of `D` inputs and `H` units with random weights.
  ///
  /// - Throws: what a layer refuses.
  func makeLayer<Scalar: RecurrentScalar>(
    _: Scalar.Type, inputSize D: Int, hiddenSize H: Int, using random: inout SeededGenerator
  ) throws -> any SequenceLayer<Scalar> {
    func lstm(_ inputSize: Int) -> LSTM<Scalar> {
      LSTM(inputSize: inputSize, hiddenSize: H, using: &random)
    }
    func lstm(_ change: (inout LSTMOptions) -> Void) throws -> LSTM<Scalar> {
      var options = LSTMOptions()
      change(&options)
      return try LSTM(inputSize: D, hiddenSize: H, options: options, using: &random)
    }
    func gru(_ variant: GRUOptions.Candidate) -> GRU<Scalar> {
      GRU(inputSize: D, hiddenSize: H, variant: variant, using: &random)
    }
    func rnn(_ activation: RNNActivation) -> SimpleRNN<Scalar> {
      SimpleRNN(inputSize: D, hiddenSize: H, activation: activation, using: &random)
    }
    switch self {
    case .lstm: return lstm(D)
    case .gru: return gru(.resetAfter)
    case .rnn: return rnn(.tanh)
    case .gruBefore: return gru(.resetBefore)
    case .rnnReLU: return rnn(.relu)
    case .lstmOptions:
      return try lstm {
        $0.memory = .diagonal()
        $0.clipping.cell = 3
        $0.regularization.zoneoutHidden = 0.1
      }
    case .lstmNorm: return try lstm { $0.normalization = .sums() }
    case .gruOptions:
      var options = GRUOptions()
      options.regularization.recurrentDropout = 0.25
      return try GRU<Scalar>(inputSize: D, hiddenSize: H, options: options, using: &random)
    case .rnnOptions:
      var options = RNNOptions()
      options.normalization = .sums()
      return try SimpleRNN<Scalar>(inputSize: D, hiddenSize: H, options: options, using: &random)
    case .defined:
      return try DefinedLayer<Scalar>(
        .mut1(projectingInput: true), inputSize: D, hiddenSize: H, using: &random)
    case .stacked: return Stacked(count: 2, inputSize: D, dropout: 0.1) { lstm($0) }
    case .chain: return gru(.resetAfter).followed(by: lstm(H))
    case .bidirectional: return Bidirectional { gru(.resetAfter) }
    case .reversed: return Reversed(lstm(D))
    case .learnedState: return LearnedInitialState(lstm(D))
    }
  }
}

extension SequenceLayer<Float> {
  /// The layer with a little added to every parameter, so that none is zero or one and could be left out
  /// unseen; `H` keeps what is added to `U` far from making sequences grow.
  func disturbed(hiddenSize H: Int, using random: inout SeededGenerator) -> Self {
    var layer = self
    let scale = 0.1 / Float(H).squareRoot()
    for block in 0..<layer.parameters.blockCount {
      layer.parameters.withUnsafeMutableBufferPointer(ofBlock: block) { parameters in
        for i in parameters.indices {
          parameters[i] += .random(in: -scale...scale, using: &random)
        }
      }
    }
    return layer
  }
}
