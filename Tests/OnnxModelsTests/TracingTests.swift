import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
import Testing

@testable import OnnxModels

/// What cannot be written is named, and files follow their axes.
@Suite struct TracingTests {
  private struct Empty: Model {
    typealias Scalar = Float
    func visitParts(_ part: inout PartVisitor<Float>) {}
  }

  private struct Cube: CustomOperation {
    func callAsFunction(_ x: SequenceBatch<Float>) -> SequenceBatch<Float> {
      x.map { $0 * $0 * $0 }
    }
    func gradient(
      _ dy: SequenceBatch<Float>, x: SequenceBatch<Float>, y: SequenceBatch<Float>
    ) -> SequenceBatch<Float> { dy }
  }

  /// Why a function of some numbers `[T, N, 3]` is not written; nil where it is.
  private func refusal(
    _ body: (Node<Float>, OnnxTrace<Float>) -> Node<Float>
  ) -> OnnxError? {
    do throws(OnnxError) {
      _ = try OnnxGraphWriter(tracing: Empty()) { _, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        trace.output("y", body(trace.values("x", steps: T, batch: N, features: 3), trace))
      }
      return nil
    } catch {
      return error
    }
  }

  @Test func refusesWithTheReason() throws {
    func expect(
      _ words: String, _ body: (Node<Float>, OnnxTrace<Float>) -> Node<Float>
    ) {
      let error = refusal(body)
      #expect(error?.kind == .unsupported)
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "written")")
    }
    #expect(refusal { x, _ in x.tanh() } == nil)
    // A loop is written, but not if it is two, or its rounds differ.
    expect("a loop over an axis") { x, _ in
      (0..<x.steps).map { x[step: $0] }.reduce(x[step: 0]) { $0 + $1 }
    }
    expect("a loop over an axis") { x, _ in
      (0..<x.steps).reduce(x[step: 0]) { $1 % 2 == 0 ? ($0 + x[step: $1]) : ($0 * x[step: $1]) }
    }
    expect("a loop over an axis") { x, _ in
      (0..<x.steps).reduce(x[step: 0]) { $0 * x[step: x.steps - 1 - $1] }
    }
    expect("does not do the same operations each time") { x, _ in
      (0..<x.steps).reduce(x[step: 0]) { ($0 + x[step: $1]) * Float($1) }
    }
    expect("'custom operation' is not written") { x, _ in x.applying(Cube()) }
    expect("'loss' is not written") { x, trace in
      x.crossEntropy(trace.tokens("labels", steps: x.steps, batch: x.batch, below: 3))
    }
    // Swift chooses.
    expect("Swift computes its tokens") { x, _ in x.picked(x.value.argmax()) }
    expect("Swift computes a value") { x, trace in
      x * trace.graph.constant(x.value.map { $0 + 1 })
    }
    expect("Swift computes its number") { x, _ in x * x.value.elements[0] }
    expect("Swift computes its lengths") { x, trace in
      x.last(lengths: (0..<x.batch).map { 1 + ($0 * $0) % x.steps })
    }
    expect("a size of") { x, _ in x[steps: 0..<x.steps / 2] }
    expect("'scattered' is not written") { x, _ in
      x.scattered(
        rows: TokenBatch(repeating: 0, steps: x.steps, batch: x.batch), steps: 1, batch: 1)
    }
    expect("does not do the same operations each time") { x, _ in
      x.batch == 1 ? x.sigmoid() : x.tanh()
    }
  }

  /// Every class of an operation says what it is, but for those that are not written.
  @Test func everyOperationIsWrittenOrNamed() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Autodiff/Operations")
    var silent: [String] = []
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /(?s)final class (\w+)<.*?\n}\n/) {
        count += 1
        if !match.0.contains("override func record(") { silent.append(String(match.1)) }
      }
    }
    #expect(count > 25)
    #expect(
      silent.sorted() == [
        "DropoutOperation", "LossOperation", "OwnOperation", "SampledSoftmaxOperation",
        "TreePathOperation",
      ])
  }

  @Test func namesWhatDiffersFromRunToRun() {
    var count = 0
    #expect(throws: OnnxError.self) {
      _ = try OnnxGraphWriter(tracing: Empty()) { _, trace in
        count += 1
        let x = trace.values("x \(count)", batch: trace.axis("batch"), features: 2)
        trace.output("y", x)
      }
    }
    #expect(throws: OnnxError.self) { try OnnxGraphWriter(tracing: Empty()) { _, _ in } }
  }

  @Test func axesAreNamedInTheFile() throws {
    let writer = try OnnxGraphWriter(tracing: Empty()) { _, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let x = trace.values("x", steps: T, batch: N, features: T + 2)
      let rest = trace.axis("rest")
      trace.output("y", x)
      trace.output(
        "zeros", trace.graph.constant(0.5, NodeShape(steps: 1, batch: N, features: rest)))
    }
    let model = try OnnxModel(bytes: writer.serialized())
    #expect(
      model.inputs.map(\.description) == ["float32 [steps, batch, ?]", "int64 []"])
    #expect(model.inputs.map(\.name) == ["x", "rest"])
    #expect(model.outputs[0].shape == [.named("steps"), .named("batch"), .any])
    let results = try model.run([
      "x": OnnxTensor(shape: [2, 1, 4], [Float](repeating: 1, count: 8)),
      "rest": OnnxTensor(Int64(3)),
    ])
    #expect(results["zeros"]?.shape == [1, 1, 3])
    #expect(results["zeros"]?.elements(as: Float.self) == [0.5, 0.5, 0.5])
  }

  @Test func tablesStandInTheFileOnce() throws {
    var rng = SeededGenerator(seed: 3)
    let model = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: 500, embeddingSize: 20, hiddenSize: 20, output: .tied, using: &rng)
    let writer = try OnnxGraphWriter(tracing: model) { model, trace in
      let tokens = trace.tokens(
        "tokens", steps: trace.axis("steps"), batch: trace.axis("batch"), below: 500)
      trace.output("scores", model(tokens, on: trace.graph).outputs)
    }
    let parameters = 500 * 20 + 8 * 20 * 20 + 8 * 20
    #expect(try writer.serialized().count < 4 * parameters + 4000)
  }
}
