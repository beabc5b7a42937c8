import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Handwritten digits pixel by pixel: how many bits a pixel takes, pictures that are drawn, halves that are
/// completed.
enum DigitsPixels: Experiment {
  static let name = "digits-pixels"
  static let summary = "8×8 digits of 17 grey levels, drawn pixel by pixel"

  static let (side, levels) = (Digits.side, 17)

  static func measure(_ run: ExperimentRun) throws {
    let digits = try Digits(run.data)
    let split = HeldOut(digits.pictures.count, share: 0.2, seed: run.seed)
    let (training, held) = (pictures(split.training, of: digits), pictures(split.held, of: digits))

    let histogram = PixelHistogram(training, levels: levels)
    let frequencies = histogram.bits(of: held)
    run.report(
      "histogram of each pixel, bits", frequencies,
      note: "\(held.count) held-out digits, smoothed as suits these best")
    let logistic = try NeighbourLogistic.bits(training, held, run)
    run.report(
      "logistic model of the neighbourhood, bits", logistic.bits, parameters: logistic.size)

    for (kind, what) in [
      (PixelRNN<Float>.Kind.diagonalBiLSTM, "Diagonal BiLSTM"), (.rowLSTM(), "Row LSTM"),
    ] {
      let (model, graph) = try train(kind, training, run)
      let bits = model.bitsPerDimension(of: held, on: graph)
      let size = model.parameters.scalarCount
      run.report(
        "\(what), bits", bits, run.choose(smoke: .below(4.1), full: .below(frequencies)),
        parameters: size, note: "against the histogram")
      run.report(
        "\(what), bits below the logistic model's", logistic.bits - bits,
        run.choose(smoke: nil, full: .above(0)))
      let drawn = model.sample(40, height: side, width: side, on: graph)
      try run.show(.sheet("Digits drawn by the \(what)", drawn, levels: levels, columns: 10))
      let some = held[pictures: 0..<10]
      try run.show(
        .sheet(
          "Held-out digits, and below them their upper halves completed twice by the \(what)",
          some.joined(
            (1...2).map { model.complete(some, keepingRows: side / 2, seed: $0, on: graph) }),
          levels: levels, columns: 10))
    }
  }

  private static func train(
    _ kind: PixelRNN<Float>.Kind, _ training: PixelBatch, _ run: ExperimentRun
  ) throws -> (PixelRNN<Float>, Graph<Float>) {
    var rng = SeededGenerator(seed: run.seed)
    var model = PixelRNN<Float>(
      kind, levels: levels, hiddenSize: 32, layerCount: 2, window: 7, using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var order = BatchOrder(
      LengthBuckets(
        lengths: (0..<training.count).map { _ in 1 }, batch: 32, seed: run.seed))
    try Fitting(updates: run.choose(smoke: 40, full: 1200), rate: 3e-3)
      .train(&model, on: graph, of: run) {
        training.selecting(order.next())
      } loss: {
        $0.loss($1, on: $2)
      }
    return (model, graph)
  }

  /// Digits as values of 0 to 16.
  private static func pictures(_ numbers: [Int], of digits: Digits) -> PixelBatch {
    PixelBatch(
      numbers.map { digits.pictures[$0].map { Token(($0 * 16).rounded()) } }, height: side,
      width: side)
  }
}

extension PixelBatch {
  /// Some of the pictures.
  func selecting(_ numbers: [Int]) -> PixelBatch {
    PixelBatch(numbers.map(picture), height: height, width: width, channels: channels)
  }

  /// These and further pictures.
  func joined(_ others: [PixelBatch]) -> PixelBatch {
    PixelBatch(
      ([self] + others).flatMap { batch in (0..<batch.count).map(batch.picture) }, height: height,
      width: width, channels: channels)
  }
}
