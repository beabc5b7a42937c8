import Foundation
import GoldenSupport
import LinAlg
import Recurrent
import Testing

/// The code of the documentation's articles, compiled and run; ``the articles show this code`` compares
/// the two texts.
@Suite struct ArticleTests {
  @Test func `the overview`() {
    var rng = SeededGenerator(seed: 42)
    let lstm = LSTM<Float>(inputSize: 64, hiddenSize: 128, using: &rng)
    let x = SequenceBatch<Float>.uniform(steps: 32, batch: 16, features: 64, using: &rng)
    let y = lstm(x)  // y.outputs [32, 16, 128], y.finalState.hidden [16, 128]

    let dOutputs = y.outputs

    let tape = lstm.makeTape(steps: 32, batch: 16)
    var gradients = lstm.parameters.zeros()
    let out = lstm.forward(x, recording: tape)
    let d = lstm.backward(dOutputs, through: tape, accumulatingInto: &gradients)

    #expect(out.outputs.shape == [32, 16, 128] && d.x.shape == x.shape)

    let deep = Stacked(count: 2, inputSize: 64, dropout: 0.2) { inputSize in
      Bidirectional { LSTM<Float>(inputSize: inputSize, hiddenSize: 128, using: &rng) }
    }
    let z = deep(x)  // z.outputs [32, 16, 256], z.finalState[1].forward.hidden [16, 128]
    let gru = GRU<Float>(inputSize: 256, hiddenSize: 128, using: &rng)
    let mixed = deep.followed(by: gru, dropout: 0.2)
    let w = mixed(x)  // w.outputs [32, 16, 128], w.finalState.upper.hidden [16, 128]

    #expect(w.outputs.shape == [32, 16, 128] && w.finalState.upper.hidden.columns == 128)
    #expect(z.outputs.shape == [32, 16, 256])
    #expect(z.finalState[1].forward.hidden.columns == 128)
  }

  @Test func `writing your own cell`() throws {
    var rng = SeededGenerator(seed: 1)

    let (x, h, m) = (CellExpression.x, CellExpression.state("h"), CellExpression.state("m"))
    let f = sigmoid(
      Projection("W_f")(x) + Projection("U_f")(h) + .perUnit("p_f") * m
        + .perUnit("b_f", initial: 1))
    let g = tanh(Projection("W_g", bias: true)(x) + Projection("U_g")(f * h))
    let memory = f * m + (1 - f) * g
    let cell = try CellDefinition("my-cell", states: ["h": tanh(memory), "m": memory])

    let inputs = SequenceBatch<Float>.uniform(steps: 3, batch: 2, features: 16, using: &rng)

    let layer = try DefinedLayer<Float>(cell, inputSize: 16, hiddenSize: 32, using: &rng)
    let y = layer(inputs)
    let final = layer.state("m", of: y.finalState)  // [N, H]
    let peephole = layer.parameters["p_f"]  // [1, H]

    #expect(final.rows == 2 && final.columns == 32 && final == y.finalState[1])
    #expect(peephole.rows == 1 && peephole.columns == 32)
    #expect(layer.parameters["b_f"].elements == Array(repeating: 1, count: 32))
    #expect(layer.parameters.names.contains("W_g.bias"))
  }

  @Test func `choosing a cell`() throws {
    var rng = SeededGenerator(seed: 1)

    let lstm = LSTM<Float>(inputSize: 64, hiddenSize: 128, using: &rng)
    let gru = GRU<Float>(inputSize: 64, hiddenSize: 128, variant: .resetBefore, using: &rng)
    let rnn = SimpleRNN<Float>(inputSize: 64, hiddenSize: 128, activation: .relu, using: &rng)
    let mut1 = try DefinedLayer<Float>(
      .mut1(projectingInput: true), inputSize: 64, hiddenSize: 128, using: &rng)

    #expect(mut1.outputSize == 128)
    // The article's counts of numbers to train.
    let (D, H) = (64, 128)
    let resetAfter = GRU<Float>(inputSize: D, hiddenSize: H, using: &rng)
    #expect(rnn.parameters.scalarCount == H * (D + H + 1))
    #expect(gru.parameters.scalarCount == 3 * H * (D + H + 1))
    #expect(resetAfter.parameters.scalarCount == 3 * H * (D + H + 1) + H)
    #expect(lstm.parameters.scalarCount == 4 * H * (D + H + 1))

    var patient = LSTM<Float>(inputSize: 2, hiddenSize: 64, forgetBias: 5, using: &rng)
    for unit in 0..<64 {
      let steps = Float.random(in: 1...99, using: &rng)
      patient.parameters.b[0, 64 + unit] = Float(log(Double(steps)))  // gates i f g o: f is second
      patient.parameters.b[0, unit] = -Float(log(Double(steps)))
    }

    for unit in 0..<64 {
      #expect((0...log(99.1)).contains(Double(patient.parameters.b[0, 64 + unit])))
      #expect(patient.parameters.b[0, unit] == -patient.parameters.b[0, 64 + unit])
    }
    // The article's table of forget biases: what σ(b) is and when half is left.
    for (bias, gate, steps) in [(0.0, 0.5, 1.0), (1, 0.73, 2), (3, 0.95, 14), (5, 0.993, 103)] {
      let f = 1 / (1 + exp(-bias))
      #expect(abs(f - gate) < 0.005 && abs(log(0.5) / log(f) - steps) < 0.5)
    }
  }

  /// The same matrix with its `order.count` blocks of rows taken in that order.
  func reordered(_ matrix: Matrix<Float>, _ order: [Int]) -> Matrix<Float> {
    let H = matrix.rows / order.count
    var result = matrix
    for (gate, source) in order.enumerated() {
      for unit in 0..<H {
        for k in 0..<matrix.columns { result[gate * H + unit, k] = matrix[source * H + unit, k] }
      }
    }
    return result
  }

  /// Keras's kernel `[D, G·H]` as `[G·H, D]`, with the gates in the order of ours.
  func transposed(_ kernel: Matrix<Float>, _ order: [Int]) -> Matrix<Float> {
    var result = Matrix<Float>.zeros(rows: kernel.columns, columns: kernel.rows)
    for row in 0..<kernel.rows {
      for column in 0..<kernel.columns { result[column, row] = kernel[row, column] }
    }
    return reordered(result, order)
  }

  @Test func `gate layouts, ONNX`() {
    let (D, H) = (3, 2)
    // Every element says which gate it belongs to: ONNX's i o f c are 0 1 2 3.
    func marked(_ columns: Int) -> Matrix<Float> {
      Matrix(
        rows: 4 * H, columns: columns,
        elements: (0..<4 * H * columns).map { Float($0 / (H * columns)) })
    }
    let (onnxW, onnxR) = (marked(D), marked(H))

    var parameters = LSTMParameters<Float>(inputSize: D, hiddenSize: H)
    parameters.W = reordered(onnxW, [0, 2, 3, 1])
    parameters.U = reordered(onnxR, [0, 2, 3, 1])
    let lstm = LSTM(parameters: parameters)

    for (gate, onnxGate) in [0, 2, 3, 1].enumerated() {
      for unit in 0..<H {
        #expect(lstm.parameters.W[gate * H + unit, D - 1] == Float(onnxGate))
        #expect(lstm.parameters.U[gate * H + unit, 0] == Float(onnxGate))
      }
    }
  }

  @Test func `gate layouts, Keras`() throws {
    let c = try #require(try GoldenKeras.all().first { $0.resetAfter })
    let (D, H) = (c.inputSize, c.hiddenSize)
    func matrix(_ values: [Double], rows: Int) -> Matrix<Float> {
      Matrix(rows: rows, columns: values.count / rows, elements: values.map { Float($0) })
    }
    let kernel = matrix(c.weights.kernel, rows: D)
    let recurrentKernel = matrix(c.weights.recurrentKernel, rows: H)
    let bias = matrix(c.weights.bias, rows: 2)

    var parameters = GRUParameters<Float>(inputSize: D, hiddenSize: H, variant: .resetAfter)
    parameters.W = transposed(kernel, [1, 0, 2])
    parameters.U = transposed(recurrentKernel, [1, 0, 2])
    for unit in 0..<H {
      parameters.b[0, unit] = bias[0, H + unit] + bias[1, H + unit]  // r
      parameters.b[0, H + unit] = bias[0, unit] + bias[1, unit]  // z
      parameters.b[0, 2 * H + unit] = bias[0, 2 * H + unit]  // n
      parameters.recurrentBias[0, unit] = bias[1, 2 * H + unit]
    }
    let gru = GRU(parameters: parameters)

    let y = gru(
      SequenceBatch(
        batchFirst: c.x.map { Float($0) }, batch: c.batch, steps: c.steps, features: D),
      from: HiddenState(hidden: matrix(c.initialState, rows: c.batch)))
    #expect(relativeError(y.outputs.batchFirst, c.outputs.map { Float($0) }) < 1e-5)
  }

  @Test func `variable lengths`() {
    var rng = SeededGenerator(seed: 2)
    let lstm = LSTM<Float>(inputSize: 3, hiddenSize: 6, using: &rng)
    var rows: [Float] = (0..<4 * 8 * 3).map { _ in .random(in: -1...1, using: &rng) }
    rows[5 * 3] = .nan  // step 5 of the first sequence is padding

    let x = SequenceBatch<Float>(batchFirst: rows, batch: 4, steps: 8, features: 3)
    let back = x.batchFirst  // the same numbers, [4, 8, 3]

    #expect(zip(back, rows).allSatisfy { $0.bitPattern == $1.bitPattern })

    let lengths = [5, 0, 8, 3]
    let y = lstm(x, lengths: lengths)  // x [8, 4, D]
    let h = y.outputs  // [8, 4, H]: zero at padded steps
    let final = y.finalState.hidden  // [4, H]: after each sequence's own last step

    for n in 0..<4 {
      for t in 0..<8 { #expect(h[t, n, 0].isFinite && (t < lengths[n]) == (h[t, n, 0] != 0)) }
      for unit in 0..<6 {
        #expect(final[n, unit] == (lengths[n] == 0 ? 0 : h[lengths[n] - 1, n, unit]))
      }
    }

    let tape = lstm.makeTape(steps: 8, batch: 4)
    var gradients = lstm.parameters.zeros()
    let run = lstm.forward(x, lengths: lengths, recording: tape)
    let last = run.outputs.last(lengths: lengths)  // [4, H]
    let dLast = last  // ∂L/∂last of the loss L = ½‖last‖²
    let dOutputs = SequenceBatch(scatteringLast: dLast, steps: 8, lengths: lengths)
    let d = lstm.backward(dOutputs, through: tape, accumulatingInto: &gradients)
    let dx = d.x  // [8, 4, D]: zero at padded steps

    #expect(last == final && dx[5, 0, 0] == 0 && dx[4, 0, 0] != 0)

    lstm.forward(x, lengths: lengths, recording: tape)
    var dFinal = lstm.zeroState(batch: 4)
    dFinal.hidden = dLast
    let e = lstm.backward(finalState: dFinal, through: tape, accumulatingInto: &gradients)

    #expect(relativeError(e.x.elements, dx.elements) < 1e-5)
    #expect(gradients.flat.allSatisfy { $0.isFinite }, "what stands in the padding is never used")

    let both = Bidirectional { LSTM<Float>(inputSize: 3, hiddenSize: 6, using: &rng) }
    let z = both(x, from: nil, lengths: lengths, threads: nil, workspace: nil)
    let merged = z.outputs  // [8, 4, 12]
    let first = z.finalState.backward.hidden  // [4, 6]: after each sequence's first step

    #expect(merged.shape == [8, 4, 12])
    for n in [0, 2, 3] { #expect(first[n, 1] == merged[0, n, 7]) }
  }

  @Test func `streaming`() async throws {
    var rng = SeededGenerator(seed: 3)
    let deep = Stacked(count: 2, inputSize: 5) {
      LSTM<Float>(inputSize: $0, hiddenSize: 7, using: &rng)
    }
    let x = SequenceBatch<Float>.uniform(steps: 6, batch: 1, features: 5, using: &rng)
    let frames = (0..<6).map { x[step: $0] }
    let whole = deep(x).outputs
    var seen: [Float] = []
    func use(_ y: Matrix<Float>) { seen += y.elements }

    let session = StreamingSession(deep)
    for frame in frames {
      let y = session.step(frame)  // [1, D] in, [1, F] out
      use(y)
    }

    #expect(relativeError(seen, whole.elements) < 1e-5)

    let data = try JSONEncoder().encode(session.snapshot())
    let saved = try JSONDecoder().decode(StreamSnapshot.self, from: data)
    let resumed = try StreamingSession(deep, resuming: saved)

    #expect(resumed.step(frames[0]) == session.step(frames[0]) && resumed.stepCount == 7)

    let backlog = x
    let outputs = session.advance(backlog)  // [T, 1, D] in, [T, 1, F] out

    #expect(outputs.shape == [6, 1, 7] && session.stepCount == 13)

    let frames16 = Matrix<Float>.zeros(rows: 16, columns: 5)
    let together = StreamingSession(deep, batch: 16)
    together.step(frames16)  // [16, D] in, [16, F] out

    #expect(together.state[1].hidden.rows == 16)

    seen = []

    let batcher = StreamBatcher(deep, maximumBatch: 64)
    let stream = try batcher.join()
    for frame in frames {
      let y = try await stream.step(frame)  // waits for its batch
      use(y)
    }
    stream.leave()

    #expect(relativeError(seen, whole.elements) < 1e-5 && batcher.streamCount == 0)
  }

  /// Where the code of options is.
  private static let knobs = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "OptionArticleTests.swift")

  /// Each block of Swift code in an article is in this file or in ``OptionArticleTests``, line by line,
  /// whatever its indentation.
  @Test(arguments: [
    "Recurrent", "CellsAsData", "ChoosingACell", "GateLayouts", "VariableLengths", "Streams",
    "Knobs",
  ])
  func `the articles show this code`(article: String) throws {
    func lines(_ url: URL) throws -> [Substring] {
      try String(contentsOf: url, encoding: .utf8).split(
        separator: "\n", omittingEmptySubsequences: false)
    }
    let file = URL(filePath: #filePath)
    let root = file.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let catalog = root.appending(path: "Sources/Recurrent/Recurrent.docc")
    let own = try [file, Self.knobs].flatMap {
      try lines($0).map { $0.drop(while: \.isWhitespace) }
    }
    var block: [Substring]?
    var blockCount = 0
    for line in try lines(catalog.appending(path: "\(article).md")) {
      if line == "```swift" {
        block = []
      } else if line == "```", let code = block {
        #expect(!code.isEmpty && own.contains(code), "\(article): \(code.joined(separator: "\n"))")
        (block, blockCount) = (nil, blockCount + 1)
      } else {
        block?.append(line.drop(while: \.isWhitespace))
      }
    }
    #expect(blockCount >= 2)
  }
}
