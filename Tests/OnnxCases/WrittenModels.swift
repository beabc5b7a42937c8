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
      cases.append(try make(name, shaken(layer, using: &rng), D, using: &rng))
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
    cases.append(try tagger(using: &rng))
    return cases
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

  private static func make<Layer: OnnxWritableLayer>(
    _ name: String, _ layer: Layer, _ D: Int, using rng: inout SeededGenerator
  ) throws -> OnnxCase {
    let (T, N) = (6, 3)
    let isFloat = Layer.Scalar.self == Float.self
    let type: OnnxElementType = isFloat ? .float32 : .float64
    var writer = OnnxGraphWriter(name: name)
    let x = writer.input("x", type, [.named("steps"), .named("batch"), .fixed(D)])
    let given = writer.input("lengths", .int32, [.named("batch")])
    let values = try writer.append(layer, to: x, lengths: given)
    let axes: [OnnxValue.Size] = [.named("steps"), .named("batch")]
    writer.output("y", values.outputs, type, axes + [.fixed(layer.outputSize)])
    for (i, state) in values.finalState.enumerated() {
      writer.output("state\(i)", state, type, [.named("batch"), .any])
    }
    let batch = SequenceBatch<Layer.Scalar>(
      steps: T, batch: N, features: D,
      elements: (0..<T * N * D).map { _ in
        Layer.Scalar(Double.random(in: -1...1, using: &rng))
      })
    let lengths = [6, 2, 4]
    let run = layer(batch, from: nil, lengths: lengths, threads: 1, workspace: nil)
    var outputs = [
      try tensor([T, N, layer.outputSize], run.outputs.elements.map { Double($0) }, isFloat)
    ]
    for i in 0..<run.finalState.partCount {
      let part = run.finalState.part(i)
      outputs.append(
        try tensor([part.rows, part.columns], part.elements.map { Double($0) }, isFloat))
    }
    return OnnxCase(
      name: name, model: try writer.serialized(),
      inputs: [
        try tensor([T, N, D], batch.elements.map { Double($0) }, isFloat),
        try OnnxTensor(shape: [N], lengths.map { Int32($0) }).serialized(),
      ], outputs: outputs, relative: 1e-5, absolute: 1e-5)
  }

  private static func tensor(
    _ shape: [Int], _ numbers: [Double], _ isFloat: Bool
  ) throws -> [UInt8] {
    try isFloat
      ? OnnxTensor(shape: shape, numbers.map { Float($0) }).serialized()
      : OnnxTensor(shape: shape, numbers).serialized()
  }

  /// Embedding, both directions, linear layer, and a state that is given.
  private static func tagger(using rng: inout SeededGenerator) throws -> OnnxCase {
    let embedding = Embedding<Float>(vocabularySize: 9, features: 4, using: &rng)
    let layer = shaken(
      Bidirectional { GRU<Float>(inputSize: 4, hiddenSize: 3, using: &rng) }, using: &rng)
    let linear = Linear<Float>(inputSize: 6, outputSize: 2, using: &rng)
    var writer = OnnxGraphWriter(name: "tagger")
    let tokens = writer.input("tokens", .int64, [.named("steps"), .named("batch")])
    let states = ["f", "b"].map { writer.input($0, .float32, [.named("batch"), .fixed(3)]) }
    let values = try writer.append(
      layer, to: writer.append(embedding, to: tokens), from: states)
    let result = writer.append(linear, to: values.outputs)
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
    let scores = linear(run.outputs)
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
