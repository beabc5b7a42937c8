import LinAlg
import Recurrent

/// One cell of a layer of layers: what other libraries have to know of it, and where its parameters are.
struct CellPlace: Sendable {
  var kind: CellKind
  var candidate = GRUOptions.Candidate.resetAfter
  /// `D`, `H`, and `P`, which is `H` without a projection.
  var inputSize: Int
  var hiddenSize: Int
  var outputSize: Int
  var hasPeepholes = false
  /// What only the layouts listed can express, and why others cannot.
  var demands: [Demand] = []
  /// The parameters by name, in their order.
  var specs: [ParameterSpec]
  /// The block that they are in, of the whole layer's.
  var block = 0

  /// Something that a cell needs of a layout.
  struct Demand: Sendable {
    var what: String
    var layouts: Set<WeightLayout>
  }

  /// The gates that are stacked, in this package's order.
  var gates: [Character] { kind.gates }
  var isProjected: Bool { outputSize != hiddenSize }

  /// Where a parameter begins, and its extents.
  func parameter(_ name: String) -> (start: Int, rows: Int, columns: Int) {
    var start = 0
    for spec in specs {
      if spec.name == name { return (start, spec.rows, spec.columns) }
      start += spec.count
    }
    failRequirement("cell \(kind.rawValue) has no parameter '\(name)', it has \(specs.map(\.name))")
  }

  /// What cannot be had in a layout, with the reason; nil where all can.
  func refusal(in layout: WeightLayout) -> String? {
    guard layout != .native else { return nil }
    for demand in demands where !demand.layouts.contains(layout) {
      return "\(layout.rawValue) has no \(demand.what)"
    }
    return nil
  }
}

/// The cells of a layer, layer by layer and in each the forward direction first.
struct LayerCells: Sendable {
  var layers: [[CellPlace]]
  var isStacked = false
  var isBidirectional: Bool { layers[0].count == 2 }
}

extension CellPlace {
  init<Scalar>(_ lstm: LSTM<Scalar>) {
    let options = lstm.options
    self.init(
      kind: .lstm, inputSize: lstm.inputSize, hiddenSize: lstm.hiddenSize,
      outputSize: options.projection ?? lstm.hiddenSize, specs: lstm.parameters.block.specs)
    if isProjected { demand("projection of an LSTM's output", .pytorch, .oneDNN, .cuDNN) }
    switch options.memory {
    case .none: break
    case .diagonal(candidate: false):
      hasPeepholes = true
      demand("peepholes", .onnx, .oneDNN)
    default: demand("memory connections but peepholes of gates")
    }
    switch options.inputGate {
    case .gate(let activation): demand(activation, isGate: true)
    case .coupled: demand("input gate that is coupled to the forget gate")
    case .open: demand("LSTM without an input gate")
    }
    for gate in [options.forgetGate, options.outputGate] {
      if let gate {
        demand(gate, isGate: true)
      } else {
        demand("LSTM without a forget gate or an output gate")
      }
    }
    demand(options.candidateActivation, isGate: false)
    demand(options.outputActivation, isGate: false)
    demand(options.clipping, options.normalization, options.regularization)
  }

  init<Scalar>(_ gru: GRU<Scalar>) {
    let options = gru.options
    self.init(
      kind: .gru, candidate: options.candidate, inputSize: gru.inputSize,
      hiddenSize: gru.hiddenSize, outputSize: gru.hiddenSize,
      specs: gru.parameters.block.specs)
    switch options.candidate {
    case .resetAfter: break
    case .resetBefore: demand("GRU that resets before the product", .keras, .onnx, .oneDNN, .flux)
    case .lectureNotes: demand("GRU whose candidate is r∘tanh(h)")
    }
    demand(options.resetGate, isGate: true)
    demand(options.updateGate, isGate: true)
    demand(options.candidateActivation, isGate: false)
    demand(options.clipping, options.normalization, options.regularization)
  }

  init<Scalar>(_ rnn: SimpleRNN<Scalar>) {
    let options = rnn.parameters.options
    self.init(
      kind: .rnn, inputSize: rnn.inputSize, hiddenSize: rnn.hiddenSize,
      outputSize: rnn.hiddenSize, specs: rnn.parameters.block.specs)
    demand("simple recurrent layer", .pytorch, .keras, .onnx, .oneDNN, .cuDNN, .mlx, .flux)
    if options.activation != .tanh && options.activation != .relu {
      demand("such activation of a simple recurrent layer", .keras, .onnx, .mlx, .flux)
    }
    demand(options.clipping, options.normalization, options.regularization)
  }

  private mutating func demand(_ what: String, _ layouts: WeightLayout...) {
    demands.append(Demand(what: what, layouts: Set(layouts)))
  }

  /// Keras and ONNX are told the activations apart from the weights; the others have one of each kind.
  private mutating func demand(_ activation: GateActivation, isGate: Bool) {
    if activation != (isGate ? .sigmoid : .tanh) {
      demand("activation but \(isGate ? "σ of a gate" : "tanh of a candidate")", .keras, .onnx)
    }
  }

  /// Dropout is for training alone; zoneout changes what a trained cell computes.
  private mutating func demand(
    _ clipping: Clipping, _ normalization: LayerNormalization, _ regularization: Regularization
  ) {
    if clipping.preActivations != nil { demand("clipping of what goes into gates", .onnx) }
    if clipping.cell != nil { demand("clipping of the cell state", .cuDNN) }
    if normalization != .none { demand("layer normalization within a cell") }
    if regularization.zoneoutHidden != 0 || regularization.zoneoutCell != 0 { demand("zoneout") }
  }
}
