import GoldenSupport
import RealModule
import ReferenceLoops

/// The extents of a run.
struct Extents: Sendable, CustomStringConvertible {
  var (T, N, D, H): (Int, Int, Int, Int)

  init(_ T: Int, _ N: Int, _ D: Int, _ H: Int) {
    (self.T, self.N, self.D, self.H) = (T, N, D, H)
  }

  var description: String { "T\(T)xN\(N)xD\(D)xH\(H)" }
}

/// Arrays by name: `x`, `W`, `U`, `b`, `recurrentBias`, `initialHidden`, `initialCell`. The gradient
/// on a variable goes by the variable's own name.
typealias Variables<Scalar> = [String: [Scalar]]

/// What a layer gives.
struct Results<Scalar> {
  var outputs: [Scalar]
  var finalHidden: [Scalar]
  /// Empty but for the LSTM.
  var finalCell: [Scalar]
}

/// The gradient of a loss on what a layer gives; `nil` means zeros.
struct Upstream<Scalar> {
  var dOutputs: [Scalar]?
  var dFinalHidden: [Scalar]?
  var dFinalCell: [Scalar]?
}

/// Every cell as one function of named variables, so that one test serves them all.
extension GoldenCell {
  /// The shape of every variable.
  func shapes(_ e: Extents) -> [(name: String, shape: [Int])] {
    var shapes = [
      ("x", [e.T, e.N, e.D]), ("W", [gates * e.H, e.D]), ("U", [gates * e.H, e.H]),
      ("b", [gates * e.H]), ("initialHidden", [e.N, e.H]),
    ]
    if self == .gruResetAfter { shapes.append(("recurrentBias", [e.H])) }
    if self == .lstm { shapes.append(("initialCell", [e.N, e.H])) }
    return shapes
  }

  /// Variables drawn uniformly from −1…1.
  func randomVariables(_ e: Extents, seed: UInt64) -> Variables<Double> {
    var rng = SplitMix(seed: seed)
    var variables = Variables<Double>()
    for (name, shape) in shapes(e) {
      variables[name] = rng.uniform(shape.reduce(1, *))
    }
    return variables
  }

  /// Runs the layer forward.
  func run<Scalar: Real & BinaryFloatingPoint>(
    _ v: Variables<Scalar>, _ e: Extents, lengths: [Int]? = nil
  ) -> Results<Scalar> {
    forwardAndBackward(v, e, lengths: lengths, upstream: nil).results
  }

  /// Runs the layer forward and backward.
  func gradients<Scalar: Real & BinaryFloatingPoint>(
    _ v: Variables<Scalar>, _ e: Extents, lengths: [Int]? = nil, upstream: Upstream<Scalar>
  ) -> Variables<Scalar> {
    forwardAndBackward(v, e, lengths: lengths, upstream: upstream).gradients
  }

  private func forwardAndBackward<Scalar: Real & BinaryFloatingPoint>(
    _ v: Variables<Scalar>, _ e: Extents, lengths: [Int]?, upstream: Upstream<Scalar>?
  ) -> (results: Results<Scalar>, gradients: Variables<Scalar>) {
    func array(_ name: String) -> [Scalar] { v[name, default: []] }
    let x = array("x")

    switch self {
    case .rnnTanh, .rnnReLU:
      let layer = ReferenceRNN(
        inputSize: e.D, hiddenSize: e.H, activation: self == .rnnTanh ? .tanh : .relu,
        W: array("W"), U: array("U"), b: array("b"))
      let trace = layer.forward(
        x, steps: e.T, batch: e.N, initialHidden: v["initialHidden"], lengths: lengths)
      let results = Results(
        outputs: trace.outputs, finalHidden: trace.finalHidden, finalCell: [])
      guard let upstream else { return (results, [:]) }
      let d = layer.backward(
        trace, dOutputs: upstream.dOutputs, dFinalHidden: upstream.dFinalHidden)
      return (
        results, ["x": d.dx, "W": d.dW, "U": d.dU, "b": d.db, "initialHidden": d.dInitialHidden]
      )

    case .lstm:
      let layer = ReferenceLSTM(
        inputSize: e.D, hiddenSize: e.H, W: array("W"), U: array("U"), b: array("b"))
      let trace = layer.forward(
        x, steps: e.T, batch: e.N, initialHidden: v["initialHidden"], initialCell: v["initialCell"],
        lengths: lengths)
      let results = Results(
        outputs: trace.outputs, finalHidden: trace.finalHidden, finalCell: trace.finalCell)
      guard let upstream else { return (results, [:]) }
      let d = layer.backward(
        trace, dOutputs: upstream.dOutputs, dFinalHidden: upstream.dFinalHidden,
        dFinalCell: upstream.dFinalCell)
      return (
        results,
        [
          "x": d.dx, "W": d.dW, "U": d.dU, "b": d.db,
          "initialHidden": d.dInitialHidden, "initialCell": d.dInitialCell,
        ]
      )

    case .gruResetAfter, .gruResetBefore:
      let layer = ReferenceGRU(
        inputSize: e.D, hiddenSize: e.H,
        variant: self == .gruResetAfter ? .resetAfter : .resetBefore,
        W: array("W"), U: array("U"), b: array("b"), recurrentBias: array("recurrentBias"))
      let trace = layer.forward(
        x, steps: e.T, batch: e.N, initialHidden: v["initialHidden"], lengths: lengths)
      let results = Results(
        outputs: trace.outputs, finalHidden: trace.finalHidden, finalCell: [])
      guard let upstream else { return (results, [:]) }
      let d = layer.backward(
        trace, dOutputs: upstream.dOutputs, dFinalHidden: upstream.dFinalHidden)
      var gradients = [
        "x": d.dx, "W": d.dW, "U": d.dU, "b": d.db, "initialHidden": d.dInitialHidden,
      ]
      if self == .gruResetAfter { gradients["recurrentBias"] = d.dRecurrentBias }
      return (results, gradients)
    }
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014): a seed gives the same numbers everywhere.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform(_ count: Int) -> [Double] {
    (0..<count).map { _ in Double.random(in: -1...1, using: &self) }
  }
}
