import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A logistic model of each pixel from those before it in a window: what the first convolution of a `PixelRNN` sees,
/// whether each of them is in the picture, and where the pixel is.
struct NeighbourLogistic: Model {
  var output: Linear<Float>
  static let window = 7

  mutating func visitParts(_ part: inout PartVisitor<Float>) { part("output", &output) }

  /// Trains one, and measures bits per pixel of other pictures.
  static func bits(
    _ training: PixelBatch, _ held: PixelBatch, _ run: ExperimentRun
  ) throws -> (bits: Double, size: Int) {
    let neighbours = window * window / 2
    var rng = SeededGenerator(seed: run.seed)
    var model = NeighbourLogistic(
      output: Linear(
        inputSize: 2 * neighbours + training.pixelCount, outputSize: DigitsPixels.levels,
        using: &rng))
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var order = BatchOrder(
      LengthBuckets(
        lengths: (0..<training.count).map { _ in 1 }, batch: 32, seed: run.seed))
    func loss(
      _ model: NeighbourLogistic, _ pictures: PixelBatch, _ graph: Graph<Float>
    ) -> Node<Float> {
      model.output(graph.constant(inputs(pictures))).crossEntropy(pictures.values)
    }
    try Fitting(updates: run.choose(smoke: 100, full: 4000), rate: 1e-2)
      .train(&model, on: graph, of: run) {
        training.selecting(order.next())
      } loss: {
        loss($0, $1, $2)
      }
    return (
      model.evaluate(on: graph) { loss($0, held, $1).loss.bitsPerToken },
      model.parameters.scalarCount
    )
  }

  /// What is known of each pixel, `[64, N, features]`.
  private static func inputs(_ pictures: PixelBatch) -> SequenceBatch<Float> {
    let half = window / 2
    let offsets = (-half...0).flatMap { row in
      (-half...half).filter { row < 0 || $0 < 0 }.map { (row, $0) }
    }
    let (P, N) = (pictures.pixelCount, pictures.count)
    let features = 2 * offsets.count + P
    var elements = [Float](repeating: 0, count: P * N * features)
    for p in 0..<P {
      for n in 0..<N {
        let row = (p * N + n) * features
        for (k, offset) in offsets.enumerated() {
          let (i, j) = (p / pictures.width + offset.0, p % pictures.width + offset.1)
          guard i >= 0, (0..<pictures.width).contains(j) else { continue }
          let value = pictures.values[i * pictures.width + j, n]
          elements[row + 2 * k] = Float(value) / 8 - 1
          elements[row + 2 * k + 1] = 1
        }
        elements[row + 2 * offsets.count + p] = 1
      }
    }
    return SequenceBatch(steps: P, batch: N, features: features, elements: elements)
  }
}
