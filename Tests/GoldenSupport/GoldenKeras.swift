/// A Keras layer run forward and backward on its PyTorch backend: the cases of `keras.json`.
///
/// Arrays are in Keras's own layout, flat and row-major: sequences are `[N, T, F]`, kernels `[D, G·H]`
/// and `[H, G·H]`, gates in the order i f c o (LSTM) and z r h (GRU).
public struct GoldenKeras: Sendable, CustomStringConvertible {
  /// Keras's name of a layer.
  public enum Layer: String, Codable, Sendable {
    /// A long short-term memory layer.
    case lstm = "LSTM"
    /// A gated recurrent unit layer.
    case gru = "GRU"
    /// A simple recurrent layer.
    case simpleRNN = "SimpleRNN"

    /// The number of gates, `G`.
    public var gates: Int {
      switch self {
      case .lstm: 4
      case .gru: 3
      case .simpleRNN: 1
      }
    }
  }

  /// The trainable arrays, or their gradients.
  public struct Weights: Sendable {
    /// `[D, G·H]`.
    public var kernel: [Double]
    /// `[H, G·H]`.
    public var recurrentKernel: [Double]
    /// `[G·H]`, or `[2, G·H]` for a GRU that resets after the product.
    public var bias: [Double]
  }

  /// The layer and its options; unique in the file.
  public var name: String
  /// Which layer.
  public var layer: Layer
  /// The activation of the candidate and of the cell state, as Keras calls it.
  public var activation: String
  /// The activation of the gates, as Keras calls it.
  public var recurrentActivation: String
  /// Whether it is a GRU with `reset_after=True`.
  public var resetAfter: Bool
  /// Whether the bias is what Keras's initialiser made.
  public var freshBias: Bool
  /// In which precision the values were computed, at least in part.
  public var precision: GoldenPrecision
  /// The number of steps, `T`.
  public var steps: Int
  /// The number of sequences, `N`.
  public var batch: Int
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units, `H`.
  public var hiddenSize: Int
  /// The inputs, `[N, T, D]`.
  public var x: [Double]
  /// The outputs, `[N, T, H]`.
  public var outputs: [Double]
  /// The upstream gradient of these.
  public var dOutputs: [Double]
  /// The gradient on the inputs, `[N, T, D]`.
  public var dx: [Double]
  /// The weights.
  public var weights: Weights
  /// The gradients on these.
  public var dWeights: Weights
  /// The states before the first step, `[N, H]`: hidden, and for the LSTM cell.
  public var initialState: [Double]
  /// Their gradients.
  public var dInitialState: [Double]
  /// The states after the last step.
  public var finalState: [Double]
  /// The upstream gradients of these.
  public var dFinalState: [Double]

  /// The case's name, as a parametrised test reports its arguments.
  public var description: String { name }

  /// Reads the cases of the committed file, `Tests/Golden/keras.json`.
  ///
  /// - Throws: ``GoldenFileError`` where the file cannot be read or holds anything unexpected.
  public static func all() throws(GoldenFileError) -> [GoldenKeras] {
    let file = "keras.json"
    let raw: RawFile = try decodeGolden(file)
    guard !raw.cases.isEmpty else {
      throw GoldenFileError(file: file, place: "cases", expectation: "at least one case")
    }
    var cases: [GoldenKeras] = []
    for c in raw.cases { cases.append(try GoldenKeras(c, file: file)) }
    return cases
  }

  private struct RawFile: Decodable {
    var cases: [RawCase]
  }

  private struct RawCase: Decodable {
    var name: String
    var layer: Layer
    var activation: String
    var recurrentActivation: String
    var resetAfter: Bool
    var freshBias: Bool
    var precision: GoldenPrecision
    var steps: Int
    var batch: Int
    var inputSize: Int
    var hiddenSize: Int
    var arrays: [String: RawGoldenFile.Array]
  }

  private init(_ raw: RawCase, file: String) throws(GoldenFileError) {
    let (T, N, D, H) = (raw.steps, raw.batch, raw.inputSize, raw.hiddenSize)
    guard min(T, N, D, H) >= 1, max(T, N, D, H) <= 1000 else {
      throw GoldenFileError(file: file, place: "\(raw.name), extents", expectation: "1...1000")
    }
    var arrays = GoldenArrays(raw.arrays, of: raw.name, file: file)
    let columns = raw.layer.gates * H
    func kernels(
      _ kernel: String, _ recurrent: String, _ bias: String
    ) throws(GoldenFileError) -> Weights {
      Weights(
        kernel: try arrays.take(kernel, D, columns),
        recurrentKernel: try arrays.take(recurrent, H, columns),
        bias: try raw.resetAfter ? arrays.take(bias, 2, columns) : arrays.take(bias, columns))
    }
    func state(_ prefix: String) throws(GoldenFileError) -> [Double] {
      var values = try arrays.take("\(prefix)Hidden", N, H)
      if raw.layer == .lstm { values += try arrays.take("\(prefix)Cell", N, H) }
      return values
    }

    (name, layer, resetAfter, freshBias) = (raw.name, raw.layer, raw.resetAfter, raw.freshBias)
    (activation, recurrentActivation) = (raw.activation, raw.recurrentActivation)
    precision = raw.precision
    (steps, batch, inputSize, hiddenSize) = (T, N, D, H)
    x = try arrays.take("x", N, T, D)
    dx = try arrays.take("dx", N, T, D)
    outputs = try arrays.take("outputs", N, T, H)
    dOutputs = try arrays.take("dOutputs", N, T, H)
    weights = try kernels("kernel", "recurrentKernel", "bias")
    dWeights = try kernels("dKernel", "dRecurrentKernel", "dBias")
    initialState = try state("initial")
    dInitialState = try state("dInitial")
    finalState = try state("final")
    dFinalState = try state("dFinal")
    try arrays.checkAllTaken()
  }
}
