import Charts
import LinAlg
import Recurrent

/// A layer with a knob turned, ready to be trained.
struct KnobSubject {
  let knob: Knob
  /// One training step.
  let call: () -> Void
  /// Of a layer of options against the same layer in Double, of a built-in one against the scalar loops.
  let error: Double
  /// Multiplications of a step's products for one sequence.
  let multiplications: Double

  /// Makes the layer and verifies its results.
  ///
  /// - Parameter plantedError: is added to the error that is found, to test that a wrong answer is
  ///   noticed; zero otherwise.
  /// - Throws: ``BenchError`` (exit 1) when the answer is wrong.
  init(_ knob: Knob, _ shape: Shape, threads: Int, seed: UInt64, plantedError: Double) throws {
    self.knob = knob
    var rng = SeededGenerator(seed: seed)
    guard var options = knob.options else {
      let item = BenchCase(cell: knob.cell, mode: .training, shape: shape)
      let verifier = Verifier(
        item, workload: Workload(item, seed: seed, threads: threads), plan: .make(item))
      error = try verifier.verify(.packed, plantedError: plantedError).maxError
      let (D, H) = (shape.D, shape.H)
      switch knob.cell {
      case .lstm:
        let layer = LSTM<Float>(inputSize: D, hiddenSize: H, using: &rng)
        call = Self.training(layer, shape, threads, seed)
        multiplications = Double(4 * H * (D + H))
      case .gru:
        let layer = GRU<Float>(inputSize: D, hiddenSize: H, using: &rng)
        call = Self.training(layer, shape, threads, seed)
        multiplications = Double(3 * H * (D + H))
      case .rnn:
        let layer = SimpleRNN<Float>(inputSize: D, hiddenSize: H, using: &rng)
        call = Self.training(layer, shape, threads, seed)
        multiplications = Double(H * (D + H))
      }
      return
    }
    if var lstm = options as? LSTMOptions, let divisor = knob.projectionDivisor {
      lstm.projection = max(shape.H / divisor, 1)
      options = lstm
    }
    let (D, H) = (shape.D, shape.H)
    let difference: Double
    switch options {
    case let options as LSTMOptions:
      let layer = try LSTM<Float>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      let other = try LSTM<Double>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      difference = Self.error(layer, other, shape, threads, seed)
      call = Self.training(layer, shape, threads, seed)
      multiplications = try Self.multiplications(options, layer.parameters, H)
    case let options as GRUOptions:
      let layer = try GRU<Float>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      let other = try GRU<Double>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      difference = Self.error(layer, other, shape, threads, seed)
      call = Self.training(layer, shape, threads, seed)
      multiplications = try Self.multiplications(options, layer.parameters, H)
    case let options as RNNOptions:
      let layer = try SimpleRNN<Float>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      let other = try SimpleRNN<Double>(inputSize: D, hiddenSize: H, options: options, using: &rng)
      difference = Self.error(layer, other, shape, threads, seed)
      call = Self.training(layer, shape, threads, seed)
      multiplications = try Self.multiplications(options, layer.parameters, H)
    default: throw BenchError.failure("\(knob.name): options of no layer of this library")
    }
    error = plantedError + difference
    let allowed = Self.largestError(knob.cell, shape)
    guard error <= allowed else {
      throw BenchError.failure(
        "wrong answer: \(knob.name) differs from Double by \(Format.scientific(error)) relative, "
          + "allowed \(Format.scientific(allowed))")
    }
  }

  /// Multiplications of a step's products for one sequence.
  private static func multiplications(
    _ options: some LayerOptions, _ parameters: some CellParameters, _ H: Int
  ) throws -> Double {
    try options.definition().nodes.reduce(0) { sum, node in
      guard case .projection(_, let form) = node.operation else { return sum }
      return sum + Double(form == .symmetric ? H * H : parameters[node.name].count)
    }
  }

  private static func training<Layer: RecurrentLayer>(
    _ layer: Layer, _ shape: Shape, _ threads: Int, _ seed: UInt64
  ) -> () -> Void where Layer.Scalar == Float {
    var rng = SeededGenerator(seed: seed &+ 1)
    let x = SequenceBatch<Float>.uniform(
      steps: shape.T, batch: shape.N, features: shape.D, using: &rng)
    let d = SequenceBatch<Float>.uniform(
      steps: shape.T, batch: shape.N, features: layer.outputSize, using: &rng)
    let tape = layer.makeTape(steps: shape.T, batch: shape.N)
    var layer = layer
    var gradients = layer.parameters.zeros()
    return {
      // As after an optimizer step: the weights are packed anew.
      _ = layer.parameters.uniquePointer()
      layer.forward(x, threads: threads, recording: tape)
      layer.backward(d, through: tape, threads: threads, accumulatingInto: &gradients)
    }
  }

  /// What steps and sequences of ``error(_:_:_:_:_:)`` are.
  private static func verified(_ shape: Shape) -> Shape {
    Shape(T: min(shape.T, 5), N: min(shape.N, 64), D: shape.D, H: shape.H)
  }

  /// Twice what ``Verification`` allows a built-in layer: normalization divides by a deviation, which
  /// has an error of its own.
  static func largestError(_ cell: CellKind, _ shape: Shape) -> Double {
    2 * Verification.bound(.dW, cell: cell, shape: verified(shape))
  }

  /// The largest relative error of outputs and gradients over a few steps.
  private static func error<Single: RecurrentLayer<Float>, Other: RecurrentLayer<Double>>(
    _ layer: Single, _ other: Other, _ shape: Shape, _ threads: Int, _ seed: UInt64
  ) -> Double {
    let (T, N) = (verified(shape).T, verified(shape).N)
    var other = other
    for name in layer.parameters.names {
      let from = layer.parameters[name]
      other.parameters[name] = Matrix(
        rows: from.rows, columns: from.columns,
        elements: from.withUnsafeBufferPointer { $0.map { Double($0) } })
    }
    func results<Layer: RecurrentLayer>(
      _ layer: Layer, _ products: ProductStrategy
    ) -> [[Double]] {
      typealias Scalar = Layer.Scalar
      var rng = SeededGenerator(seed: seed &+ 2)
      func batch(_ features: Int) -> SequenceBatch<Scalar> {
        let source = SequenceBatch<Float>.uniform(
          steps: T, batch: N, features: features, using: &rng)
        return SequenceBatch(
          steps: T, batch: N, features: features, elements: source.elements.map { Scalar($0) })
      }
      let (x, d) = (batch(layer.inputSize), batch(layer.outputSize))
      let tape = layer.makeTape(steps: T, batch: N, products: products)
      // Not from zeros, which the GRU of the lecture notes never leaves.
      var state = layer.zeroState(batch: N)
      state.hidden = batch(layer.outputSize)[step: 0]
      let y = layer.forward(x, from: state, threads: threads, recording: tape)
      var gradients = layer.parameters.zeros()
      let dx = layer.backward(d, through: tape, threads: threads, accumulatingInto: &gradients)
      return [y.outputs.elements.map { Double($0) }, dx.x.elements.map { Double($0) }]
        + gradients.names.map { gradients[$0].withUnsafeBufferPointer { $0.map { Double($0) } } }
    }
    let (a, b) = (results(layer, .automatic), results(other, .openBLAS))
    return zip(a, b).map { Verification.error($0, $1) }.max() ?? .infinity
  }
}
