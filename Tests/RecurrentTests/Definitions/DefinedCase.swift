import LinAlg
import Recurrent
import TestNumbers

/// A defined cell with everything that goes into a forward and a backward pass, flat and row-major.
struct DefinedCase<Scalar: RecurrentScalar> where Scalar.RawSignificand: FixedWidthInteger {
  var layer: DefinedLayer<Scalar>
  var steps: Int
  var batch: Int
  var x: [Scalar]
  /// For each state, `[N, H]`; nil means zeros.
  var initial: [[Scalar]]?
  var lengths: [Int]?
  var dOutputs: [Scalar]?
  var dFinal: [[Scalar]]?
  var noise: RecordingNoise?

  /// Random inputs; states and all upstream gradients are set.
  init(
    _ layer: DefinedLayer<Scalar>, steps: Int, batch: Int, lengths: [Int]? = nil,
    parameterBound: Scalar = 0.8, using rng: inout SeededGenerator
  ) {
    func draw(_ count: Int, _ bound: Scalar) -> [Scalar] {
      drawn(count, within: bound, using: &rng)
    }
    self.layer = layer
    self.layer.parameters.assign(draw(layer.parameters.block.count, parameterBound))
    self.steps = steps
    self.batch = batch
    let (H, states) = (layer.hiddenSize, layer.definition.states.count)
    x = draw(steps * batch * layer.inputSize, 1)
    let P = layer.outputSize
    initial = (0..<states).map { draw(batch * ($0 == 0 ? P : H), 0.5) }
    self.lengths = lengths
    dOutputs = draw(steps * batch * P, 1)
    dFinal = (0..<states).map { draw(batch * ($0 == 0 ? P : H), 1) }
  }

  var parameters: [Scalar] {
    get { layer.parameters.elements }
    set { layer.parameters.assign(newValue) }
  }

  var input: SequenceBatch<Scalar> {
    SequenceBatch(steps: steps, batch: batch, features: layer.inputSize, elements: x)
  }

  func state(_ parts: [[Scalar]]?) -> DefinedState<Scalar>? {
    parts.map {
      DefinedState(
        $0.map { Matrix(rows: batch, columns: $0.count / max(batch, 1), elements: $0) })
    }
  }
}

/// What comes out of both passes, flat and row-major.
struct DefinedResults<Scalar: RecurrentScalar> {
  var outputs: [Scalar] = []
  var final: [[Scalar]] = []
  var dx: [Scalar] = []
  var dParameters: [Scalar] = []
  var dInitial: [[Scalar]] = []

  var named: [(name: String, values: [Scalar])] {
    [("outputs", outputs), ("dx", dx), ("dParameters", dParameters)]
      + final.enumerated().map { ("final \($0)", $1) }
      + dInitial.enumerated().map { ("dInitial \($0)", $1) }
  }
}

extension DefinedCase {
  /// The engine's recorded forward pass and its backward pass.
  func engine(
    chunkLength: Int? = nil, products: ProductStrategy = .automatic, threads: Int? = nil,
    split: WorkSplit? = nil
  ) -> DefinedResults<Scalar> {
    let tape = layer.makeTape(steps: steps, batch: batch, products: products)
    tape.chunkLength = chunkLength
    tape.workSplit = split
    tape.noise = noise
    let out = layer.forward(
      input, from: state(initial), lengths: lengths, threads: threads, recording: tape)
    var gradients = layer.parameters.zeros()
    let d = layer.backward(
      dOutputs.map {
        SequenceBatch(steps: steps, batch: batch, features: layer.outputSize, elements: $0)
      },
      finalState: state(dFinal), through: tape, threads: threads, accumulatingInto: &gradients)
    return DefinedResults(
      outputs: out.outputs.elements, final: parts(out.finalState), dx: d.x.elements,
      dParameters: gradients.elements, dInitial: parts(d.initialState))
  }

  func parts(_ state: DefinedState<Scalar>) -> [[Scalar]] {
    (0..<layer.definition.states.count).map { state[$0].elements }
  }

  /// Inference, or with noise a recorded pass, and the loss that has `dOutputs` and `dFinal` as its gradients.
  func loss() -> Scalar {
    let out: RecurrentOutput<DefinedState<Scalar>>
    if let noise {
      let tape = layer.makeTape(steps: steps, batch: batch)
      tape.noise = noise
      out = layer.forward(
        input, from: state(initial), lengths: lengths, threads: 1, recording: tape)
    } else {
      out = layer(input, from: state(initial), lengths: lengths, threads: 1)
    }
    var result: Scalar = 0
    if let dOutputs { result += dotProduct(dOutputs, out.outputs.elements) }
    if let dFinal {
      for (weights, values) in zip(dFinal, parts(out.finalState)) {
        result += dotProduct(weights, values)
      }
    }
    return result
  }
}
