import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Handwritten digits of 8 × 8 pixels read row by row: many to one, from the last step.
enum DigitsRows: Experiment {
  static let name = "digits-rows"
  static let summary = "8×8 digits, a row a step, the class from the last step"

  /// A layer over the rows and a linear map of its last valid output.
  struct Reader: Model {
    var layer: LSTM<Float>
    var output: Linear<Float>

    init(units: Int, using rng: inout SeededGenerator) {
      layer = LSTM(inputSize: Digits.side, hiddenSize: units, using: &rng)
      output = Linear(inputSize: units, outputSize: 10, using: &rng)
    }

    mutating func visitParts(_ part: inout PartVisitor<Float>) {
      part("layer", &layer)
      part("output", &output)
    }

    /// The scores of the classes, `[1, N, 10]`, of rows `[8, N, 8]`.
    func callAsFunction(_ rows: SequenceBatch<Float>, on graph: Graph<Float>) -> Node<Float> {
      output(layer(graph.constant(rows)).outputs.last().dropout(0.3))
    }
  }

  static func measure(_ run: ExperimentRun) throws {
    let digits = try Digits(run.data)
    let seeds = run.choose(smoke: 1, full: 3)
    var (shares, size) = ([Double](), 0)
    for seed in 0..<UInt64(seeds) {
      let split = HeldOut(digits.labels.count, share: 0.2, seed: run.seed &+ seed)
      var rng = SeededGenerator(seed: run.seed &+ seed)
      var model = Reader(units: 128, using: &rng)
      size = model.parameters.scalarCount
      let graph = Graph<Float>(threads: run.threads, seed: run.seed &+ seed)
      var order = BatchOrder(
        LengthBuckets(
          lengths: split.training.map { _ in Digits.side }, batch: 32, seed: run.seed &+ seed))
      try Fitting(updates: run.choose(smoke: 300, full: 4000), rate: 3e-3)
        .train(&model, on: graph, of: run) {
          batch(order.next().map { split.training[$0] }, of: digits)
        } loss: { model, batch, graph in
          model(batch.rows, on: graph).crossEntropy(batch.labels)
        }
      let held = batch(split.held, of: digits)
      let found = model.evaluate(on: graph) { $0(held.rows, on: $1).value.argmax() }
      var accuracy = Accuracy()
      accuracy.add(found, expected: held.labels)
      shares.append(accuracy.value)
      run.say("seed \(run.seed &+ seed): \(Format.shortest(shares[shares.count - 1]))")
    }
    let spread = Spread(shares)
    run.report(
      "right digits", spread.mean, run.choose(smoke: .atLeast(0.8), full: .atLeast(0.97)),
      parameters: size,
      note:
        "held-out fifth, mean of \(seeds) seeds, standard error \(Format.shortest(spread.standardError))"
    )
  }

  /// Pictures `[8, N, 8]` and their labels `[1, N]`.
  private static func batch(
    _ numbers: [Int], of digits: Digits
  ) -> (rows: SequenceBatch<Float>, labels: TokenBatch) {
    let side = Digits.side
    var elements: [Float] = []
    for t in 0..<side {
      for n in numbers { elements += digits.pictures[n][t * side..<(t + 1) * side] }
    }
    return (
      SequenceBatch(steps: side, batch: numbers.count, features: side, elements: elements),
      TokenBatch(steps: 1, batch: numbers.count, tokens: numbers.map { Token(digits.labels[$0]) })
    )
  }
}
