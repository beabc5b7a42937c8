import LinAlg
import Recurrent

// LSTM, GRU and SimpleRNN as ONNX's operators where those have attributes for their options, else as a Scan of
// the cell.

/// Whether ONNX's operators have words for what a cell's options do besides its gates.
private func hasOperator(
  _ clipping: Clipping, _ regularization: Regularization, _ normalization: LayerNormalization
) -> Bool {
  // Dropout is off in inference; zoneout is there what it is on average.
  normalization == .none && clipping.cell == nil && regularization.zoneoutHidden == 0
    && regularization.zoneoutCell == 0
}

extension Matrix {
  fileprivate var negated: Matrix {
    Matrix(rows: rows, columns: columns, elements: elements.map { -$0 })
  }
}

extension LSTM: OnnxWritableLayer where Scalar: OnnxScalar {
  /// Those of h and c.
  public var onnxStateSizes: [Int] { [outputSize, hiddenSize] }

  /// Adds an `LSTM` node, or a `Scan` where that has no words for the options; see
  /// ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try write(
      form, or: options, to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }

  /// The layer in the operator's own words; nil where there are none for its options.
  private var form: RecurrentNodeForm<Scalar>? {
    let options = options
    guard hasOperator(options.clipping, options.regularization, options.normalization),
      options.projection == nil, let forget = options.forgetGate, options.outputGate == forget
    else { return nil }
    let hasPeepholes: Bool
    switch options.memory {
    case .none: hasPeepholes = false
    case .diagonal(candidate: false): hasPeepholes = true
    default: return nil
    }
    let isCoupled: Bool
    switch options.inputGate {
    case .gate(forget): isCoupled = false
    case .coupled where forget == .sigmoid: isCoupled = true
    default: return nil
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
    return form
  }
}

extension GRU: OnnxWritableLayer where Scalar: OnnxScalar {
  /// That of h.
  public var onnxStateSizes: [Int] { [outputSize] }

  /// Adds a `GRU` node, or a `Scan` where that has no words for the options; see
  /// ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try write(
      form, or: options, to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }

  /// The layer in the operator's own words; nil where there are none for its options.
  private var form: RecurrentNodeForm<Scalar>? {
    let options = options
    guard hasOperator(options.clipping, options.regularization, options.normalization),
      options.candidate != .lectureNotes, options.resetGate == options.updateGate
    else { return nil }
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
    return form
  }
}

extension SimpleRNN: OnnxWritableLayer where Scalar: OnnxScalar {
  /// That of h.
  public var onnxStateSizes: [Int] { [outputSize] }

  /// Adds an `RNN` node, or a `Scan` where that has no words for the options; see
  /// ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try write(
      form, or: options, to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }

  /// The layer in the operator's own words; nil where there are none for its options.
  private var form: RecurrentNodeForm<Scalar>? {
    let options = options
    guard hasOperator(options.clipping, options.regularization, options.normalization) else {
      return nil
    }
    return RecurrentNodeForm<Scalar>(
      cell: .rnn, hiddenSize: hiddenSize, functions: [options.activation],
      clip: options.clipping.preActivations,
      gates: [
        (
          parameters["W"], parameters["U"], Self.row(parameters["b"]),
          .zeros(rows: 1, columns: hiddenSize)
        )
      ])
  }
}

extension RecurrentLayer {
  /// A bias as a row, whichever way it is stored.
  fileprivate static func row(_ bias: Matrix<Scalar>) -> Matrix<Scalar> {
    Matrix(rows: 1, columns: bias.count, elements: bias.elements)
  }
}

extension OnnxWritableLayer where Self: RecurrentLayer, Scalar: OnnxScalar {
  /// The node of a form, or a `Scan` of the cell that the options describe where there is none.
  fileprivate func write(
    _ form: RecurrentNodeForm<Scalar>?, or options: some LayerOptions,
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    if let form {
      return form.write(to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
    }
    let definition: CellDefinition
    do throws(LayerOptionsError) {
      definition = try options.definition()
    } catch {
      throw OnnxError(.invalid, at: kind, "\(error)")
    }
    return writeScan(
      definition, to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}
