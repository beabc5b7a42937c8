import Foundation
import GoldenSupport
import LinAlg
import Recurrent
import Testing

/// The code of the articles that turn options, compiled and run; ``ArticleTests`` compares the two texts.
@Suite struct OptionArticleTests {
  @Test func `the article on knobs`() throws {
    var rng = SeededGenerator(seed: 8)

    var options = LSTMOptions()
    options.memory = .diagonal()
    options.projection = 16
    options.clipping.cell = 3
    options.regularization.zoneoutHidden = 0.1
    let layer = try LSTM<Float>(inputSize: 8, hiddenSize: 32, options: options, using: &rng)

    let x = SequenceBatch<Float>.uniform(steps: 5, batch: 3, features: 8, using: &rng)

    let tape = layer.makeTape(steps: 5, batch: 3)
    tape.noise = RecordingNoise(seed: 7)  // the same choices again
    tape.noise?.sequences = [12, 4, 9]  // that belong to these sequences, in whichever row
    layer.forward(x, recording: tape)

    #expect(layer(x).outputs.features == 16)
  }

  @Test func `choosing a cell`() throws {
    var rng = SeededGenerator(seed: 8)

    var options = LSTMOptions()
    options.memory = .diagonal()
    options.projection = 32
    options.clipping.cell = 3
    options.regularization.recurrentDropout = 0.25
    let variant = try LSTM<Float>(inputSize: 64, hiddenSize: 128, options: options, using: &rng)

    let upper = try LSTM<Float>(inputSize: 32, hiddenSize: 128, options: options, using: &rng)
    let deep = Stacked([variant, upper], dropout: 0.2, dropoutMask: .perSequence)
    let inputDropout = Dropout(rate: 0.1, mask: .perSequence)

    #expect(deep.outputSize == 32 && deep.dropout.mask == .perSequence)
    #expect(inputDropout.mask == .perSequence)
    #expect(variant.parameters["U_i"].columns == 32 && variant.parameters["W_p"].rows == 32)
    options.inputGate = .coupled
    #expect(try !options.definition().nodes.contains { $0.name == "W_i" })
  }

  /// Block `index` of `count` blocks of rows.
  func block(_ matrix: Matrix<Float>, _ index: Int, of count: Int) -> Matrix<Float> {
    let (rows, columns) = (matrix.rows / count, matrix.columns)
    let start = index * rows * columns
    return Matrix(
      rows: rows, columns: columns,
      elements: Array(matrix.elements[start..<start + rows * columns]))
  }

  @Test func `gate layouts, PyTorch's projection`() throws {
    let c = try #require(
      try GoldenFile.projected().cases.first { $0.lengths == nil && $0.batch > 1 })
    var rng = SeededGenerator(seed: 8)
    let (D, H, P) = (c.inputSize, c.hiddenSize, try #require(c.projectionSize))
    func matrix(_ values: [Double], rows: Int) -> Matrix<Float> {
      Matrix(rows: rows, columns: values.count / rows, elements: values.map { Float($0) })
    }
    let (weightIH, weightHH) = (matrix(c.W, rows: 4 * H), matrix(c.U, rows: 4 * H))
    let (bias, weightHR) = (matrix(c.b, rows: 1), matrix(try #require(c.Wp), rows: P))

    var options = LSTMOptions()
    options.projection = P
    var layer = try LSTM<Float>(inputSize: D, hiddenSize: H, options: options, using: &rng)
    layer.parameters.W = weightIH
    layer.parameters.U = weightHH
    layer.parameters.b = bias
    layer.parameters["W_p"] = weightHR

    let x = SequenceBatch<Float>(
      steps: c.steps, batch: c.batch, features: D, elements: c.x.map { Float($0) })
    let y = layer(
      x,
      from: LSTMState(
        hidden: matrix(c.initialHidden, rows: c.batch),
        cell: matrix(try #require(c.initialCell), rows: c.batch)))
    #expect(relativeError(y.outputs.elements, c.outputs.map { Float($0) }) < 1e-5)
  }

  /// ONNX's equations, written down for its own layout.
  @Test func `gate layouts, ONNX's peepholes, clip and activations`() throws {
    var rng = SeededGenerator(seed: 9)
    let (T, D, H) = (5, 3, 4)
    func random(_ rows: Int, _ columns: Int) -> Matrix<Float> {
      Matrix(
        rows: rows, columns: columns,
        elements: (0..<rows * columns).map { _ in Float.random(in: -1.5...1.5, using: &rng) })
    }
    let (onnxW, onnxR, onnxB) = (random(4 * H, D), random(4 * H, H), random(8, H))
    let onnxP = random(3, H)

    var onnx = LSTMOptions()
    onnx.memory = .diagonal()
    onnx.clipping.preActivations = 3
    onnx.outputActivation = .scaledTanh(alpha: 1.7, beta: 0.7)
    var peepholes = try LSTM<Float>(inputSize: D, hiddenSize: H, options: onnx, using: &rng)
    for (gate, letter) in ["i", "o", "f", "g"].enumerated() {
      peepholes.parameters["W_" + letter] = block(onnxW, gate, of: 4)
      peepholes.parameters["U_" + letter] = block(onnxR, gate, of: 4)
      var sum = block(onnxB, gate, of: 8)
      for unit in 0..<H { sum[0, unit] += onnxB[4 + gate, unit] }
      peepholes.parameters["b_" + letter] = sum
      if letter != "g" { peepholes.parameters["p_" + letter] = block(onnxP, gate, of: 3) }
    }

    let x = random(T, D)
    let y = peepholes(SequenceBatch(steps: T, batch: 1, features: D, elements: x.elements))
    var (h, c, expected) = (
      [Double](repeating: 0, count: H), [Double](repeating: 0, count: H), [Float]()
    )
    var limited = 0
    for t in 0..<T {
      func sum(_ gate: Int, _ unit: Int, _ memory: Double) -> Double {
        let row = gate * H + unit
        var a = Double(onnxB[gate, unit] + onnxB[4 + gate, unit]) + memory
        for k in 0..<D { a += Double(onnxW[row, k] * x[t, k]) }
        for k in 0..<H { a += Double(onnxR[row, k]) * h[k] }
        if abs(a) > 3 { limited += 1 }
        return min(max(a, -3), 3)
      }
      func sigmoid(_ a: Double) -> Double { 1 / (1 + exp(-a)) }
      var (nextH, nextC) = (h, c)
      for j in 0..<H {
        let i = sigmoid(sum(0, j, Double(onnxP[0, j]) * c[j]))
        let f = sigmoid(sum(2, j, Double(onnxP[2, j]) * c[j]))
        nextC[j] = f * c[j] + i * tanh(sum(3, j, 0))
        let o = sigmoid(sum(1, j, Double(onnxP[1, j]) * nextC[j]))
        nextH[j] = o * 1.7 * tanh(0.7 * nextC[j])
      }
      (h, c) = (nextH, nextC)
      expected += h.map { Float($0) }
    }
    #expect(limited > 3)
    #expect(relativeError(y.outputs.elements, expected) < 1e-5)
  }
}
