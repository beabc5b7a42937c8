import Autodiff
import Foundation
import LinAlg
import OnnxModels
import Recurrent

/// Layers of this package with what they compute, each written as a model.
enum WrittenModels {
  /// One case for each kind of layer and the options that ONNX has words for.
  static func cases() throws -> [OnnxCase] {
    var rng = SeededGenerator(seed: 7)
    var cases: [OnnxCase] = []
    func add(_ name: String, _ layer: some OnnxWritableLayer, D: Int) throws {
      // Biases are zeros in a fresh layer.
      cases += try make(name, shaken(layer, using: &rng), D, using: &rng)
    }
    try add("lstm", LSTM<Float>(inputSize: 3, hiddenSize: 5, using: &rng), D: 3)
    try add("lstm float64", LSTM<Double>(inputSize: 3, hiddenSize: 5, using: &rng), D: 3)
    var lstm = LSTMOptions()
    lstm.memory = .diagonal()
    lstm.clipping.preActivations = 0.5
    lstm.candidateActivation = .scaledTanh(alpha: 0.5, beta: 2)
    lstm.outputActivation = .leakyRelu(alpha: 0.25)
    try add(
      "lstm options", LSTM<Float>(inputSize: 3, hiddenSize: 4, options: lstm, using: &rng), D: 3)
    lstm = LSTMOptions()
    lstm.inputGate = .coupled
    lstm.memory = .diagonal()
    try add(
      "lstm coupled", LSTM<Float>(inputSize: 3, hiddenSize: 4, options: lstm, using: &rng), D: 3)
    for candidate in [GRUOptions.Candidate.resetAfter, .resetBefore] {
      try add(
        "gru \(candidate)",
        GRU<Float>(inputSize: 3, hiddenSize: 5, variant: candidate, using: &rng), D: 3)
    }
    var gru = GRUOptions()
    (gru.resetGate, gru.updateGate) = (.hardSigmoid(), .hardSigmoid())
    gru.candidateActivation = .softsign
    try add(
      "gru options", GRU<Float>(inputSize: 2, hiddenSize: 3, options: gru, using: &rng), D: 2)
    try add("rnn", SimpleRNN<Float>(inputSize: 3, hiddenSize: 5, using: &rng), D: 3)
    try add(
      "rnn relu", SimpleRNN<Float>(inputSize: 3, hiddenSize: 5, activation: .relu, using: &rng),
      D: 3)
    try add("reversed", Reversed(GRU<Float>(inputSize: 3, hiddenSize: 4, using: &rng)), D: 3)
    for merge in DirectionMerge.allCases {
      try add(
        "both \(merge)",
        Bidirectional(merge: merge) { LSTM<Float>(inputSize: 3, hiddenSize: 4, using: &rng) }, D: 3)
    }
    try add(
      "stack",
      Stacked(count: 2, inputSize: 3, dropout: 0.5) { D in
        Bidirectional { LSTM<Float>(inputSize: D, hiddenSize: 4, using: &rng) }
      }, D: 3)
    try add(
      "chain",
      GRU<Float>(inputSize: 3, hiddenSize: 5, using: &rng).followed(
        by: LSTM<Float>(inputSize: 5, hiddenSize: 4, using: &rng), dropout: 0.5), D: 3)
    try add(
      "learned state",
      LearnedInitialState(
        Bidirectional { LSTM<Float>(inputSize: 3, hiddenSize: 4, using: &rng) }), D: 3)
    cases += try scans(using: &rng)
    cases.append(try tagger(using: &rng))
    return cases
  }

  /// Layers that ONNX's recurrent operators have no words for.
  private static func scans(using rng: inout SeededGenerator) throws -> [OnnxCase] {
    var cases: [OnnxCase] = []
    func add(_ name: String, _ change: (inout LSTMOptions) -> Void) throws {
      var options = LSTMOptions()
      change(&options)
      let layer = try LSTM<Float>(inputSize: 3, hiddenSize: 4, options: options, using: &rng)
      cases += try make("scan lstm \(name)", shaken(layer, using: &rng), 3, using: &rng)
    }
    try add("projection") { $0.projection = 2 }
    try add("memory") { $0.memory = .full() }
    try add("symmetric memory") { $0.memory = .symmetric(candidate: true) }
    try add("open input") { $0.inputGate = .open }
    try add("no forget gate") { $0.forgetGate = nil }
    try add("gates") { $0.outputGate = .hardSigmoid() }
    try add("normalization") { $0.normalization = .sums() }
    try add("cell limit") { $0.clipping.cell = 0.4 }
    try add("limit") { options in
      options.clipping.preActivations = 0.3
      options.projection = 3
    }
    try add("zoneout") { options in
      options.regularization.zoneoutHidden = 0.1
      options.regularization.zoneoutCell = 0.2
    }
    cases += try make(
      "scan gru",
      shaken(
        GRU<Float>(inputSize: 3, hiddenSize: 4, variant: .lectureNotes, using: &rng),
        using: &rng), 3, using: &rng)
    var rnn = RNNOptions()
    rnn.normalization = .sums()
    cases += try make(
      "scan rnn",
      shaken(
        SimpleRNN<Double>(inputSize: 3, hiddenSize: 4, options: rnn, using: &rng), using: &rng),
      3, using: &rng)
    let functions: [Activation] = [
      .identity, .tanh, .sigmoid, .relu, .leakyRelu(alpha: 0.1), .elu(alpha: 0.7), .softplus,
      .softsign, .hardSigmoid(), .exp,
    ]
    for function in functions {
      let cell = try own(function)
      let layer = shaken(
        try DefinedLayer<Float>(cell, inputSize: 4, hiddenSize: 4, using: &rng), using: &rng)
      let name = "cell \(function)".prefix { $0 != "(" }
      cases += try make(String(name), layer, 4, using: &rng)
      if function == .tanh {
        cases += try make("cell reversed", Reversed(layer), 4, using: &rng)
        cases += try make(
          "cell both", Bidirectional(forward: layer, backward: layer), 4, using: &rng)
      }
    }
    return cases
  }

  /// A cell of three states that uses what definitions have, its input also without a projection.
  private static func own(_ function: Activation) throws -> CellDefinition {
    let (x, h) = (CellExpression.x, CellExpression.state("h"))
    let (slow, last) = (CellExpression.state("slow"), CellExpression.state("last"))
    let sum =
      Projection("W", bias: true)(x) + Projection("U", form: .dropped(rate: 0.5))(h)
      + .perUnit("p") * slow - 0.5 * last
    let candidate = (sum.standardized() * .dropoutMask("mask", rate: 0.5))
      .activated(by: function).clipped(to: 1.5)
    let gate = sigmoid(Projection("V", form: .symmetric)(candidate)).clippingGradient(to: 1)
    let next = ((1 - gate) * h + gate * candidate).thresholded(above: -0.4)
    return try CellDefinition(
      "own", states: ["h": next, "slow": 0.9 * slow + 0.1 * next, "last": x])
  }

  /// The layer with other parameters.
  private static func shaken<Layer: OnnxWritableLayer>(
    _ layer: Layer, using rng: inout SeededGenerator
  ) -> Layer {
    var layer = layer
    for i in 0..<layer.parameters.blockCount {
      layer.parameters.withUnsafeMutableBufferPointer(ofBlock: i) { numbers in
        for j in numbers.indices {
          numbers[j] += Layer.Scalar(Double.random(in: -0.3...0.3, using: &rng))
        }
      }
    }
    return layer
  }

  /// The layer on sequences of different lengths from its own beginning, and on whole ones from a given state.
  private static func make<Layer: OnnxWritableLayer>(
    _ name: String, _ layer: Layer, _ D: Int, using rng: inout SeededGenerator
  ) throws -> [OnnxCase] {
    let (T, N, lengths) = (6, 4, [6, 2, 0, 4])
    let isFloat = Layer.Scalar.self == Float.self
    let type: OnnxElementType = isFloat ? .float32 : .float64
    let axes: [OnnxValue.Size] = [.named("steps"), .named("batch")]
    return try [false, true].map { isGiven in
      var writer = OnnxGraphWriter(name: name)
      let x = writer.input("x", type, axes + [.fixed(D)])
      let batch = SequenceBatch<Layer.Scalar>(
        steps: T, batch: N, features: D, elements: numbers(T * N * D, using: &rng))
      var inputs = [try tensor([T, N, D], batch.elements, isFloat)]
      let values: OnnxLayerValues
      var state: Layer.State?
      if isGiven {
        var given = layer.zeroState(batch: N)
        for i in 0..<given.partCount {
          let columns = given.part(i).columns
          given.withMutablePart(i) {
            $0 = Matrix(rows: N, columns: columns, elements: numbers(N * columns, using: &rng))
          }
        }
        state = given
        let from = layer.onnxStateSizes.enumerated().map { i, size in
          writer.input("from\(i)", type, [.named("batch"), .fixed(size)])
        }
        values = try writer.append(layer, to: x, from: from)
        inputs += try tensors(given, layer.onnxStateSizes, isFloat)
      } else {
        let given = writer.input("lengths", .int32, [.named("batch")])
        values = try writer.append(layer, to: x, lengths: given)
        inputs.append(try OnnxTensor(shape: [N], lengths.map { Int32($0) }).serialized())
      }
      writer.output("y", values.outputs, type, axes + [.fixed(layer.outputSize)])
      for (i, (state, size)) in zip(values.finalState, layer.onnxStateSizes).enumerated() {
        writer.output("state\(i)", state, type, [.named("batch"), .fixed(size)])
      }
      let run = layer(
        batch, from: state, lengths: isGiven ? nil : lengths, threads: 1, workspace: nil)
      return OnnxCase(
        name: isGiven ? "\(name) from a state" : name, model: try writer.serialized(),
        inputs: inputs,
        outputs: [try tensor([T, N, layer.outputSize], run.outputs.elements, isFloat)]
          + (try tensors(run.finalState, layer.onnxStateSizes, isFloat)),
        relative: 1e-5, absolute: 1e-5)
    }
  }

  private static func numbers<S: RecurrentScalar>(
    _ count: Int, using rng: inout SeededGenerator
  ) -> [S] {
    (0..<count).map { _ in S(Double.random(in: -1...1, using: &rng)) }
  }

  /// A state as the tensors of a file: its parts side by side, and parted anew.
  private static func tensors<State: CarriedState>(
    _ state: State, _ sizes: [Int], _ isFloat: Bool
  ) throws -> [[UInt8]] {
    let parts = (0..<state.partCount).map { state.part($0) }
    let N = parts[0].rows
    var start = 0
    return try sizes.map { size in
      defer { start += size }
      var elements: [State.Scalar] = []
      for n in 0..<N {
        let row = parts.flatMap { $0.elements[n * $0.columns..<(n + 1) * $0.columns] }
        elements += row[start..<start + size]
      }
      return try tensor([N, size], elements, isFloat)
    }
  }

  private static func tensor(
    _ shape: [Int], _ numbers: [some LinAlgScalar], _ isFloat: Bool
  ) throws -> [UInt8] {
    try isFloat
      ? OnnxTensor(shape: shape, numbers.map { Float($0) }).serialized()
      : OnnxTensor(shape: shape, numbers.map { Double($0) }).serialized()
  }

  /// Embedding, both directions, linear layer, and a state that is given.
  private static func tagger(using rng: inout SeededGenerator) throws -> OnnxCase {
    let embedding = Embedding<Float>(vocabularySize: 9, features: 4, using: &rng)
    let layer = shaken(
      Bidirectional { GRU<Float>(inputSize: 4, hiddenSize: 3, using: &rng) }, using: &rng)
    let linear = Linear<Float>(inputSize: 6, outputSize: 2, using: &rng)
    let norm = LayerNorm<Float>(features: 2)
    var writer = OnnxGraphWriter(name: "tagger")
    let tokens = writer.input("tokens", .int64, [.named("steps"), .named("batch")])
    let states = ["f", "b"].map { writer.input($0, .float32, [.named("batch"), .fixed(3)]) }
    let values = try writer.append(
      layer, to: writer.append(embedding, to: tokens), from: states)
    let result = writer.append(norm, to: writer.append(linear, to: values.outputs))
    writer.output("scores", result, .float32, [.named("steps"), .named("batch"), .fixed(2)])

    let numbers = (0..<10).map { _ in Int.random(in: 0..<9, using: &rng) }
    let rows = embedding.parameters.block[tensor: 0].elements
    let x = SequenceBatch<Float>(
      steps: 5, batch: 2, features: 4, elements: numbers.flatMap { rows[$0 * 4..<$0 * 4 + 4] })
    let state = [0, 1].map { _ in
      Matrix<Float>(
        rows: 2, columns: 3, elements: (0..<6).map { _ in Float.random(in: -1...1, using: &rng) })
    }
    let run = layer(
      x,
      from: BidirectionalState(
        forward: HiddenState(hidden: state[0]), backward: HiddenState(hidden: state[1])),
      lengths: nil, threads: 1, workspace: nil)
    let graph = Graph<Float>(threads: 1)
    graph.beginEvaluation()
    let scores = norm(graph.constant(linear(run.outputs))).value
    return OnnxCase(
      name: "tagger", model: try writer.serialized(),
      inputs: [
        try OnnxTensor(shape: [5, 2], numbers.map { Int64($0) }).serialized(),
        try OnnxTensor(shape: [2, 3], state[0].elements).serialized(),
        try OnnxTensor(shape: [2, 3], state[1].elements).serialized(),
      ], outputs: [try OnnxTensor(shape: [5, 2, 2], scores.elements).serialized()],
      relative: 1e-5, absolute: 1e-5)
  }
}

extension OnnxCase {
  /// Writes the case as a folder, as `Tools/onnx/node_cases.py` does.
  func write(into folder: String) throws {
    let path = "\(folder)/\(name.replacing(" ", with: "-"))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    func write(_ file: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }
    try write("model.onnx", model)
    for (kind, values) in [("input", inputs), ("output", outputs)] {
      for (i, value) in values.enumerated() {
        if let value { try write("\(kind)_\(i).pb", value) }
      }
    }
    try write("tolerance", Array("\(relative) \(absolute)\n".utf8))
  }
}
