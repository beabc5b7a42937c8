import LinAlg
import Recurrent

/// A layer with a knob turned, ready to be trained.
struct KnobSubject {
  /// Single precision and its products against Double and OpenBLAS's, over a few steps.
  static let largestError = 2e-5

  let knob: Knob
  /// One training step.
  let call: () -> Void
  /// Against the same layer in Double.
  let error: Double
  /// Multiplications of a step's products for one sequence.
  let multiplications: Double

  init(_ knob: Knob, _ shape: Shape) throws {
    self.knob = knob
    var rng = SeededGenerator(seed: 1)
    guard var options = knob.options else {
      let (D, H) = (shape.D, shape.H)
      switch knob.cell {
      case .lstm:
        let layer = LSTM<Float>(inputSize: D, hiddenSize: H, using: &rng)
        (call, error) = (Self.training(layer, shape), 0)
        multiplications = Double(4 * H * (D + H))
      case .gru:
        let layer = GRU<Float>(inputSize: D, hiddenSize: H, using: &rng)
        (call, error) = (Self.training(layer, shape), 0)
        multiplications = Double(3 * H * (D + H))
      case .rnn:
        let layer = SimpleRNN<Float>(inputSize: D, hiddenSize: H, using: &rng)
        (call, error) = (Self.training(layer, shape), 0)
        multiplications = Double(H * (D + H))
      }
      return
    }
    if var lstm = options as? LSTMOptions, let share = lstm.projection, share < 0 {
      lstm.projection = shape.H / -share
      options = lstm
    }
    let layer: DefinedLayer<Float> = try options.makeLayer(
      inputSize: shape.D, hiddenSize: shape.H, using: &rng)
    let other: DefinedLayer<Double> = try options.makeLayer(
      inputSize: shape.D, hiddenSize: shape.H, using: &rng)
    error = Self.error(layer, other, shape)
    call = Self.training(layer, shape)
    multiplications = layer.definition.nodes.reduce(0) { sum, node in
      guard case .projection(_, let form) = node.operation else { return sum }
      let weights = layer.parameters[node.name].count
      return sum + Double(form == .symmetric ? shape.H * shape.H : weights)
    }
  }

  private static func training<Layer: RecurrentLayer>(
    _ layer: Layer, _ shape: Shape
  ) -> () -> Void where Layer.Scalar == Float {
    var rng = SeededGenerator(seed: 2)
    let x = SequenceBatch<Float>.uniform(
      steps: shape.T, batch: shape.N, features: shape.D, using: &rng)
    let d = SequenceBatch<Float>.uniform(
      steps: shape.T, batch: shape.N, features: layer.outputSize, using: &rng)
    let tape = layer.makeTape(steps: shape.T, batch: shape.N)
    var layer = layer
    var gradients = layer.parameters.zeros()
    return {
      // As after an optimizer step: the weights are packed anew.
      layer.parameters.block.withUnsafeMutableBufferPointer { _ in }
      layer.forward(x, threads: 1, recording: tape)
      layer.backward(d, through: tape, threads: 1, accumulatingInto: &gradients)
    }
  }

  /// The largest relative error of outputs and gradients over a few steps of a few sequences.
  private static func error(
    _ layer: DefinedLayer<Float>, _ other: DefinedLayer<Double>, _ shape: Shape
  ) -> Double {
    let (T, N) = (min(shape.T, 5), min(shape.N, 6))
    var other = other
    for name in layer.parameters.names {
      let from = layer.parameters[name]
      other.parameters[name] = Matrix(
        rows: from.rows, columns: from.columns,
        elements: from.withUnsafeBufferPointer { $0.map { Double($0) } })
    }
    func results<Scalar: RecurrentScalar>(
      _ layer: DefinedLayer<Scalar>, _ products: ProductStrategy
    ) -> [[Double]] where Scalar.RawSignificand: FixedWidthInteger {
      var rng = SeededGenerator(seed: 3)
      func batch(_ features: Int) -> SequenceBatch<Scalar> {
        let source = SequenceBatch<Float>.uniform(
          steps: T, batch: N, features: features, using: &rng)
        return SequenceBatch(
          steps: T, batch: N, features: features, elements: source.elements.map { Scalar($0) })
      }
      let (x, d) = (batch(layer.inputSize), batch(layer.outputSize))
      let tape = layer.makeTape(steps: T, batch: N, products: products)
      let y = layer.forward(x, threads: 1, recording: tape)
      var gradients = layer.parameters.zeros()
      let dx = layer.backward(d, through: tape, threads: 1, accumulatingInto: &gradients)
      return [y.outputs.elements.map { Double($0) }, dx.x.elements.map { Double($0) }]
        + gradients.names.map { gradients[$0].withUnsafeBufferPointer { $0.map { Double($0) } } }
    }
    let (a, b) = (results(layer, .automatic), results(other, .openBLAS))
    var largest = 0.0
    for (x, y) in zip(a, b) {
      let scale = y.reduce(0) { max($0, abs($1)) }
      let difference = zip(x, y).reduce(0) { max($0, abs($1.0 - $1.1)) }
      largest = max(largest, difference / max(scale, 1e-30))
    }
    return largest
  }
}
