/// A kind of layer that the gate measures: the cells that every suite has, then the others.
enum LayerKind: String, CaseIterable, Codable, Sendable {
  case lstm, gru, rnn
  case gruBefore = "gru-before"
  case rnnReLU = "rnn-relu"
  /// An LSTM with peepholes, clipping and zoneout, whose pointwise part is a program.
  case lstmOptions = "lstm-options"
  /// One whose sums are normalized.
  case lstmNorm = "lstm-norm"
  /// A GRU with recurrent dropout.
  case gruOptions = "gru-options"
  /// A simple RNN whose sums are normalized.
  case rnnOptions = "rnn-options"
  /// A cell that is given as data: the first of Jozefowicz et al. (2015).
  case defined
  /// Two LSTMs, one above the other, with dropout between them.
  case stacked
  /// An LSTM above a GRU.
  case chain
  /// A GRU in each direction.
  case bidirectional
  /// An LSTM that reads its sequences backwards.
  case reversed
  /// An LSTM that learns where it begins.
  case learnedState = "learned-state"

  /// The cell, where other programs and the scalar loops compute it too.
  var cell: CellKind? { CellKind(rawValue: rawValue) }

  /// The cell itself, or the one whose products are about as many and as long.
  var likeness: CellKind {
    switch self {
    case .lstm, .lstmOptions, .lstmNorm, .stacked, .chain, .reversed, .learnedState: .lstm
    case .gru, .gruBefore, .gruOptions, .defined, .bidirectional: .gru
    case .rnn, .rnnReLU, .rnnOptions: .rnn
    }
  }

  /// Whether a derivative jumps where a sum is zero or at its bound: a sum within rounding of it may fall
  /// on either side.
  var hasKinks: Bool { self == .rnnReLU || self == .lstmOptions }
}

/// A layer in a mode at a shape.
struct LayerCase: Hashable, Sendable, CustomStringConvertible {
  var layer: LayerKind
  var mode: Mode
  var shape: Shape

  var description: String { "\(layer.rawValue) \(mode.rawValue) \(shape)" }

  /// The case of a suite, where it can be one.
  var benchCase: BenchCase? {
    layer.cell.map { BenchCase(cell: $0, mode: mode, shape: shape) }
  }
}

extension LayerCase {
  init(_ item: BenchCase) {
    self.init(
      layer: LayerKind(rawValue: item.cell.rawValue) ?? .lstm, mode: item.mode, shape: item.shape)
  }
}
