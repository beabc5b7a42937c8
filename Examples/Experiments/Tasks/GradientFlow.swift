import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// How much of a gradient is left after many steps back (Hochreiter 1991, Bengio et al. 1994, Pascanu et al.
/// 2013): the norm of `∂L/∂h[t]`, for an LSTM also of `∂L/∂c[t]`, by the distance of `t` from the last step,
/// where `L = r·h[T]` with random `r`. Inputs are normal with deviation 0.1.
///
/// `W` is Glorot uniform, `U` orthogonal times a gain, biases are zero but for the forget gate's.
enum GradientFlow: Experiment {
  static let name = "gradient-flow"
  static let summary = "how gradients vanish and explode over 200 steps: simple RNN, GRU, LSTM"

  private static let steps = 201
  private static let units = 64

  /// The gradients' norms at distances 1 to 200.
  struct Norms {
    /// Of the whole state where it is one part, else of `h` alone.
    var hidden: [Double] = []
    /// Of `c`, for an LSTM.
    var cell: [Double] = []
    /// Of all parameters together.
    var parameters = 0.0
  }

  static func measure(_ run: ExperimentRun) throws {
    let batch = run.choose(smoke: 4, full: 32)
    func flow<Layer: CausalLayer<Double>>(
      _ make: (inout SeededGenerator) throws -> Layer
    ) rethrows -> Norms {
      var rng = SeededGenerator(seed: run.seed)
      return norms(of: try make(&rng), batch: batch, threads: run.threads, using: &rng)
    }
    func rnn(_ gain: Double, limit: Double? = nil) throws -> Norms {
      try flow { rng in
        var options = RNNOptions()
        options.clipping.gradients = limit
        return try SimpleRNN(
          inputSize: units, hiddenSize: units, options: options,
          recurrentWeights: .orthogonal(gain),
          using: &rng)
      }
    }
    func gru(_ gain: Double) -> Norms {
      flow { rng in
        GRU(
          inputSize: units, hiddenSize: units, recurrentWeights: .orthogonal(gain), using: &rng)
      }
    }
    func lstm(_ gain: Double, _ change: (inout LSTMOptions) -> Void) throws -> Norms {
      try flow { rng in
        var options = LSTMOptions()
        change(&options)
        return try LSTM(
          inputSize: units, hiddenSize: units, options: options,
          recurrentWeights: .orthogonal(gain),
          using: &rng)
      }
    }
    let (small, large) = (0.2, 4.0)
    let smallRNN = try rnn(small)
    let largeRNN = try rnn(large)
    let limited = try rnn(large, limit: 1)
    let open = try lstm(small) { $0.forgetBias = 5 }
    let none = try lstm(small) { $0.forgetGate = nil }
    let half = try lstm(small) { $0.forgetBias = 0 }
    let largeLSTM = try lstm(large) { $0.forgetBias = 5 }
    let smallGRU = gru(small)
    let largeGRU = gru(large)

    let last = steps - 2
    func kept(_ norms: [Double]) -> Double { norms[last] / norms[0] }
    run.report(
      "LSTM, forget bias 5, ∂L/∂c at 200 ÷ at 1 step", kept(open.cell),
      .atLeast(0.1))
    run.report("LSTM without forget gate, ∂L/∂c", kept(none.cell), .atLeast(0.1))
    run.report("LSTM, forget bias 0, ∂L/∂c", kept(half.cell))
    run.report("tanh RNN, small weights (gain 0.2), ∂L/∂h", kept(smallRNN.hidden), .below(1e-6))
    run.report("tanh RNN, large weights (gain 4), ∂L/∂h", kept(largeRNN.hidden), .above(1e3))
    run.report("the same, limited to ±1 at each step", kept(limited.hidden))
    run.report("GRU, small weights", kept(smallGRU.hidden))
    run.report("GRU, large weights", kept(largeGRU.hidden))
    run.report(
      "norm of the parameters' gradient ÷ that limited",
      largeRNN.parameters / limited.parameters)

    func figure(_ title: String, _ curves: [(String, [Double])]) -> Figure {
      .lines(
        LineFigure(
          title: title, x: "distance in steps", y: "norm relative to distance 1",
          hasLogarithmicY: true,
          series: curves.map { name, norms in
            // What fell to nothing has no logarithm.
            let shown = norms.prefix { $0 / norms[0] > 1e-30 && $0.isFinite }
            return LineFigure.Series(
              name: name, x: shown.indices.map { Double($0 + 1) }, y: shown.map { $0 / norms[0] })
          }))
    }
    run.show(
      figure(
        "Vanishing: small recurrent weights (orthogonal × 0.2)",
        [
          ("simple RNN, ∂L/∂h", smallRNN.hidden), ("GRU, ∂L/∂h", smallGRU.hidden),
          ("LSTM, forget bias 0, ∂L/∂c", half.cell), ("LSTM, forget bias 5, ∂L/∂c", open.cell),
          ("LSTM, forget bias 5, ∂L/∂h", open.hidden),
          ("LSTM without forget gate, ∂L/∂c", none.cell),
        ]))
    run.show(
      figure(
        "Exploding: large recurrent weights (orthogonal × 4)",
        [
          ("simple RNN, ∂L/∂h", largeRNN.hidden),
          ("simple RNN, gradients of each step limited to ±1", limited.hidden),
          ("GRU, ∂L/∂h", largeGRU.hidden), ("LSTM, forget bias 5, ∂L/∂c", largeLSTM.cell),
        ]))
  }

  /// The layer alone, as a model.
  private struct Subject<Layer: CausalLayer>: Model {
    var layer: Layer
    mutating func visitParts(_ part: inout PartVisitor<Layer.Scalar>) { part("layer", &layer) }
  }

  /// Runs the layer step by step; to each state a variable of zeros is added, whose gradient is the state's.
  private static func norms<Layer: CausalLayer<Double>>(
    of layer: Layer, batch: Int, threads: Int?, using rng: inout SeededGenerator
  ) -> Norms {
    let x = SequenceBatch(
      steps: steps, batch: batch, features: layer.inputSize,
      elements: Matrix<Double>.normal(rows: steps * batch, columns: layer.inputSize, using: &rng)
        .elements.map { 0.1 * $0 })
    let r = Matrix<Double>.normal(rows: batch, columns: layer.outputSize, using: &rng)
    let graph = Graph<Double>(threads: threads)
    let S = layer.stateSize
    let zeros = SequenceBatch<Double>.zeros(steps: 1, batch: batch, features: S)
    var marks: [Node<Double>] = []
    _ = Subject(layer: layer).gradients(on: graph) { subject, graph in
      let inputs = graph.constant(x)
      var state: Node<Double>?
      for t in 0..<steps {
        let next = subject.layer.step(inputs[step: t], from: state)
        let mark = graph.variable(zeros)
        marks.append(mark)
        state = next.finalState + mark
      }
      // The hidden state is the first part.
      guard let state else { return graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1)) }
      return (state[features: 0..<layer.outputSize] * graph.constant(r)).sum()
    }
    var result = Norms()
    for mark in marks.dropLast().reversed() {
      guard let gradient = mark.gradient else { continue }
      let H = layer.outputSize
      var (hidden, cell) = (0.0, 0.0)
      for n in 0..<batch {
        for i in 0..<S {
          let square = gradient[0, n, i] * gradient[0, n, i]
          if i < H { hidden += square } else { cell += square }
        }
      }
      result.hidden.append(hidden.squareRoot())
      if S > H { result.cell.append(cell.squareRoot()) }
    }
    result.parameters = graph.gradients.globalNorm
    return result
  }
}
