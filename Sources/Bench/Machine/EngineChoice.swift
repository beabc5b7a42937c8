import LinAlg
import Recurrent

/// What the engine would do with a shape on this machine, asked of its own decisions.
struct EngineChoice: Codable, Equatable {
  var layer: String
  var T: Int
  var N: Int
  var D: Int
  var H: Int
  /// `packed` or `OpenBLAS`.
  var products: String
  /// `none`, `batch` or `units`, and among how many threads.
  var split: String
  var threads: Int
  /// Steps whose input projections are one product.
  var chunk: Int

  /// Shapes from a stream to a large batch.
  static let shapes: [(T: Int, N: Int, H: Int)] = [
    (25, 1, 64), (100, 1, 256), (50, 1, 512), (50, 1, 1024), (50, 4, 256), (50, 8, 256),
    (50, 16, 128), (50, 32, 256), (50, 64, 512), (25, 128, 1024),
  ]

  static func table(threads: Int) -> [EngineChoice] {
    shapes.flatMap { shape -> [EngineChoice] in
      let (T, N, H) = shape
      var random = SeededGenerator(seed: 1)
      func choice(_ name: String, _ layer: some RecurrentLayer) -> EngineChoice {
        let plan = layer.plan(steps: T, batch: N, threads: threads)
        return EngineChoice(
          layer: name, T: T, N: N, D: H, H: H, products: plan.isPacked ? "packed" : "OpenBLAS",
          split: "\(plan.split)", threads: plan.threads, chunk: plan.chunkLength)
      }
      return [
        choice("LSTM Float", LSTM<Float>(inputSize: H, hiddenSize: H, using: &random)),
        choice("GRU Float", GRU<Float>(inputSize: H, hiddenSize: H, using: &random)),
        choice("LSTM Double", LSTM<Double>(inputSize: H, hiddenSize: H, using: &random)),
      ]
    }
  }
}
