import LinAlg
import Recurrent

/// What a layer that has been written gives.
public struct OnnxLayerValues: Sendable {
  /// The outputs of every step, `[T, N, F]`.
  public let outputs: OnnxReference
  /// The state behind the last step: h, for an LSTM c behind it, `[N, H]` each; those of a stack layer by
  /// layer, of both directions the forward one's first.
  public let finalState: [OnnxReference]
}

/// A layer that can be written as ONNX.
public protocol OnnxWritableLayer: SequenceLayer {
  /// The features of each tensor that the state is written as, in the order of
  /// ``OnnxLayerValues/finalState``.
  var onnxStateSizes: [Int] { get }

  /// Adds the nodes of the layer.
  ///
  /// - Parameters:
  ///   - writer: receives them.
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step, in the order of ``OnnxLayerValues/finalState``; nil means
  ///     zeros.
  ///   - lengths: how many steps of each sequence count, `[N]` of type `int32`; nil means all.
  ///   - isReversed: whether each sequence is read from its last step to its first.
  /// - Throws: what ONNX has no words for.
  func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues
}

extension OnnxGraphWriter {
  /// Adds a layer.
  ///
  /// - Parameters:
  ///   - layer: the layer.
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: the state before the first step, in the order of ``OnnxLayerValues/finalState``; nil means
  ///     zeros.
  ///   - lengths: how many steps of each sequence count, `[N]` of type `int32`; nil means all.
  /// - Throws: what ONNX has no words for.
  public mutating func append(
    _ layer: some OnnxWritableLayer, to x: OnnxReference, from state: [OnnxReference]? = nil,
    lengths: OnnxReference? = nil
  ) throws(OnnxError) -> OnnxLayerValues {
    if let state, state.count != layer.onnxStateSizes.count {
      throw OnnxError(
        .input, at: layer.kind,
        "a state of \(state.count) tensors, expected \(layer.onnxStateSizes.count)")
    }
    return try layer.write(to: &self, x: x, from: state, lengths: lengths, isReversed: false)
  }
}

/// A recurrent node in ONNX's own words.
struct RecurrentNodeForm<S: RecurrentScalar> {
  let cell: RecurrentCell.Operator
  let hiddenSize: Int
  let functions: [GateActivation]
  let clip: Double?
  var attributes: [String: OnnxGraphWriter.Attribute] = [:]
  /// For each gate in ONNX's order its `W [H, D]`, `U [H, H]`, and the biases of both.
  let gates: [(input: Matrix<S>, recurrent: Matrix<S>, bias: Matrix<S>, recurrentBias: Matrix<S>)]
  /// i o f; none for no peepholes.
  var peepholes: [Matrix<S>] = []

  func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) -> OnnxLayerValues where S: OnnxScalar {
    func stacked(_ matrices: [Matrix<S>], _ shape: [Int]) -> OnnxTensor {
      OnnxTensor(shape: shape, matrices.flatMap(\.elements))
    }
    let (H, G) = (hiddenSize, gates.count)
    let D = gates[0].input.columns
    var inputs: [OnnxReference?] = [x]
    inputs.append(writer.constant(stacked(gates.map(\.input), [1, G * H, D]), name: "W"))
    inputs.append(writer.constant(stacked(gates.map(\.recurrent), [1, G * H, H]), name: "R"))
    let biases = gates.map(\.bias) + gates.map(\.recurrentBias)
    inputs.append(writer.constant(stacked(biases, [1, 2 * G * H]), name: "B"))
    inputs.append(lengths)
    if let state {
      for one in state { inputs.append(writer.unsqueeze(one, axis: 0)) }
    } else {
      inputs += [OnnxReference?](repeating: nil, count: cell == .lstm ? 2 : 1)
    }
    if !peepholes.isEmpty {
      inputs.append(writer.constant(stacked(peepholes, [1, 3 * H]), name: "P"))
    }
    var attributes = attributes
    attributes["hidden_size"] = .int(H)
    attributes["direction"] = .string(isReversed ? "reverse" : "forward")
    attributes["activations"] = .strings(functions.map { $0.onnxForm.name })
    let alphas = functions.compactMap { $0.onnxForm.alpha }
    if !alphas.isEmpty { attributes["activation_alpha"] = .floats(alphas) }
    let betas = functions.compactMap { $0.onnxForm.beta }
    if !betas.isEmpty { attributes["activation_beta"] = .floats(betas) }
    if let clip { attributes["clip"] = .float(Float(clip)) }
    let made = writer.node(
      cell.rawValue, inputs, attributes, outputs: cell == .lstm ? 3 : 2)
    var finals = made.dropFirst().map { writer.squeeze($0, axis: 0) }
    if let state, let lengths {
      // ONNX leaves open what the state of an empty sequence is behind it; ONNX Runtime has zeros.
      let none = writer.constant(OnnxTensor(Int32(0)), name: "none")
      let isRead = writer.unsqueeze(writer.one("Greater", [lengths, none]), axis: 1)
      finals = zip(finals, state).map { writer.one("Where", [isRead, $0, $1]) }
    }
    return OnnxLayerValues(outputs: writer.squeeze(made[0], axis: 1), finalState: finals)
  }
}

extension GateActivation {
  /// The function's name and coefficients in ONNX.
  var onnxForm: (name: String, alpha: Float?, beta: Float?) {
    switch self {
    case .relu: ("Relu", nil, nil)
    case .tanh: ("Tanh", nil, nil)
    case .sigmoid: ("Sigmoid", nil, nil)
    case .softsign: ("Softsign", nil, nil)
    case .softplus: ("Softplus", nil, nil)
    case .affine(let alpha, let beta): ("Affine", Float(alpha), Float(beta))
    case .leakyRelu(let alpha): ("LeakyRelu", Float(alpha), nil)
    case .thresholdedRelu(let alpha): ("ThresholdedRelu", Float(alpha), nil)
    case .scaledTanh(let alpha, let beta): ("ScaledTanh", Float(alpha), Float(beta))
    case .hardSigmoid(let alpha, let beta): ("HardSigmoid", Float(alpha), Float(beta))
    case .elu(let alpha): ("Elu", Float(alpha), nil)
    }
  }
}
