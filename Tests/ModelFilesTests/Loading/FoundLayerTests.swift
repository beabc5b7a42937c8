import Autodiff
import LinAlg
import Recurrent
import Testing

@testable import ModelFiles

@Suite struct FoundLayerTests {
  /// The layers of a layout, of each kind that it has, with what is to be found of each.
  private func samples(_ layout: WeightLayout) throws -> [(tensors: [Tensor], text: String)] {
    var rng = SeededGenerator(seed: 3)
    let prefix = "a" + layout.separator
    var result: [(tensors: [Tensor], text: String)] = []
    func add(_ layer: some WeightConvertible<Float>, _ text: String) {
      if let tensors = try? layer.tensors(layout: layout, prefix: prefix) {
        result.append((tensors, text))
      }
    }
    let lstm = LSTM<Float>(inputSize: 3, hiddenSize: 2, using: &rng)
    add(lstm, "LSTM, 3 features, 2 units")
    add(Bidirectional(forward: lstm, backward: lstm), "LSTM, both directions, 3 features, 2 units")
    let stack = Stacked(count: 3, inputSize: 3) {
      LSTM<Float>(inputSize: $0, hiddenSize: 2, using: &rng)
    }
    add(stack, "LSTM, 3 layers, 3 features, 2 units")
    let both = Stacked(count: 2, inputSize: 3) { D in
      Bidirectional { LSTM<Float>(inputSize: D, hiddenSize: 2, using: &rng) }
    }
    add(both, "LSTM, 2 layers, both directions, 3 features, 2 units")
    add(GRU<Float>(inputSize: 5, hiddenSize: 4, using: &rng), "GRU, 5 features, 4 units")
    let before = GRU<Float>(inputSize: 5, hiddenSize: 4, variant: .resetBefore, using: &rng)
    add(before, "GRU, 5 features, 4 units")
    add(
      SimpleRNN<Float>(inputSize: 5, hiddenSize: 4, using: &rng), "simple RNN, 5 features, 4 units")
    var options = LSTMOptions()
    options.projection = 3
    add(
      try LSTM<Float>(inputSize: 5, hiddenSize: 4, options: options, using: &rng),
      "LSTM, 5 features, 4 units, 3 given")
    options = LSTMOptions()
    options.memory = .diagonal()
    if layout != .native {
      add(
        try LSTM<Float>(inputSize: 5, hiddenSize: 4, options: options, using: &rng),
        "LSTM, 5 features, 4 units")
    }
    add(Linear<Float>(inputSize: 4, outputSize: 7, using: &rng), "linear layer, 4 → 7")
    add(LayerNorm<Float>(features: 6), "layer normalization of 6 features")
    return result
  }

  @Test(arguments: WeightLayout.allCases)
  func `are told by names and shapes`(_ layout: WeightLayout) throws {
    let samples = try samples(layout)
    #expect(samples.count >= 5)
    for (tensors, text) in samples {
      let others = [Tensor("x", shape: [2, 3, 1], [Float](repeating: 0, count: 6))]
      let file = TensorFile(others + tensors)
      let found = file.layers(in: layout)
      #expect(found.map(\.description) == [text], "\(layout)")
      #expect(Set(found.flatMap(\.tensors)) == Set(tensors.map(\.name)), "\(layout): \(text)")
      // Keras and haste share names, and those of one cell in Keras have no path.
      if found.first?.isRecurrent == true, layout != .haste {
        #expect(file.guessedLayout == layout, "\(text)")
      }
    }
  }

  @Test func `a matrix by itself is what its name says`() {
    let matrix = Tensor("", shape: [5, 2], [Float](repeating: 1, count: 10))
    func kinds(_ names: String..., layout: WeightLayout) -> [FoundLayer.Kind] {
      TensorFile(names.map { matrix.named($0) }).layers(in: layout).map(\.kind)
    }
    #expect(
      kinds("out.weight", "word_embedding.weight", layout: .pytorch) == [.linear, .embedding])
    #expect(kinds("a/kernel", "b/embeddings", layout: .keras) == [.linear, .embedding])
    #expect(kinds("a.W", layout: .native) == [.embedding])
    #expect(kinds("aweight", "weights", "weight.x", layout: .pytorch).isEmpty)
  }

  @Test func `what only looks alike is no layer`() {
    func file(_ shapes: [(String, [Int])]) -> TensorFile {
      TensorFile(
        shapes.map { name, shape in
          Tensor(name, shape: shape, [Float](repeating: 0, count: shape.reduce(1, *)))
        })
    }
    for shapes in [
      [("weight_ih_l0", [8, 3])], [("weight_ih_l0", [8, 3]), ("weight_hh_l0", [8, 3])],
      [("weight_ih_l0", [7, 3]), ("weight_hh_l0", [7, 2])],
      [("weight_ih_l0", [8]), ("weight_hh_l0", [8, 2])],
      [("weight_ih_l0", [0, 3]), ("weight_hh_l0", [0, 0])],
      [("xweight_ih_l0", [8, 3]), ("xweight_hh_l0", [8, 2])],
      [("weight_ih_l1", [8, 3]), ("weight_hh_l1", [8, 2])],
      [("linear.weight", [3, 2, 1]), ("linear.bias", [3])],
      [("norm.weight", [3]), ("norm.bias", [3]), ("norm.running_mean", [3])],
      [("norm.weight", [3]), ("norm.bias", [4])], [("norm.weight", [])],
    ] {
      #expect(file(shapes).layers(in: .pytorch).isEmpty, "\(shapes)")
      #expect(file(shapes).guessedLayout == nil, "\(shapes)")
    }
    // A second layer that does not take what the first gives is none of the stack.
    let stack = file([
      ("weight_ih_l0", [8, 3]), ("weight_hh_l0", [8, 2]), ("weight_ih_l1", [8, 3]),
      ("weight_hh_l1", [8, 2]),
    ])
    #expect(stack.layers(in: .pytorch).map(\.layers) == [1])
  }

  // MARK: Translation

  private func numbers(_ tensors: [Tensor]) throws -> [String: [Double]] {
    var result: [String: [Double]] = [:]
    for tensor in tensors { result[tensor.name] = try tensor.values() }
    return result
  }

  /// What a layer of a file computes, after it has been another library's.
  private func check<Layer: LayerReadable<Double>>(
    _ name: String, _: Layer.Type, through layout: WeightLayout
  ) throws {
    let file = try TensorFile(contentsOf: LibraryLayerTests().path(name))
    let (other, layers) = try file.translated(to: layout, from: .pytorch)
    #expect(layers.count == 1)
    // What belongs to no layer is as it was.
    #expect(try other["x"]?.bytes() == file["x"]?.bytes())
    let (back, found) = try other.translated(to: .pytorch, from: layout, candidate: .resetAfter)
    #expect(found.map(\.description) == layers.map(\.description), "\(layout)")
    let (x, y) = (
      try LibraryLayerTests().sequence(file["x"]), try LibraryLayerTests().sequence(file["y"])
    )
    let layer = try Layer(from: back, layout: .pytorch, prefix: "layer.")
    let outputs = layer(x, from: nil, lengths: nil, threads: 1, workspace: nil).outputs
    for (a, b) in zip(outputs.elements, y.elements) { #expect(abs(a - b) < 1e-12, "\(layout)") }
    // Two biases have become one; everything else is the file's.
    let (mine, theirs) = (try numbers(back.tensors), try numbers(file.tensors))
    #expect(Set(mine.keys).isSuperset(of: theirs.keys))
    for (name, values) in theirs where !name.contains("bias") { #expect(mine[name] == values) }
  }

  @Test(arguments: WeightLayout.allCases)
  func `a layer that was another library's computes the same`(_ layout: WeightLayout) throws {
    try check("pytorch-lstm", LSTM<Double>.self, through: layout)
    try check("pytorch-lstm-no-bias", LSTM<Double>.self, through: layout)
    try check("pytorch-lstm-2-both", Stacked<Bidirectional<LSTM<Double>>>.self, through: layout)
    if layout != .flux {
      try check("pytorch-gru-both", Bidirectional<GRU<Double>>.self, through: layout)
      try check("pytorch-gru-3", Stacked<GRU<Double>>.self, through: layout)
    }
    if layout != .haste { try check("pytorch-rnn", SimpleRNN<Double>.self, through: layout) }
    if [.native, .pytorch, .oneDNN, .cuDNN].contains(layout) {
      try check("pytorch-lstm-projected", Stacked<LSTM<Double>>.self, through: layout)
    }
  }

  @Test func `parts keep their names`() throws {
    var rng = SeededGenerator(seed: 4)
    let lstm = LSTM<Float>(inputSize: 3, hiddenSize: 2, using: &rng)
    let both = Bidirectional(forward: lstm, backward: lstm)
    let linear = Linear<Float>(inputSize: 4, outputSize: 5, using: &rng)
    let file = TensorFile(
      try lstm.tensors(layout: .pytorch) + both.tensors(layout: .pytorch, prefix: "model.encoder.")
        + linear.tensors(layout: .pytorch, prefix: "model.out.", as: .float16))
    let keras = try file.translated(to: .keras, from: .pytorch).file
    #expect(
      Set(keras.tensors.map(\.name)).isSuperset(of: [
        "lstm/lstm_cell/kernel", "model/encoder/forward_lstm/lstm_cell/kernel", "model/out/kernel",
      ]))
    #expect(keras["model/out/kernel"]?.elementType == .float16)
    let back = try keras.translated(to: .pytorch, from: .keras).file
    #expect(Set(back.tensors.map(\.name)) == Set(file.tensors.map(\.name)))
    // Keras's own names for layers that have none.
    let own = TensorFile(
      try both.tensors(layout: .keras, prefix: "m/bidirectional/")
        + lstm.tensors(layout: .keras, prefix: "m/encoder/lstm_cell/"))
    #expect(
      Set(try own.translated(to: .mlx, from: .keras).file.tensors.map(\.name))
        == [
          "m.forward.Wx", "m.forward.Wh", "m.forward.bias", "m.backward.Wx", "m.backward.Wh",
          "m.backward.bias", "m.encoder.Wx", "m.encoder.Wh", "m.encoder.bias",
        ])
  }

  @Test func `what cannot be had is refused with the tensor`() throws {
    var rng = SeededGenerator(seed: 4)
    let gru = GRU<Float>(inputSize: 3, hiddenSize: 2, variant: .resetBefore, using: &rng)
    func refusal(_ tensors: [Tensor], _ source: WeightLayout, _ layout: WeightLayout) -> String {
      do throws(WeightsError) {
        _ = try TensorFile(tensors).translated(to: layout, from: source, path: "f")
        return ""
      } catch {
        return error.description
      }
    }
    let keras = try gru.tensors(layout: .keras, prefix: "a/")
    #expect(refusal(keras, .keras, .pytorch).hasPrefix("f: GRU of 'a/kernel': pytorch has no GRU"))
    let onnx = try gru.tensors(layout: .onnx)
    #expect(refusal(onnx, .onnx, .keras).contains("do not say where a GRU resets"))
    // A name that is taken.
    let taken = Tensor("a/gru_cell/x", shape: [1], [Float(1)])
    #expect(refusal(keras + [taken], .keras, .keras) == "")
    let other = Tensor("a.kernel", shape: [1], [Float(1)])
    #expect(refusal(keras + [other], .keras, .flux).contains("called") == false)
    let embedding = Tensor("embedding.weight", shape: [2, 2], [Float](repeating: 1, count: 4))
    let second = Tensor("embedding/embeddings", shape: [1], [Float(1)])
    #expect(
      refusal([embedding, second], .pytorch, .keras)
        == "f: two tensors would be called 'embedding/embeddings', expected names of their own")
    #expect(refusal([embedding], .pytorch, .oneDNN).contains("oneDNN has no embedding"))
    let whole = Tensor("weight", shape: [2, 2], integers: [1, 2, 3, 4])
    #expect(refusal([whole], .pytorch, .keras).contains("I64, expected numbers"))
  }
}
