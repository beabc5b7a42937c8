import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Stripes that run down to the left by two columns a row: what a pixel repeats stands to the right of the triangle
/// that a Row LSTM sees, and a Diagonal BiLSTM sees it.
enum RowsVersusDiagonal: Experiment {
  static let name = "rows-vs-diagonal"
  static let summary = "diagonal stripes outside of the Row LSTM's triangle"

  static let (side, slope) = (8, 2)

  static func measure(_ run: ExperimentRun) throws {
    // Stripe j + 2i is seen from its first pixel on.
    let stripes = side + slope * (side - 1)
    let entropy = Double(stripes) / Double(side * side)
    run.report("entropy, bits per pixel", entropy, note: "\(stripes) fair bits in 64 pixels")
    var shown: PixelBatch?
    for (kind, what) in [
      (PixelRNN<Float>.Kind.diagonalBiLSTM, "Diagonal BiLSTM"), (.rowLSTM(), "Row LSTM"),
    ] {
      var rng = SeededGenerator(seed: run.seed)
      var model = PixelRNN<Float>(
        kind, levels: 2, hiddenSize: 24, layerCount: 2, window: 3, using: &rng)
      let graph = Graph<Float>(threads: run.threads, seed: run.seed)
      var draws = SeededGenerator(seed: run.seed &+ 1)
      try Fitting(updates: run.choose(smoke: 120, full: 1000), rate: 5e-3)
        .train(&model, on: graph, of: run) {
          textures(32, using: &draws)
        } loss: {
          $0.loss($1, on: $2)
        }
      var held = SeededGenerator(seed: run.seed &+ 2)
      let bits = model.bitsPerDimension(of: textures(1000, using: &held), on: graph)
      // How many of the pixels that repeat another one see that one.
      let fields = model.receptiveFields(height: side, width: side)
      let repeating = (side..<side * side).filter { $0 % side + slope < side }
      let seeing = repeating.count { fields[$0].contains($0 - side + slope) }
      let note = "\(seeing) of \(repeating.count) repeated pixels are seen"
      let parameters = model.parameters.scalarCount
      if kind == .diagonalBiLSTM {
        run.report(
          "\(what), excess over the entropy", bits / entropy - 1,
          .atMost(run.choose(smoke: 1.5, full: 0.05)), parameters: parameters, note: note)
        shown = model.sample(24, height: side, width: side, on: graph)
      } else {
        // None of them is seen: one bit each, whatever it learns.
        run.report(
          "\(what), bits per pixel", bits, .atLeast(0.99), parameters: parameters, note: note)
      }
    }
    if let shown { try run.show(.sheet("Samples of the Diagonal BiLSTM", shown, levels: 2)) }
  }

  /// Textures of independent fair stripes.
  static func textures(
    _ count: Int, using generator: inout some RandomNumberGenerator
  ) -> PixelBatch {
    PixelBatch(
      (0..<count).map { _ in
        let stripes = (0..<side + slope * (side - 1)).map { _ in
          Token.random(in: 0...1, using: &generator)
        }
        return (0..<side * side).map { stripes[$0 % side + slope * ($0 / side)] }
      }, height: side, width: side)
  }
}
