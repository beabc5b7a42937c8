import LinAlg
import Recurrent
import ReferenceLoops
import TestNumbers
import Testing

/// Every cell and variant that the engine has.
enum CellKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case rnnTanh, rnnRelu, lstm, gruResetAfter, gruResetBefore

  var testDescription: String { rawValue }
  var hasCell: Bool { self == .lstm }

  func parameterCount(inputSize D: Int, hiddenSize H: Int) -> Int {
    switch self {
    case .rnnTanh, .rnnRelu: H * D + H * H + H
    case .lstm: 4 * (H * D + H * H + H)
    case .gruResetAfter: 3 * (H * D + H * H + H) + H
    case .gruResetBefore: 3 * (H * D + H * H + H)
    }
  }
}

/// What goes into a forward and a backward pass, flat and row-major.
struct PassInputs<Scalar: RecurrentScalar> {
  var steps: Int
  var batch: Int
  var inputSize: Int
  var hiddenSize: Int
  var parameters: [Scalar]  // W, U, b, and for the reset-after GRU the recurrent bias
  var x: [Scalar]
  var initialHidden: [Scalar]?
  var initialCell: [Scalar]?
  var lengths: [Int]?
  var dOutputs: [Scalar]?
  var dFinalHidden: [Scalar]?
  var dFinalCell: [Scalar]?

  /// Random inputs for `kind`; states and all upstream gradients are set.
  static func random(
    _ kind: CellKind, steps T: Int, batch N: Int, inputSize D: Int, hiddenSize H: Int,
    lengths: [Int]? = nil, using rng: inout SeededGenerator
  ) -> PassInputs where Scalar.RawSignificand: FixedWidthInteger {
    func draw(_ count: Int, _ bound: Scalar) -> [Scalar] {
      drawn(count, within: bound, using: &rng)
    }
    let weightBound = (3 / Scalar(max(D, H))).squareRoot()
    return PassInputs(
      steps: T, batch: N, inputSize: D, hiddenSize: H,
      parameters: draw(kind.parameterCount(inputSize: D, hiddenSize: H), min(weightBound, 0.8)),
      x: draw(T * N * D, 1), initialHidden: draw(N * H, 0.5),
      initialCell: kind.hasCell ? draw(N * H, 1) : nil, lengths: lengths,
      dOutputs: draw(T * N * H, 1), dFinalHidden: draw(N * H, 1),
      dFinalCell: kind.hasCell ? draw(N * H, 1) : nil)
  }
}

/// What comes out of both passes, by name, flat and row-major.
struct PassResults<Scalar: RecurrentScalar> {
  var outputs: [Scalar] = []
  var finalHidden: [Scalar] = []
  var finalCell: [Scalar] = []
  var dx: [Scalar] = []
  var dParameters: [Scalar] = []
  var dInitialHidden: [Scalar] = []
  var dInitialCell: [Scalar] = []

  var named: [(name: String, values: [Scalar])] {
    [
      ("outputs", outputs), ("finalHidden", finalHidden), ("finalCell", finalCell), ("dx", dx),
      ("dParameters", dParameters), ("dInitialHidden", dInitialHidden),
      ("dInitialCell", dInitialCell),
    ]
  }
}

extension CellKind {
  /// The engine's recorded forward pass and its backward pass.
  func engine<Scalar>(
    _ p: PassInputs<Scalar>, chunkLength: Int? = nil, products: ProductStrategy = .automatic,
    threads: Int? = nil, split: WorkSplit? = nil
  ) -> PassResults<Scalar> {
    switch self {
    case .lstm:
      return run(Self.lstm(p), p, chunkLength, products, threads, split, state: lstmState) {
        ($0.hidden.elements, $0.cell.elements)
      }
    case .gruResetAfter, .gruResetBefore:
      return run(gru(p), p, chunkLength, products, threads, split, state: hiddenState) {
        ($0.hidden.elements, [])
      }
    case .rnnTanh, .rnnRelu:
      return run(rnn(p), p, chunkLength, products, threads, split, state: hiddenState) {
        ($0.hidden.elements, [])
      }
    }
  }

  static func lstm<Scalar>(_ p: PassInputs<Scalar>) -> LSTM<Scalar> {
    var parameters = LSTMParameters<Scalar>(inputSize: p.inputSize, hiddenSize: p.hiddenSize)
    parameters.assign(p.parameters)
    return LSTM(parameters: parameters)
  }

  func gru<Scalar>(_ p: PassInputs<Scalar>) -> GRU<Scalar> {
    var parameters = GRUParameters<Scalar>(
      inputSize: p.inputSize, hiddenSize: p.hiddenSize,
      variant: self == .gruResetAfter ? .resetAfter : .resetBefore)
    parameters.assign(p.parameters)
    return GRU(parameters: parameters)
  }

  func rnn<Scalar>(_ p: PassInputs<Scalar>) -> SimpleRNN<Scalar> {
    var parameters = SimpleRNNParameters<Scalar>(
      inputSize: p.inputSize, hiddenSize: p.hiddenSize,
      activation: self == .rnnTanh ? .tanh : .relu)
    parameters.assign(p.parameters)
    return SimpleRNN(parameters: parameters)
  }

  private func run<Layer: RecurrentLayer>(
    _ layer: Layer, _ p: PassInputs<Layer.Scalar>, _ chunkLength: Int?,
    _ products: ProductStrategy, _ threads: Int?, _ split: WorkSplit?,
    state: (PassInputs<Layer.Scalar>, [Layer.Scalar]?, [Layer.Scalar]?) -> Layer.State?,
    parts: (Layer.State) -> ([Layer.Scalar], [Layer.Scalar])
  ) -> PassResults<Layer.Scalar> {
    let x = SequenceBatch(
      steps: p.steps, batch: p.batch, features: p.inputSize, elements: p.x)
    let tape = layer.makeTape(steps: p.steps, batch: p.batch, products: products)
    tape.chunkLength = chunkLength
    tape.workSplit = split
    let out = layer.forward(
      x, from: state(p, p.initialHidden, p.initialCell), lengths: p.lengths, threads: threads,
      recording: tape)
    var gradients = layer.parameters.zeros()
    let d = layer.backward(
      p.dOutputs.map {
        SequenceBatch(steps: p.steps, batch: p.batch, features: p.hiddenSize, elements: $0)
      },
      finalState: state(p, p.dFinalHidden, p.dFinalCell), through: tape, threads: threads,
      accumulatingInto: &gradients)
    let (finalHidden, finalCell) = parts(out.finalState)
    let (dInitialHidden, dInitialCell) = parts(d.initialState)
    return PassResults(
      outputs: out.outputs.elements, finalHidden: finalHidden, finalCell: finalCell,
      dx: d.x.elements, dParameters: gradients.block.withUnsafeBufferPointer { Array($0) },
      dInitialHidden: dInitialHidden, dInitialCell: dInitialCell)
  }
}

func lstmState<Scalar>(
  _ p: PassInputs<Scalar>, _ hidden: [Scalar]?, _ cell: [Scalar]?
) -> LSTMState<Scalar>? {
  guard hidden != nil || cell != nil else { return nil }
  let zeros = [Scalar](repeating: 0, count: p.batch * p.hiddenSize)
  return LSTMState(
    hidden: Matrix(rows: p.batch, columns: p.hiddenSize, elements: hidden ?? zeros),
    cell: Matrix(rows: p.batch, columns: p.hiddenSize, elements: cell ?? zeros))
}

func hiddenState<Scalar>(
  _ p: PassInputs<Scalar>, _ hidden: [Scalar]?, _ cell: [Scalar]?
) -> HiddenState<Scalar>? {
  hidden.map {
    HiddenState(hidden: Matrix(rows: p.batch, columns: p.hiddenSize, elements: $0))
  }
}

extension LayerParameters {
  mutating func assign(_ values: [Scalar]) {
    precondition(values.count == block.count)
    block.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: values) }
  }
}
