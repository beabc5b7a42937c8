import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// Points with the order in which they are to be pointed at.
struct PointerInstances {
  /// `[T, N, D]`, all of one length.
  var points: SequenceBatch<Float>
  /// Positions, counted from 0.
  var orders: [[Int]]

  /// `count` instances of `steps` points with coordinates in `0..<1`.
  init(
    steps: Int, count: Int, features: Int, using rng: inout SeededGenerator,
    order: ([[Double]]) -> [Int]
  ) {
    points = .uniform(steps: steps, batch: count, features: features, in: 0...1, using: &rng)
    let drawn = points
    orders = (0..<count).map { n in
      order((0..<steps).map { t in (0..<features).map { Double(drawn[t, n, $0]) } })
    }
  }
}

/// What the pointer experiments have in common: a network of both directions of an LSTM and an LSTM that
/// points, trained on instances that are drawn as it goes.
struct PointerTraining {
  typealias Network = PointerNetwork<Bidirectional<LSTM<Float>>, LSTM<Float>>

  let run: ExperimentRun
  /// `H` of the decoder; each direction of the encoder has half.
  var units = 128
  var updates: Int
  /// The largest rate of Adam.
  var rate = 2e-3

  /// A network for points of that many coordinates.
  func makeNetwork(features: Int, rule: Network.Rule) -> Network {
    var rng = SeededGenerator(seed: run.seed)
    let encoder = Bidirectional {
      LSTM<Float>(inputSize: units / 2, hiddenSize: units / 2, using: &rng)
    }
    let decoder = LSTM<Float>(inputSize: units / 2, hiddenSize: units, using: &rng)
    return PointerNetwork(
      features: features, encoder: encoder, decoder: decoder, score: .additive(units: units),
      rule: rule, using: &rng)
  }

  /// Trains on instances that are drawn for each update.
  ///
  /// - Returns: the loss, for a curve.
  func train(
    _ network: inout Network, draw: (inout SeededGenerator) -> PointerInstances
  ) throws -> LineFigure.Series {
    var rng = SeededGenerator(seed: run.seed &+ 1_000_003)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    let fitting = Fitting(updates: updates, rate: rate)
    return try fitting.train(&network, on: graph, of: run) {
      draw(&rng)
    } loss: { network, instances, graph in
      let targets = PointerTargets(instances.orders)
      let encoded = network.encode(instances.points, lengths: nil, on: graph)
      return network(encoded, inputs: targets.inputs, on: graph)
        .crossEntropy(targets.targets, lengths: targets.lengths)
    }
  }

  /// For each instance the likeliest orders that a beam search finds, the likeliest first.
  func decode(_ network: Network, _ instances: PointerInstances, width: Int) -> [[[Int]]] {
    let (T, N) = (instances.points.steps, instances.points.batch)
    let graph = Graph<Float>(threads: run.threads)
    var search = BeamSearch(width: width, maximumLength: T)
    search.best = width
    let together = 256
    return stride(from: 0, to: N, by: together).flatMap { first in
      let some = first..<min(first + together, N)
      let points = SequenceBatch<Float>(
        steps: T, batch: some.count, features: instances.points.features,
        elements: (0..<T).flatMap { t in
          some.flatMap { n in
            (0..<instances.points.features).map { instances.points[t, n, $0] }
          }
        })
      return network.evaluate(on: graph) { network, graph in
        network.decode(
          network.encode(points, lengths: nil, on: graph), by: search, on: graph)
      }.map { $0.map { $0.tokens.map { Int($0) - 1 } } }
    }
  }

  /// The curve of a training.
  static func figure(_ title: String, _ curve: LineFigure.Series) -> Figure {
    .lines(
      LineFigure(
        title: title, x: "updates", y: "cross-entropy in nats", hasLogarithmicY: true,
        series: [curve]))
  }
}
