/// How a library lays out and names the weights of its layers.
///
/// | | gates of an LSTM | of a GRU | input weights | biases | names |
/// |---|---|---|---|---|---|
/// | ``native`` | i f g o | r z n | `[G·H, D]` | one, and `b_hn` | `W U b` |
/// | ``pytorch`` | i f g o | r z n | `[G·H, D]` | two | `weight_ih_l0`, `weight_hh_l0_reverse` |
/// | ``keras`` | i f g o | z r n | `[D, G·H]` | one, `[2, G·H]` for `reset_after` | `kernel`, `recurrent_kernel` |
/// | ``onnx`` | i o f g | z r n | `[directions, G·H, D]` | two in one | `W R B P` |
/// | ``oneDNN`` | i f g o | z r n | `[1, directions, D, G, H]` | one, a fourth for `lbr_gru` | `weights_layer`, `weights_iter` |
/// | ``cuDNN`` | i f g o | r z n | `[H, D]` for each gate | two | `pseudo_layer_0.linear_3.weight` |
/// | ``mlx`` | i f g o | r z n | `[G·H, D]` | one, and `bhn` | `Wx Wh bias` |
/// | ``flux`` | i f g o | r z n | `[G·H, D]` | one | `Wi Wh bias` |
/// | ``haste`` | i g f o | z r n | `[D, G·H]` | one, two for a GRU | `kernel`, `recurrent_kernel` |
///
/// Weights written in a layout and read again are the same bits. Two biases that are always added become one,
/// their sum; it is written as the first of them, and the second is zero.
///
/// Names in a stack or of two directions are the library's where it has such layers: PyTorch's `_l1` and
/// `_reverse`, the paths that Keras gives to `Bidirectional` and to layers without a name of their own
/// (`bidirectional_1/forward_lstm_1/lstm_cell/kernel`), the directions within a tensor of ONNX and oneDNN, cuDNN's
/// pseudo-layers (two for each bidirectional layer). Elsewhere they begin with the layer's number and with
/// `forward` or `backward`: `1.backward.Wx`.
public enum WeightLayout: String, Sendable, Hashable, Codable, CaseIterable {
  /// This package's own: nothing is refused, and options may be any.
  case native
  /// `torch.nn.LSTM`, `GRU`, `RNN`, `Embedding`, `Linear`, `LayerNorm`.
  case pytorch
  /// Keras 3.
  case keras
  /// The operators `LSTM`, `GRU` and `RNN` of ONNX; other layers as PyTorch exports them.
  case onnx
  /// oneDNN's dense layouts `ldigo`, `ldgo` and `ldio`, with each layer by itself.
  case oneDNN
  /// What `cudnnGetRNNWeightParams` gives for each pseudo-layer and linear layer.
  case cuDNN
  /// `mlx.nn`.
  case mlx
  /// Flux 0.15; its `GRU` and `GRUv3`.
  case flux
  /// haste's layers for PyTorch.
  case haste
}

extension WeightLayout {
  /// The order in which the gates of a cell are stacked, in the letters of this package.
  func gates(_ kind: CellKind) -> [Character] {
    switch (kind, self) {
    case (.lstm, .onnx): ["i", "o", "f", "g"]
    case (.lstm, .haste): ["i", "g", "f", "o"]
    case (.lstm, _): ["i", "f", "g", "o"]
    case (.gru, .keras), (.gru, .onnx), (.gru, .oneDNN), (.gru, .haste): ["z", "r", "n"]
    case (.gru, _): ["r", "z", "n"]
    case (.rnn, _): ["h"]
    }
  }

  /// What stands between the name of a part and those within it.
  var separator: String { self == .keras ? "/" : "." }
}

/// The kinds of cells that other libraries have.
enum CellKind: String {
  case lstm
  case gru
  case rnn

  /// The gates in this package's order.
  var gates: [Character] {
    switch self {
    case .lstm: ["i", "f", "g", "o"]
    case .gru: ["r", "z", "n"]
    case .rnn: ["h"]
    }
  }

  /// What Keras calls such a layer that has no name of its own.
  var kerasName: String { self == .rnn ? "simple_rnn" : rawValue }
}
