/// The precision in which golden values were computed.
public enum GoldenPrecision: String, Codable, Sendable {
  /// Single precision.
  case float32
  /// Double precision.
  case float64
}

/// One layer run forward and backward by another implementation.
///
/// All arrays are flat and row-major, with `T` = ``steps``, `N` = ``batch``, `D` = ``inputSize``,
/// `H` = ``hiddenSize`` and `G` gates. The loss is the sum of the outputs and of the final states,
/// each weighted with its upstream gradient. Inputs, weights and upstream gradients are exact in
/// Float and in Double.
public struct GoldenCase: Sendable, CustomStringConvertible {
  /// The extents, lengths and precision in words; unique in its file.
  public var name: String
  /// The layer's cell.
  public var cell: GoldenCell
  /// What computed the values, such as `torch.nn.LSTM`.
  public var source: String
  /// In which precision the values were computed.
  public var precision: GoldenPrecision
  /// The seed of the inputs.
  public var seed: Int
  /// The number of steps, `T`.
  public var steps: Int
  /// The number of sequences, `N`.
  public var batch: Int
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units, `H`.
  public var hiddenSize: Int
  /// The number of features of an output, `P`, where a product makes it of the hidden units; then all
  /// that is called hidden has `P` columns, and so has `U`.
  public var projectionSize: Int?
  /// How many steps belong to each sequence, `[N]`; `nil` means all.
  public var lengths: [Int]?

  /// The inputs, `[T, N, D]`.
  public var x: [Double]
  /// The input weights, `[G·H, D]`.
  public var W: [Double]
  /// The recurrent weights, `[G·H, H]`.
  public var U: [Double]
  /// The biases, `[G·H]`.
  public var b: [Double]
  /// The candidate's recurrent bias, `[H]`; `nil` but for `gruResetAfter`.
  public var recurrentBias: [Double]?
  /// The weights of the projection, `[P, H]`; `nil` without.
  public var Wp: [Double]?
  /// The hidden state before the first step, `[N, H]`.
  public var initialHidden: [Double]
  /// The cell state before the first step, `[N, H]`; `nil` but for `lstm`.
  public var initialCell: [Double]?

  /// The gradient on the outputs, `[T, N, H]`; `nil` means zeros.
  public var dOutputs: [Double]?
  /// The gradient on the final hidden state, `[N, H]`; `nil` means zeros.
  public var dFinalHidden: [Double]?
  /// The gradient on the final cell state, `[N, H]`; `nil` means zeros.
  public var dFinalCell: [Double]?

  /// The hidden state after every step, `[T, N, H]`; zero at padded steps.
  public var outputs: [Double]
  /// The hidden state after each sequence's own last step, `[N, H]`.
  public var finalHidden: [Double]
  /// The cell state after each sequence's own last step, `[N, H]`; `nil` but for `lstm`.
  public var finalCell: [Double]?

  /// The gradient on the inputs, `[T, N, D]`.
  public var dx: [Double]
  /// The gradient on the input weights, `[G·H, D]`.
  public var dW: [Double]
  /// The gradient on the recurrent weights, `[G·H, H]`.
  public var dU: [Double]
  /// The gradient on the biases, `[G·H]`.
  public var db: [Double]
  /// The gradient on the candidate's recurrent bias, `[H]`; `nil` but for `gruResetAfter`.
  public var dRecurrentBias: [Double]?
  /// The gradient on the weights of the projection, `[P, H]`; `nil` without.
  public var dWp: [Double]?
  /// The gradient on the initial hidden state, `[N, H]`.
  public var dInitialHidden: [Double]
  /// The gradient on the initial cell state, `[N, H]`; `nil` but for `lstm`.
  public var dInitialCell: [Double]?

  /// Cell and name, as a parametrised test reports its arguments.
  public var description: String { "\(cell.rawValue) \(name)" }
}
