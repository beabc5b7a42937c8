import LinAlg
import Recurrent

// LSTM, GRU and SimpleRNN as ONNX's operators, with the options that those have attributes for.

/// Throws why a cell cannot be written.
private func refuse(_ kind: String, _ reason: String) throws(OnnxError) -> Never {
  throw OnnxError(.unsupported, at: kind, "ONNX's operator has no \(reason)")
}

/// Throws what of a cell's options ONNX has no words for.
private func check(
  _ kind: String, _ clipping: Clipping, _ regularization: Regularization,
  _ normalization: LayerNormalization
) throws(OnnxError) {
  if normalization != .none { try refuse(kind, "layer normalization inside") }
  if clipping.cell != nil { try refuse(kind, "limit of the cell state") }
  // Dropout is off in inference; zoneout is there what it is on average.
  if regularization.zoneoutHidden > 0 || regularization.zoneoutCell > 0 {
    try refuse(kind, "zoneout")
  }
}

extension Matrix {
  fileprivate var negated: Matrix {
    Matrix(rows: rows, columns: columns, elements: elements.map { -$0 })
  }
}

extension LSTM: OnnxWritableLayer where Scalar: OnnxScalar {
  /// Two.
  public var onnxStateCount: Int { 2 }

  /// Adds an `LSTM` node; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let options = options
    try check(kind, options.clipping, options.regularization, options.normalization)
    if options.projection != nil { try refuse(kind, "projection") }
    let hasPeepholes: Bool
    switch options.memory {
    case .none: hasPeepholes = false
    case .diagonal(candidate: false): hasPeepholes = true
    default: try refuse(kind, "such connections from the memory")
    }
    guard let forget = options.forgetGate else { try refuse(kind, "cell without forget gate") }
    guard options.outputGate == forget else {
      try refuse(kind, "output gate with another activation, or without one")
    }
    let isCoupled: Bool
    switch options.inputGate {
    case .gate(forget): isCoupled = false
    case .coupled where forget == .sigmoid: isCoupled = true
    default: try refuse(kind, "such an input gate")
    }
    let H = hiddenSize
    let zeros = Matrix<Scalar>.zeros(rows: 1, columns: H)
    // ONNX couples the other way round, f = 1 − i: with i = σ(−a) that is σ(a).
    func part(_ name: String, _ letter: String) -> Matrix<Scalar> {
      guard isCoupled else { return parameters[name + letter] }
      switch letter {
      case "i": return parameters[name + "f"].negated
      case "f":
        let shape = parameters[name + "f"]
        return .zeros(rows: shape.rows, columns: shape.columns)
      default: return parameters[name + letter]
      }
    }
    var form = RecurrentNodeForm<Scalar>(
      cell: .lstm, hiddenSize: H,
      functions: [forget, options.candidateActivation, options.outputActivation],
      clip: options.clipping.preActivations,
      gates: ["i", "o", "f", "g"].map {
        (part("W_", $0), part("U_", $0), Self.row(part("b_", $0)), zeros)
      })
    if isCoupled { form.attributes["input_forget"] = .int(1) }
    if hasPeepholes { form.peepholes = ["i", "o", "f"].map { part("p_", $0) } }
    return form.write(to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}

extension GRU: OnnxWritableLayer where Scalar: OnnxScalar {
  /// One.
  public var onnxStateCount: Int { 1 }

  /// Adds a `GRU` node; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let options = options
    try check(kind, options.clipping, options.regularization, options.normalization)
    guard options.candidate != .lectureNotes else { try refuse(kind, "such a candidate") }
    guard options.resetGate == options.updateGate else {
      try refuse(kind, "gates with different activations")
    }
    let isAfter = options.candidate == .resetAfter
    let zeros = Matrix<Scalar>.zeros(rows: 1, columns: hiddenSize)
    var form = RecurrentNodeForm<Scalar>(
      cell: .gru, hiddenSize: hiddenSize,
      functions: [options.updateGate, options.candidateActivation],
      clip: options.clipping.preActivations,
      gates: ["z", "r", "n"].map {
        (
          parameters["W_" + $0], parameters["U_" + $0], Self.row(parameters["b_" + $0]),
          isAfter && $0 == "n" ? Self.row(parameters["b_hn"]) : zeros
        )
      })
    form.attributes["linear_before_reset"] = .int(isAfter ? 1 : 0)
    return form.write(to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}

extension SimpleRNN: OnnxWritableLayer where Scalar: OnnxScalar {
  /// One.
  public var onnxStateCount: Int { 1 }

  /// Adds an `RNN` node; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let options = options
    try check(kind, options.clipping, options.regularization, options.normalization)
    let form = RecurrentNodeForm<Scalar>(
      cell: .rnn, hiddenSize: hiddenSize, functions: [options.activation],
      clip: options.clipping.preActivations,
      gates: [
        (
          parameters["W"], parameters["U"], Self.row(parameters["b"]),
          .zeros(rows: 1, columns: hiddenSize)
        )
      ])
    return form.write(to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}

extension RecurrentLayer {
  /// A bias as a row, whichever way it is stored.
  fileprivate static func row(_ bias: Matrix<Scalar>) -> Matrix<Scalar> {
    Matrix(rows: 1, columns: bias.count, elements: bias.elements)
  }
}
