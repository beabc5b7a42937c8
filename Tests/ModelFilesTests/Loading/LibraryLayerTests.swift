import Foundation
import LinAlg
import Recurrent
import Testing

@testable import ModelFiles

/// The layers of `Tools/golden/layer_files.py`: weights of other libraries give their outputs.
@Suite struct LibraryLayerTests {
  func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Golden/layers/\(name).safetensors").path
  }

  func sequence(_ tensor: Tensor?) throws -> SequenceBatch<Double> {
    let tensor = try #require(tensor)
    return SequenceBatch(
      steps: tensor.shape[0], batch: tensor.shape[1], features: tensor.shape[2],
      elements: try tensor.values())
  }

  /// Reads a layer of a file, and holds its outputs against those that the library computed.
  func check<Layer: LayerReadable<Double>>(
    _ name: String, _: Layer.Type, _ layout: WeightLayout, prefix: String = "layer.",
    options: Layer.Options? = nil, tolerance: Double = 1e-5
  ) throws {
    let file = try TensorFile(contentsOf: path(name))
    let layer = try Layer(
      contentsOf: path(name), layout: layout, prefix: prefix, options: options)
    let (x, y) = (try sequence(file["x"]), try sequence(file["y"]))
    let outputs = layer(x, from: nil, lengths: nil, threads: 1, workspace: nil).outputs
    #expect(outputs.shape == y.shape)
    for (a, b) in zip(outputs.elements, y.elements) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(name)")
    }
    // What was read, written again, is the file's. Two biases have become one.
    if layout == .keras {
      for tensor in try layer.tensors(layout: layout, prefix: prefix) {
        let original = try #require(file[tensor.name], "\(tensor.name)")
        guard !tensor.name.hasSuffix("bias") || original.shape.count == 1 else { continue }
        #expect(try tensor.values(as: Double.self) == original.values())
      }
    }
  }

  @Test func `of PyTorch`() throws {
    let exact = 1e-12
    try check("pytorch-lstm", LSTM<Double>.self, .pytorch, tolerance: exact)
    try check("pytorch-lstm-no-bias", LSTM<Double>.self, .pytorch, tolerance: exact)
    try check(
      "pytorch-lstm-2-both", Stacked<Bidirectional<LSTM<Double>>>.self, .pytorch, tolerance: exact)
    try check("pytorch-lstm-projected", Stacked<LSTM<Double>>.self, .pytorch, tolerance: exact)
    try check("pytorch-gru-both", Bidirectional<GRU<Double>>.self, .pytorch, tolerance: exact)
    try check("pytorch-gru-3", Stacked<GRU<Double>>.self, .pytorch, tolerance: exact)
    try check("pytorch-rnn", SimpleRNN<Double>.self, .pytorch, tolerance: exact)
    // A stack of one layer, and one direction of names.
    try check("pytorch-lstm", Stacked<LSTM<Double>>.self, .pytorch, tolerance: exact)
  }

  @Test func `of Keras`() throws {
    try check("keras-lstm", LSTM<Double>.self, .keras, prefix: "layer/lstm/lstm_cell/")
    try check("keras-gru", GRU<Double>.self, .keras, prefix: "layer/gru/gru_cell/")
    try check("keras-gru-before", GRU<Double>.self, .keras, prefix: "layer/gru/gru_cell/")
    try check(
      "keras-rnn", SimpleRNN<Double>.self, .keras, prefix: "layer/simple_rnn/simple_rnn_cell/")
    try check("keras-lstm-2", Stacked<LSTM<Double>>.self, .keras, prefix: "layer/")
    try check(
      "keras-gru-both", Bidirectional<GRU<Double>>.self, .keras, prefix: "layer/bidirectional/")
    try check(
      "keras-lstm-2-both", Stacked<Bidirectional<LSTM<Double>>>.self, .keras, prefix: "layer/")
  }

  @Test func `of ONNX Runtime`() throws {
    try check("onnx-lstm", LSTM<Double>.self, .onnx)
    try check("onnx-lstm-peepholes-both", Bidirectional<LSTM<Double>>.self, .onnx)
    try check("onnx-gru", GRU<Double>.self, .onnx, options: GRUOptions())
    try check(
      "onnx-gru-before-both", Bidirectional<GRU<Double>>.self, .onnx,
      options: GRUOptions(candidate: .resetBefore))
    try check("onnx-rnn", SimpleRNN<Double>.self, .onnx)
    let error = #expect(throws: WeightsError.self) {
      try GRU<Float>(contentsOf: path("onnx-gru"), layout: .onnx, prefix: "layer.")
    }
    #expect(error?.reason?.contains("do not say where a GRU resets") == true)
  }

  @Test func `what is another layer is refused with all that differs`() throws {
    let two = #expect(throws: WeightsError.self) {
      try LSTM<Float>(contentsOf: path("pytorch-lstm-2-both"), layout: .pytorch, prefix: "layer.")
    }
    #expect(two?.unexpected.count == 12 && two?.missing.isEmpty == true)
    let gru = #expect(throws: WeightsError.self) {
      try GRU<Float>(contentsOf: path("pytorch-lstm"), layout: .pytorch, prefix: "layer.")
    }
    #expect(
      gru?.description.contains("layer.weight_hh_l0 has shape [8, 2]") == true,
      "\(gru?.description ?? "")")
    let none = #expect(throws: WeightsError.self) {
      try LSTM<Float>(contentsOf: path("pytorch-lstm"), layout: .pytorch, prefix: "other.")
    }
    #expect(none?.missing == ["other.weight_ih_l0", "other.weight_hh_l0"])
    let absent = #expect(throws: WeightsError.self) {
      try LSTM<Float>(contentsOf: path("absent"), layout: .pytorch)
    }
    #expect(absent?.reason?.contains("cannot be read") == true)
  }

  @Test func `shapes that do not belong together are refused before memory is taken`() throws {
    // [2²⁰·4, 1] and [4, 2²⁰] bytes would be a matrix of 2⁴² numbers.
    let many = 1 << 20
    let file = TensorFile([
      Tensor(
        "weight_ih_l0", .float16, shape: [4 * many, 1],
        bytes: [UInt8](repeating: 0, count: 8 * many)),
      Tensor(
        "weight_hh_l0", .float16, shape: [4, many], bytes: [UInt8](repeating: 0, count: 8 * many)),
    ])
    let error = #expect(throws: WeightsError.self) {
      try LSTM<Float>(from: file, layout: .pytorch)
    }
    #expect(error?.misshaped.map(\.name) == ["weight_hh_l0"])
    let nothing = TensorFile([
      Tensor("weight_ih_l0", shape: [0, 3], [Float]()),
      Tensor("weight_hh_l0", shape: [0, 0], [Float]()),
    ])
    #expect(throws: WeightsError.self) { try LSTM<Float>(from: nothing, layout: .pytorch) }
    let stack = TensorFile([
      Tensor("weight_ih_l0", shape: [4, 3], [Float](repeating: 0, count: 12)),
      Tensor("weight_hh_l0", shape: [4, 1], [Float](repeating: 0, count: 4)),
      Tensor("weight_ih_l1", shape: [4, 3], [Float](repeating: 0, count: 12)),
      Tensor("weight_hh_l1", shape: [4, 1], [Float](repeating: 0, count: 4)),
    ])
    let uneven = #expect(throws: WeightsError.self) {
      try Stacked<LSTM<Float>>(from: stack, layout: .pytorch)
    }
    #expect(uneven?.reason == "layer 1 takes 3 features, expected the 1 that layer 0 gives")
  }
}
