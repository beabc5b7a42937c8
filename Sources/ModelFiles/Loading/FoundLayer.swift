import Recurrent

/// A layer that the names and shapes of a file's tensors speak of: ``TensorFile/layers(in:)``.
public struct FoundLayer: Sendable, Hashable {
  /// The kinds of layers.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `LSTM`, one, a stack, or both directions.
    case lstm
    /// `GRU`, likewise.
    case gru
    /// `SimpleRNN`, likewise.
    case rnn
    /// A matrix of words' vectors.
    case embedding
    /// A matrix, and a bias where the library has one.
    case linear
    /// A gain and a bias.
    case layerNorm
  }

  /// What it is.
  public let kind: Kind
  /// By whose names and shapes.
  public let layout: WeightLayout
  /// What the names of its tensors begin with, such as `encoder.`.
  public let prefix: String
  /// How many layers are stacked.
  public let layers: Int
  /// 2 where it reads both ways.
  public let directions: Int
  /// How many features it takes; of an embedding, how many words it knows.
  public let inputSize: Int
  /// How many units a direction of a recurrent layer has; of others, what they give.
  public let hiddenSize: Int
  /// How many features it gives, of both directions together.
  public let outputSize: Int
  /// The names of its tensors.
  public let tensors: [String]
  /// Whether its first layer has a number, where names tell a stack of one from a layer.
  let isStacked: Bool

  /// What people call the kind.
  var title: String {
    switch kind {
    case .lstm: "LSTM"
    case .gru: "GRU"
    case .rnn: "simple RNN"
    case .embedding: "embedding"
    case .linear: "linear layer"
    case .layerNorm: "layer normalization"
    }
  }

  /// Whether it is an LSTM, a GRU or a simple recurrent layer.
  public var isRecurrent: Bool { kind == .lstm || kind == .gru || kind == .rnn }
}

extension FoundLayer: CustomStringConvertible {
  /// What it is and its sizes: `LSTM, 2 layers, both directions, 64 features, 128 units`.
  public var description: String {
    guard isRecurrent else {
      switch kind {
      case .embedding: return "\(title) of \(inputSize) words, \(outputSize) features"
      case .layerNorm: return "\(title) of \(inputSize) features"
      default: return "\(title), \(inputSize) → \(outputSize)"
      }
    }
    var text = title
    if layers > 1 { text += ", \(layers) layers" }
    if directions == 2 { text += ", both directions" }
    text += ", \(inputSize) features, \(hiddenSize) units"
    if outputSize != hiddenSize * directions { text += ", \(outputSize) given" }
    return text
  }
}

extension TensorFile {
  /// The layers whose names and shapes the tensors have in a layout, in the order of the file.
  ///
  /// Names and shapes do not tell all: a matrix called `weight` without a bias is taken for an embedding where
  /// its name has `emb` in it, and for a linear layer otherwise; options that leave both as they are, such as
  /// activations, are not seen. No tensor is part of two layers.
  public func layers(in layout: WeightLayout) -> [FoundLayer] {
    var finder = LayerFinder(self, layout)
    return finder.find()
  }

  /// The layout in which most tensors belong to recurrent layers; nil where there is none.
  ///
  /// haste's layers have Keras's names: they are told apart by the path of a Keras layer.
  public var guessedLayout: WeightLayout? {
    var best: (layout: WeightLayout, count: Int)?
    // Those first that are told by more than a name or two.
    let all: [WeightLayout] = [
      .pytorch, .keras, .cuDNN, .oneDNN, .onnx, .mlx, .flux, .native, .haste,
    ]
    for layout in all {
      let count = layers(in: layout).reduce(0) { $0 + ($1.isRecurrent ? $1.tensors.count : 0) }
      if count > best?.count ?? 0 { best = (layout, count) }
    }
    return best?.layout
  }
}
