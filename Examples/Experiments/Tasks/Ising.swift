import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// The Ising model on 4 × 4 spins with open borders (Ising 1925), all 65,536 states of which can be listed: how near
/// a model of pixels comes to their distribution is known exactly.
enum Ising: Experiment {
  static let name = "ising"
  static let summary = "4×4 Ising model at three temperatures, against its exact entropy"

  static func measure(_ run: ExperimentRun) throws {
    // Below, at and above the critical temperature of the infinite lattice, 2 / log(1 + √2).
    for temperature in run.choose(smoke: [2.269], full: [1.5, 2.269, 4]) {
      let states = SpinStates(temperature: temperature)
      run.report(
        "entropy at T = \(temperature), bits", states.entropy / .log(2), note: "enumerated")
      for (kind, what, layers) in [
        (PixelRNN<Float>.Kind.diagonalBiLSTM, "Diagonal BiLSTM", 1), (.rowLSTM(), "Row LSTM", 2),
      ] {
        try measure(kind, what, layers: layers, states, of: run)
      }
    }
  }

  private static func measure(
    _ kind: PixelRNN<Float>.Kind, _ what: String, layers: Int, _ states: SpinStates,
    of run: ExperimentRun
  ) throws {
    let side = SpinStates.side
    var rng = SeededGenerator(seed: run.seed)
    var model = PixelRNN<Float>(
      kind, levels: 2, hiddenSize: 24, layerCount: layers, window: 3, using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var draws = SeededGenerator(seed: run.seed &+ 1)
    try Fitting(updates: run.choose(smoke: 150, full: 3000), rate: 5e-3)
      .train(&model, on: graph, of: run) {
        states.pictures(states.draw(128, using: &draws))
      } loss: {
        $0.loss($1, on: $2)
      }

    // What a model with these receptive fields can reach: of each pixel the entropy, given those that it sees.
    let bound = states.conditionalEntropy(
      given: model.receptiveFields(height: side, width: side))
    let logs = model.logProbabilities(
      of: states.pictures(Array(0..<states.probabilities.count)), batch: 1024, on: graph)
    let loss = zip(states.probabilities, logs).reduce(0) { $0 - $1.0 * $1.1 }
    run.report(
      "\(what) at T = \(states.temperature): excess over its receptive field's bound",
      loss / bound - 1, .atMost(run.choose(smoke: 0.2, full: 0.01)),
      parameters: model.parameters.scalarCount,
      note: """
        −Σ p·log q over all states; the bound is \(rounded(bound / states.entropy)) of the entropy, \
        q adds up to \(rounded(logs.reduce(0) { $0 + .exp($1) }))
        """)
  }

  /// Six digits.
  private static func rounded(_ x: Double) -> Double { (x * 1e6).rounded() / 1e6 }
}

/// All states of the model: bit `p` of a state is the spin of pixel `p`.
struct SpinStates {
  static let side = 4
  let temperature: Double
  /// `p(s) = e^(−E(s)/T) / Z` with `E = −Σ sᵢ·sⱼ` over neighbours.
  let probabilities: [Double]
  /// `−Σ p·log p`, in nats.
  let entropy: Double
  private let sums: [Double]

  init(temperature: Double) {
    self.temperature = temperature
    let (side, pixels) = (Self.side, Self.side * Self.side)
    let weights = (0..<1 << pixels).map { state -> Double in
      func spin(_ p: Int) -> Int { state >> p & 1 == 1 ? 1 : -1 }
      var energy = 0
      for p in 0..<pixels {
        if p % side < side - 1 { energy -= spin(p) * spin(p + 1) }
        if p / side < side - 1 { energy -= spin(p) * spin(p + side) }
      }
      return .exp(-Double(energy) / temperature)
    }
    let total = weights.reduce(0, +)
    probabilities = weights.map { $0 / total }
    entropy = Self.entropy(probabilities)
    var sum = 0.0
    sums = probabilities.map { p in
      sum += p
      return sum
    }
  }

  private static func entropy(_ p: [Double]) -> Double {
    p.reduce(0) { $1 > 0 ? $0 - $1 * .log($1) : $0 }
  }

  /// The entropy of some pixels together, in nats.
  func entropy(of pixels: Set<Int>) -> Double {
    let mask = pixels.reduce(0) { $0 | 1 << $1 }
    var marginal = [Double](repeating: 0, count: probabilities.count)
    for (state, p) in probabilities.enumerated() { marginal[state & mask] += p }
    return Self.entropy(marginal)
  }

  /// `Σ H(pixel | pixels that it sees)`, in nats.
  func conditionalEntropy(given fields: [Set<Int>]) -> Double {
    fields.enumerated().reduce(0) { sum, pixel in
      sum + entropy(of: pixel.element.union([pixel.offset])) - entropy(of: pixel.element)
    }
  }

  /// States at random, from the distribution itself.
  func draw(_ count: Int, using generator: inout some RandomNumberGenerator) -> [Int] {
    (0..<count).map { _ in
      let place = Double.random(in: 0..<1, using: &generator) * (sums.last ?? 1)
      var (low, high) = (0, sums.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > place { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }

  /// States as pictures.
  func pictures(_ states: [Int]) -> PixelBatch {
    let (side, pixels) = (Self.side, Self.side * Self.side)
    return PixelBatch(
      height: side, width: side,
      values: TokenBatch(
        steps: pixels, batch: states.count,
        tokens: (0..<pixels).flatMap { p in states.map { Token($0 >> p & 1) } }))
  }
}
