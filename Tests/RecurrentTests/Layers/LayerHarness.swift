import LinAlg
import Recurrent
import TestNumbers

extension ParameterSet {
  /// Every number of every block.
  var flat: [Scalar] {
    get { (0..<blockCount).flatMap { self[block: $0].withUnsafeBufferPointer { Array($0) } } }
    set {
      var rest = newValue[...]
      for i in 0..<blockCount {
        let count = self[block: i].count
        withUnsafeMutableBufferPointer(ofBlock: i) {
          _ = $0.update(fromContentsOf: rest.prefix(count))
        }
        rest = rest.dropFirst(count)
      }
      precondition(rest.isEmpty)
    }
  }
}

extension CarriedState {
  /// Every number of every part.
  var flat: [Scalar] {
    get {
      (0..<partCount).flatMap { part($0).withUnsafeBufferPointer { Array($0) } }
    }
    set {
      var rest = newValue[...]
      for i in 0..<partCount {
        let count = part(i).count
        withMutablePart(i) { part in
          part.withUnsafeMutableBufferPointer {
            _ = $0.update(fromContentsOf: rest.prefix(count))
          }
        }
        rest = rest.dropFirst(count)
      }
      precondition(rest.isEmpty)
    }
  }
}

/// What goes into a pass of any layer: inputs, and the weights of the loss
/// `L = Σ w·outputs + Σ v·finalState`.
struct LayerInputs<Layer: SequenceLayer> where Layer.Scalar.RawSignificand: FixedWidthInteger {
  typealias Scalar = Layer.Scalar
  var x: SequenceBatch<Scalar>
  var state: Layer.State?
  var lengths: [Int]?
  var dOutputs: SequenceBatch<Scalar>
  var dFinalState: Layer.State

  init(
    _ layer: Layer, steps: Int, batch: Int, lengths: [Int]? = nil, withState: Bool = true,
    seed: UInt64
  ) {
    var rng = SeededGenerator(seed: seed)
    func random(_ state: Layer.State) -> Layer.State {
      var state = state
      state.flat = drawn(state.flat.count, within: 1, using: &rng)
      return state
    }
    func uniform(_ features: Int) -> SequenceBatch<Scalar> {
      SequenceBatch(
        steps: steps, batch: batch, features: features,
        elements: drawn(steps * batch * features, within: 1, using: &rng))
    }
    x = uniform(layer.inputSize)
    state = withState ? random(layer.zeroState(batch: batch)) : nil
    self.lengths = lengths
    dOutputs = uniform(layer.outputSize)
    dFinalState = random(layer.zeroState(batch: batch))
  }
}

/// What comes out of a recorded pass of any layer and its backward pass, flat.
struct LayerResults<Scalar: RecurrentScalar> {
  var outputs: [Scalar]
  var finalState: [Scalar]
  var dx: [Scalar]
  var dParameters: [Scalar]
  var dInitialState: [Scalar]

  var named: [(name: String, values: [Scalar])] {
    [
      ("outputs", outputs), ("finalState", finalState), ("dx", dx), ("dParameters", dParameters),
      ("dInitialState", dInitialState),
    ]
  }
}

extension SequenceLayer where Scalar.RawSignificand: FixedWidthInteger {
  func results(
    _ p: LayerInputs<Self>, threads: Int? = 1, seed: UInt64 = 5, tape: Recording? = nil
  ) -> LayerResults<Scalar> {
    let tape = tape ?? makeTape(steps: p.x.steps, batch: p.x.batch)
    tape.noise = RecordingNoise(seed: seed)
    let out = forward(
      p.x, from: p.state, lengths: p.lengths, threads: threads, recording: tape)
    var gradients = parameters.zeros()
    let d = backward(
      p.dOutputs, finalState: p.dFinalState, through: tape, threads: threads,
      accumulatingInto: &gradients)
    return LayerResults(
      outputs: out.outputs.elements, finalState: out.finalState.flat, dx: d.x.elements,
      dParameters: gradients.flat, dInitialState: d.initialState.flat)
  }
}

/// Every tensor whose relative error exceeds `tolerance`.
func disagreements<Scalar: RecurrentScalar>(
  _ actual: LayerResults<Scalar>, _ expected: LayerResults<Scalar>, tolerance: Double
) -> [String] {
  zip(actual.named, expected.named).compactMap { a, e in
    let error = relativeError(a.values, e.values)
    return error <= tolerance ? nil : "\(a.name): relative error \(error)"
  }
}

/// Every tensor that differs in a bit.
func bitDifferences<Scalar: RecurrentScalar>(
  _ a: LayerResults<Scalar>, _ b: LayerResults<Scalar>
) -> [String] {
  zip(a.named, b.named).compactMap { a, b in
    countDifferences(a.values, b.values) == 0 ? nil : a.name
  }
}

/// The gradients of a layer against central differences of its recorded forward pass: every tensor
/// whose error exceeds `tolerance`, relative to its largest element.
func gradientErrors<Layer: SequenceLayer>(
  _ layer: Layer, _ inputs: LayerInputs<Layer>, tolerance: Double = 1e-6
) -> [String] where Layer.Scalar == Double {
  let tape = layer.makeTape(steps: inputs.x.steps, batch: inputs.x.batch)
  func loss(_ layer: Layer, _ p: LayerInputs<Layer>) -> Double {
    tape.noise = RecordingNoise(seed: 5)
    let out = layer.forward(
      p.x, from: p.state, lengths: p.lengths, threads: 1, recording: tape)
    return dotProduct(out.outputs.elements, p.dOutputs.elements)
      + dotProduct(out.finalState.flat, p.dFinalState.flat)
  }
  func numeric(_ values: [Double], _ lossWith: ([Double]) -> Double) -> [Double] {
    values.indices.map { i in
      func at(_ offset: Double) -> Double {
        var changed = values
        changed[i] += offset
        return lossWith(changed)
      }
      // The truncation error of a five-point formula is of order h⁴, its rounding of ε/h.
      let h = 1e-3
      return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    }
  }
  var expected = layer.results(inputs)
  expected.dx = numeric(inputs.x.elements) { values in
    var p = inputs
    p.x = SequenceBatch(
      steps: p.x.steps, batch: p.x.batch, features: p.x.features, elements: values)
    return loss(layer, p)
  }
  expected.dParameters = numeric(layer.parameters.flat) { values in
    var changed = layer
    changed.parameters.flat = values
    return loss(changed, inputs)
  }
  if let state = inputs.state {
    expected.dInitialState = numeric(state.flat) { values in
      var p = inputs
      p.state?.flat = values
      return loss(layer, p)
    }
  }
  return disagreements(layer.results(inputs), expected, tolerance: tolerance)
}

/// An LSTM above a GRU.
typealias SmallChain<Scalar: RecurrentScalar> = Chain<GRU<Scalar>, LSTM<Scalar>>

/// Small layers whose inputs, units and outputs differ in number.
enum SmallLayers {
  static func lstm<Scalar: RecurrentScalar>(
    _ inputSize: Int = 3, _ hiddenSize: Int = 4, seed: UInt64 = 40
  ) -> LSTM<Scalar> {
    var rng = SeededGenerator(seed: seed)
    var layer = LSTM<Scalar>(inputSize: inputSize, hiddenSize: hiddenSize, using: &rng)
    layer.parameters.flat = layer.parameters.flat.map {
      $0 + Scalar(Double.random(in: -0.3...0.3, using: &rng))
    }
    return layer
  }

  static func gru<Scalar: RecurrentScalar>(
    _ inputSize: Int = 3, _ hiddenSize: Int = 4, variant: GRUOptions.Candidate = .resetAfter,
    seed: UInt64 = 41
  ) -> GRU<Scalar> {
    var rng = SeededGenerator(seed: seed)
    var layer = GRU<Scalar>(
      inputSize: inputSize, hiddenSize: hiddenSize, variant: variant, using: &rng)
    layer.parameters.flat = layer.parameters.flat.map {
      $0 + Scalar(Double.random(in: -0.3...0.3, using: &rng))
    }
    return layer
  }

  static func bidirectional<Scalar: RecurrentScalar>(
    _ inputSize: Int = 3, _ merge: DirectionMerge = .concatenate, seed: UInt64 = 42
  ) -> Bidirectional<LSTM<Scalar>> {
    var seed = seed
    return Bidirectional(merge: merge) {
      seed += 1
      return lstm(inputSize, 4, seed: seed)
    }
  }

  static func chain<Scalar: RecurrentScalar>(
    _ inputSize: Int = 3, _ hiddenSize: Int = 4, dropout: Double = 0
  ) -> SmallChain<Scalar> {
    let lower: GRU<Scalar> = gru(inputSize, hiddenSize + 1)
    return lower.followed(by: lstm(hiddenSize + 1, hiddenSize), dropout: dropout)
  }

  static func stack<Scalar: RecurrentScalar>(
    count: Int = 3, dropout: Double = 0, tied: Bool = false
  ) -> Stacked<LSTM<Scalar>> {
    var seed: UInt64 = 50
    return Stacked(count: count, inputSize: 3, dropout: dropout, tied: tied) {
      seed += 1
      return lstm($0, 4, seed: seed)
    }
  }
}
