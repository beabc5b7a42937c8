import LinAlg
import Recurrent

/// Compares what a layer of any kind computes with what something else computes of the same weights and
/// inputs: its outputs, the gradient of its inputs and that of every parameter.
///
/// Plain cells and layers that are made of them (`gru-before`, `rnn-relu`, `reversed`, `bidirectional`,
/// `learned-state`) are compared with the scalar loops, which share nothing with the engine. The others
/// (cells with options, `defined`, `chain`, and `stacked`, which drops features) are compared with
/// themselves in Double with OpenBLAS's products: other kernels and no packed weights, and random choices
/// do not depend on the type of the numbers. What both share is the engine's own time loops and programs.
struct LayerVerifier {
  let item: LayerCase
  private let threads: Int
  private let plan: VerificationPlan

  /// - Parameter flops: see ``VerificationPlan``.
  init(_ item: LayerCase, threads: Int, flops: Double = VerificationPlan.defaultFlops) {
    self.item = item
    self.threads = threads
    plan = .make(
      BenchCase(cell: item.layer.likeness, mode: item.mode, shape: Self.shape(item)), flops: flops)
  }

  /// The shape whose sums are the longest of the layer's: the upper one of a stack reads `H` features.
  private static func shape(_ item: LayerCase) -> Shape {
    var shape = item.shape
    if item.layer == .stacked || item.layer == .chain { shape.D = max(shape.D, shape.H) }
    return shape
  }

  /// - Parameter change: is called with what the layer has computed, to test that a wrong number is found.
  /// - Throws: ``BenchError`` (exit 1) when the answer is wrong, or the layer cannot be made.
  @discardableResult
  func verify(_ change: (inout Results) -> Void = { _ in }) throws -> Verification.Outcome {
    var (outcome, reference) = try compare(seed: 1, change)
    // What is wrong is so with any numbers; a sum beside a kink is there by chance.
    for seed: UInt64 in 2...3 where item.layer.hasKinks && !outcome.isCorrect {
      (outcome, reference) = try compare(seed: seed, change)
    }
    try outcome.check("\(item)", against: reference)
    return outcome
  }

  private func compare(
    seed: UInt64, _ change: (inout Results) -> Void
  ) throws -> (outcome: Verification.Outcome, reference: String) {
    var item = item
    item.shape.T = plan.steps
    do {
      let (layer, work) = try LayerContestants.draw(item, seed: seed)
      var actual = results(layer, work)
      change(&actual)
      let (expected, reference) = try expected(layer, work)
      var shape = Self.shape(item)
      shape.N = plan.sequences.count
      let outcome = Verification.compare(
        actual, with: expected, cell: item.layer.likeness, shape: shape)
      return (outcome, reference)
    } catch {
      throw BenchError.failure("\(item): \(error)")
    }
  }

  /// The second of two calls, so that what a call leaves behind for the next one is checked too.
  private func results<Layer: SequenceLayer>(
    _ layer: Layer, _ work: LayerWork, products: ProductStrategy = .automatic
  ) -> Results {
    let contestant = LayerContestant(
      layer, item.mode, work.maskingGradients(to: plan.sequences), threads: threads,
      products: products)
    contestant.call()
    contestant.call()
    return contestant.results().restricted(to: plan.sequences)
  }

  private func expected<Layer: SequenceLayer<Float>>(
    _ layer: Layer, _ work: LayerWork
  ) throws -> (Results, reference: String) {
    let loops = LayerLoops(item, layer.parameters, work.restricted(to: plan.sequences))
    if let results = loops.results() { return (results, "the scalar loops") }
    var random = SeededGenerator(seed: 1)
    let twin = try item.layer.makeLayer(
      Double.self, inputSize: item.shape.D, hiddenSize: item.shape.H, using: &random)
    return (results(ofTwin: twin, layer.parameters, work), "itself in Double on OpenBLAS")
  }

  private func results<Twin: SequenceLayer<Double>>(
    ofTwin twin: Twin, _ parameters: some ParameterSet<Float>, _ work: LayerWork
  ) -> Results {
    var twin = twin
    for block in 0..<parameters.blockCount {
      let from = parameters[block: block]
      for index in from.specs.indices {
        let tensor = from[tensor: index]
        twin.parameters[block: block][tensor: index] = Matrix(
          rows: tensor.rows, columns: tensor.columns,
          elements: tensor.withUnsafeBufferPointer { $0.map { Double($0) } })
      }
    }
    return results(twin, work, products: .openBLAS)
  }
}
