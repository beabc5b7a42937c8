import ArgumentParser
import LinAlg
import Recurrent

/// The cells that take part: every layer and every definition of a cell that the library ships.
///
/// The definitions that equal a built-in layer, `lstm`, `gru-reset-after` and `gru-reset-before`, are
/// left out but for Elman's, which shows that the definition learns what the layer learns.
enum AddingCell: String, CaseIterable, ExpressibleByArgument {
  case lstm
  case gru
  case gruResetBefore = "gru-reset-before"
  case rnn
  case rnnReLU = "rnn-relu"
  case elman
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
    _ contest: AddingContest, progress: (AddingReport) -> Void
  ) throws -> AddingResult {
    var rng = SeededGenerator(seed: contest.seed)
    let (D, H) = (2, contest.hiddenSize)
    func train<Layer: RecurrentLayer<Float>>(_ layer: Layer) -> AddingResult {
      contest.train(AddingModel(layer, using: &rng), progress: progress)
    }
    func train(_ definition: CellDefinition) throws -> AddingResult {
      train(try DefinedLayer(definition, inputSize: D, hiddenSize: H, using: &rng))
    }
    let bias = contest.forgetBias
    return switch self {
    case .lstm: train(LSTM(inputSize: D, hiddenSize: H, forgetBias: Float(bias), using: &rng))
    case .gru: train(GRU(inputSize: D, hiddenSize: H, using: &rng))
    case .gruResetBefore:
      train(GRU(inputSize: D, hiddenSize: H, variant: .resetBefore, using: &rng))
    case .rnn: train(SimpleRNN(inputSize: D, hiddenSize: H, using: &rng))
    case .rnnReLU: train(SimpleRNN(inputSize: D, hiddenSize: H, activation: .relu, using: &rng))
    case .elman: try train(.elman())
    case .lstmWithoutInputGate: try train(.lstm(without: .input, forgetBias: bias))
    case .lstmWithoutForgetGate: try train(.lstm(without: .forget, forgetBias: bias))
    case .lstmWithoutOutputGate: try train(.lstm(without: .output, forgetBias: bias))
    case .lstmCoupled: try train(.coupledLSTM(forgetBias: bias))
    case .lstmPeephole: try train(.peepholeLSTM(forgetBias: bias))
    case .lstmProjected: try train(.projectedLSTM(forgetBias: bias))
    case .gruLectureNotes: try train(.gruLectureNotes)
    case .mut1: try train(.mut1(projectingInput: true))
    case .mut2: try train(.mut2(projectingInput: true))
    case .mut3: try train(.mut3)
    }
  }
}
