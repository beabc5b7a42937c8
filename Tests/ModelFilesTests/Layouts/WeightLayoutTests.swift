import Autodiff
import LinAlg
import Recurrent
import Testing

@testable import ModelFiles

@Suite struct WeightLayoutTests {
  /// Sets every parameter to another number, and two of each block to −0.
  func fill<Layer: WeightConvertible>(_ layer: inout Layer) {
    var next: Layer.Scalar = 1
    for block in 0..<layer.parameters.blockCount {
      layer.parameters.withUnsafeMutableBufferPointer(ofBlock: block) { all in
        for i in 0..<all.count {
          all[i] = i == 3 || i == all.count - 1 ? -0.0 : next / 8
          next += 1
        }
      }
    }
  }

  func bits<Layer: Trainable>(_ layer: Layer) -> [Double] where Layer.Scalar == Double {
    (0..<layer.parameters.blockCount).flatMap { block in
      layer.parameters[block: block].withUnsafeBufferPointer { Array($0) }
    }
  }

  /// Writes a layer in a layout and reads it again: the same bits, in a layer made of the file alone too.
  func check<Layer: LayerReadable<Double>>(
    _ layer: Layer, _ layout: WeightLayout, options: Layer.Options?
  ) throws {
    var layer = layer
    fill(&layer)
    let tensors = try layer.tensors(layout: layout, prefix: "a.")
    let total = tensors.reduce(0) { $0 + $1.count }
    #expect(total >= layer.parameters.scalarCount)
    let file = TensorFile(tensors)
    var other = layer
    other.parameters = layer.parameters.zeros()
    try other.readWeights(from: file, layout: layout, prefix: "a.")
    #expect(bits(other).map(\.bitPattern) == bits(layer).map(\.bitPattern), "\(layout)")
    let fresh = try Layer(from: file, layout: layout, prefix: "a.", options: options)
    #expect(fresh.kind == layer.kind)
    #expect(bits(fresh).map(\.bitPattern) == bits(layer).map(\.bitPattern), "\(layout)")
  }

  /// What a layout says to a layer; empty where it takes it.
  func refusal<Layer: WeightConvertible>(_ layer: Layer, _ layout: WeightLayout) -> String {
    do throws(WeightsError) {
      _ = try layer.tensors(layout: layout)
      return ""
    } catch {
      return error.description
    }
  }

  @Test(arguments: WeightLayout.allCases)
  func `layers come back bit by bit`(_ layout: WeightLayout) throws {
    var rng = SeededGenerator(seed: 3)
    let lstm = LSTM<Double>(inputSize: 3, hiddenSize: 2, using: &rng)
    try check(lstm, layout, options: nil)
    try check(Bidirectional(forward: lstm, backward: lstm), layout, options: nil)
    try check(
      Stacked(count: 3, inputSize: 3) { LSTM<Double>(inputSize: $0, hiddenSize: 2, using: &rng) },
      layout, options: nil)
    try check(
      Stacked(count: 2, inputSize: 3) { D in
        Bidirectional { LSTM<Double>(inputSize: D, hiddenSize: 2, using: &rng) }
      }, layout, options: nil)
    let onnx = layout == .onnx
    if layout != .flux {
      let gru = GRU<Double>(inputSize: 3, hiddenSize: 2, using: &rng)
      try check(gru, layout, options: onnx ? GRUOptions() : nil)
      try check(
        Bidirectional(forward: gru, backward: gru), layout, options: onnx ? GRUOptions() : nil)
    }
    if [.native, .keras, .onnx, .oneDNN, .flux].contains(layout) {
      let options = GRUOptions(candidate: .resetBefore)
      let gru = GRU<Double>(inputSize: 3, hiddenSize: 2, variant: .resetBefore, using: &rng)
      try check(gru, layout, options: onnx ? options : nil)
      try check(
        Stacked(count: 2, inputSize: 3) {
          GRU<Double>(inputSize: $0, hiddenSize: 2, variant: .resetBefore, using: &rng)
        }, layout, options: onnx ? options : nil)
    }
    if layout != .haste {
      let rnn = SimpleRNN<Double>(inputSize: 3, hiddenSize: 2, using: &rng)
      try check(rnn, layout, options: nil)
      try check(Bidirectional(forward: rnn, backward: rnn), layout, options: nil)
    }
    var projected = LSTMOptions()
    projected.projection = 2
    if [.native, .pytorch, .oneDNN, .cuDNN].contains(layout) {
      let layer = try LSTM<Double>(inputSize: 3, hiddenSize: 4, options: projected, using: &rng)
      try check(layer, layout, options: nil)
      try check(Stacked([layer]), layout, options: nil)
      try check(Bidirectional(forward: layer, backward: layer), layout, options: nil)
    }
    var peepholes = LSTMOptions()
    peepholes.memory = .diagonal()
    if [.native, .onnx, .oneDNN].contains(layout) {
      let layer = try LSTM<Double>(inputSize: 3, hiddenSize: 2, options: peepholes, using: &rng)
      try check(layer, layout, options: layout == .native ? peepholes : nil)
      try check(
        Bidirectional(forward: layer, backward: layer), layout,
        options: layout == .native ? peepholes : nil)
    }
  }

  @Test func `what a layout has no form of is refused with the reason`() throws {
    var rng = SeededGenerator(seed: 3)
    func lstm(_ change: (inout LSTMOptions) -> Void) throws -> LSTM<Double> {
      var options = LSTMOptions()
      change(&options)
      return try LSTM(inputSize: 3, hiddenSize: 4, options: options, using: &rng)
    }
    func gru(_ change: (inout GRUOptions) -> Void) throws -> GRU<Double> {
      var options = GRUOptions()
      change(&options)
      return try GRU(inputSize: 3, hiddenSize: 4, options: options, using: &rng)
    }
    // The layouts that take it, and words of the refusal elsewhere.
    let cases: [(any WeightConvertible, Set<WeightLayout>, String)] = [
      (try lstm { $0.projection = 2 }, [.pytorch, .oneDNN, .cuDNN], "projection"),
      (try lstm { $0.memory = .diagonal() }, [.onnx, .oneDNN], "peepholes"),
      (try lstm { $0.memory = .diagonal(candidate: true) }, [], "memory connections"),
      (try lstm { $0.memory = .full() }, [], "memory connections"),
      (try lstm { $0.inputGate = .coupled }, [], "coupled"),
      (try lstm { $0.inputGate = .open }, [], "without an input gate"),
      (try lstm { $0.forgetGate = nil }, [], "without a forget gate"),
      (try lstm { $0.outputGate = .hardSigmoid() }, [.keras, .onnx], "σ of a gate"),
      (try lstm { $0.outputActivation = .relu }, [.keras, .onnx], "tanh of a candidate"),
      (try lstm { $0.clipping.preActivations = 3 }, [.onnx], "clipping of what goes into gates"),
      (try lstm { $0.clipping.cell = 3 }, [.cuDNN], "clipping of the cell state"),
      (try lstm { $0.normalization = .sums() }, [], "layer normalization"),
      (try lstm { $0.regularization.zoneoutCell = 0.1 }, [], "zoneout"),
      (try lstm { $0.regularization.recurrentDropout = 0.1 }, Set(WeightLayout.allCases), ""),
      (try gru { $0.candidate = .lectureNotes }, [], "candidate is r∘tanh(h)"),
      (
        try gru { $0.candidate = .resetBefore }, [.keras, .onnx, .oneDNN, .flux],
        "resets before the product"
      ),
      (
        try SimpleRNN<Double>(
          inputSize: 3, hiddenSize: 2, options: RNNOptions(activation: .softsign), using: &rng),
        [.keras, .onnx, .mlx, .flux], "simple recurrent layer"
      ),
      (
        Linear<Double>(inputSize: 3, outputSize: 2, using: &rng),
        Set(WeightLayout.allCases).subtracting([.cuDNN]), "no linear layer"
      ),
      (
        Embedding<Double>(vocabularySize: 3, features: 2, using: &rng),
        Set(WeightLayout.allCases).subtracting([.cuDNN, .oneDNN]), "no embedding"
      ),
      (
        Stacked(count: 3, inputSize: 2, tied: true) {
          LSTM<Double>(inputSize: $0, hiddenSize: 2, using: &rng)
        }, [], "share their weights"
      ),
    ]
    for (layer, layouts, words) in cases {
      for layout in WeightLayout.allCases {
        let found = refusal(layer, layout)
        if layouts.contains(layout) || (layout == .native && words != "share their weights") {
          #expect(found == "", "\(layout)")
        } else {
          #expect(!found.isEmpty && found.contains(words), "\(layout): \(found)")
        }
      }
    }
  }

  @Test func `a bias that Flux has no place for must be zero`() throws {
    var rng = SeededGenerator(seed: 3)
    var gru = GRU<Double>(inputSize: 3, hiddenSize: 2, using: &rng)
    let file = TensorFile(try gru.tensors(layout: .flux))
    gru.parameters.recurrentBias = Matrix(repeating: 1, rows: 1, columns: 2)
    #expect(refusal(gru, .flux).contains("must be zero and is not"))
    try gru.readWeights(from: file, layout: .flux)
    #expect(gru.parameters.recurrentBias[0, 1] == 0)
  }

  @Test func `two biases become their sum`() throws {
    var rng = SeededGenerator(seed: 3)
    var gru = GRU<Double>(inputSize: 1, hiddenSize: 1, using: &rng)
    let file = TensorFile([
      Tensor("weight_ih_l0", shape: [3, 1], [1.0, 2, 3]),
      Tensor("weight_hh_l0", shape: [3, 1], [4.0, 5, 6]),
      Tensor("bias_ih_l0", shape: [3], [10.0, 20, 30]),
      Tensor("bias_hh_l0", shape: [3], [1.0, 2, 3]),
    ])
    try gru.readWeights(from: file, layout: .pytorch)
    #expect(gru.parameters.b.elements == [11, 22, 30])
    #expect(gru.parameters.recurrentBias.elements == [3])
    // One of the two alone is a mistake, both may be missing.
    let half = TensorFile(Array(file.tensors.dropLast()))
    let error = #expect(throws: WeightsError.self) {
      try gru.readWeights(from: half, layout: .pytorch)
    }
    #expect(error?.missing == ["bias_hh_l0"])
    #expect(gru.parameters.b.elements == [11, 22, 30])
    try gru.readWeights(from: TensorFile(Array(file.tensors.prefix(2))), layout: .pytorch)
    #expect(gru.parameters.b.elements == [0, 0, 0] && gru.parameters.recurrentBias[0, 0] == 0)
  }

  @Test func `layers without a state come back`() throws {
    var rng = SeededGenerator(seed: 3)
    for layout in WeightLayout.allCases where layout != .cuDNN && layout != .oneDNN {
      var linear = Linear<Double>(inputSize: 3, outputSize: 2, using: &rng)
      fill(&linear)
      let file = TensorFile(try linear.tensors(layout: layout, prefix: "l."))
      let other = try Linear<Double>(from: file, layout: layout, prefix: "l.")
      #expect(bits(other) == bits(linear))
      var embedding = Embedding<Double>(vocabularySize: 4, features: 3, using: &rng)
      fill(&embedding)
      let rows = TensorFile(try embedding.tensors(layout: layout, prefix: "e."))
      #expect(
        bits(try Embedding<Double>(from: rows, layout: layout, prefix: "e.")) == bits(embedding))
      var norm = LayerNorm<Double>(features: 3)
      fill(&norm)
      let numbers = bits(norm)
      let gains = TensorFile(try norm.tensors(layout: layout, prefix: "n."))
      norm = LayerNorm<Double>(features: 3)
      try norm.readWeights(from: gains, layout: layout, prefix: "n.")
      #expect(bits(norm) == numbers)
    }
    let kernel = try Linear<Double>(inputSize: 3, outputSize: 2, using: &rng).tensors(
      layout: .keras)
    #expect(kernel.map(\.description) == ["kernel F64 [3, 2]", "bias F64 [2]"])
    let parameter = Parameter<Double>(rows: 2, columns: 3)
    #expect(try parameter.tensors(layout: .pytorch, prefix: "start.").map(\.name) == ["start"])
  }

  @Test func `names are those of the libraries`() throws {
    var rng = SeededGenerator(seed: 3)
    let both = Stacked(count: 2, inputSize: 3) { D in
      Bidirectional { LSTM<Double>(inputSize: D, hiddenSize: 2, using: &rng) }
    }
    func names(_ layout: WeightLayout) throws -> Set<String> {
      Set(try both.tensors(layout: layout).map(\.name))
    }
    #expect(
      try names(.pytorch).isSuperset(of: ["weight_ih_l0", "weight_hh_l1_reverse", "bias_ih_l1"]))
    #expect(
      try names(.keras).contains("bidirectional_1/backward_lstm_1/lstm_cell/recurrent_kernel"))
    #expect(try names(.onnx) == ["0.W", "0.R", "0.B", "1.W", "1.R", "1.B"])
    #expect(try names(.oneDNN).contains("1.weights_iter"))
    #expect(try names(.cuDNN).contains("pseudo_layer_3.linear_7.bias"))
    #expect(try names(.mlx).contains("1.backward.Wx"))
    #expect(try names(.haste).contains("0.forward.recurrent_kernel"))
    #expect(try names(.native).contains("0.backward.U"))
  }
}
