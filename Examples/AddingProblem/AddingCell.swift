import ArgumentParser
import LinAlg
import Recurrent

/// The cells that take part: every layer, the LSTM with some of its options, and the definitions that the
/// library ships.
enum AddingCell: String, CaseIterable, ExpressibleByArgument {
  case lstm
  case gru
  case gruResetBefore = "gru-reset-before"
  case rnn
  case rnnReLU = "rnn-relu"
  case lstmWithoutInputGate = "lstm-without-input-gate"
  case lstmWithoutForgetGate = "lstm-without-forget-gate"
  case lstmWithoutOutputGate = "lstm-without-output-gate"
  case lstmCoupled = "lstm-coupled"
  case lstmPeephole = "lstm-peephole"
  case lstmProjected = "lstm-projected"
  case gruLectureNotes = "gru-lecture-notes"
  case mut1, mut2, mut3

  /// Trains a model of this cell.
  func train(
    _ contest: AddingContest, progress: @escaping (AddingReport) -> Void
  ) throws -> AddingResult {
    var rng = SeededGenerator(seed: contest.seed)
    let (D, H) = (2, contest.hiddenSize)
    func train<Layer: RecurrentLayer<Float>>(_ layer: Layer) -> AddingResult {
      contest.train(AddingModel(layer, using: &rng), progress: progress)
    }
    func train(_ definition: CellDefinition) throws -> AddingResult {
      train(try DefinedLayer(definition, inputSize: D, hiddenSize: H, using: &rng))
    }
    func train(_ change: (inout LSTMOptions) -> Void) throws -> AddingResult {
      var options = LSTMOptions()
      options.forgetBias = contest.forgetBias
      change(&options)
      return train(try LSTM(inputSize: D, hiddenSize: H, options: options, using: &rng))
    }
    return switch self {
    case .lstm: try train { _ in }
    case .gru: train(GRU(inputSize: D, hiddenSize: H, using: &rng))
    case .gruResetBefore:
      train(GRU(inputSize: D, hiddenSize: H, variant: .resetBefore, using: &rng))
    case .rnn: train(SimpleRNN(inputSize: D, hiddenSize: H, using: &rng))
    case .rnnReLU: train(SimpleRNN(inputSize: D, hiddenSize: H, activation: .relu, using: &rng))
    case .lstmWithoutInputGate: try train { $0.inputGate = .open }
    case .lstmWithoutForgetGate: try train { $0.forgetGate = nil }
    case .lstmWithoutOutputGate: try train { $0.outputGate = nil }
    case .lstmCoupled: try train { $0.inputGate = .coupled }
    case .lstmPeephole: try train { $0.memory = .diagonal() }
    case .lstmProjected: try train { $0.projection = H }
    case .gruLectureNotes:
      train(GRU(inputSize: D, hiddenSize: H, variant: .lectureNotes, using: &rng))
    case .mut1: try train(.mut1(projectingInput: true))
    case .mut2: try train(.mut2(projectingInput: true))
    case .mut3: try train(.mut3)
    }
  }
}
