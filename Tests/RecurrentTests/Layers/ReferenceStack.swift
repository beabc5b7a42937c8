import LinAlg
import Recurrent

/// A stack of layers that read in one direction or in both, composed of the naive loops.
struct ReferenceStack<Scalar: RecurrentScalar> {
  var kind: CellKind
  var hiddenSize: Int
  /// For each layer the parameters of its directions, one or two.
  var parameters: [[[Scalar]]]

  /// What a pass through a stack takes: states layer by layer, direction by direction, `[N, H]` each.
  struct Inputs {
    var steps: Int
    var batch: Int
    var x: [Scalar]
    var initialHidden: [[[Scalar]]]
    var initialCell: [[[Scalar]]]
    var lengths: [Int]?
    var dOutputs: [Scalar]
    var dFinalHidden: [[[Scalar]]]
    var dFinalCell: [[[Scalar]]]
  }

  /// The rows of `[T, N, width]` with each sequence backwards, and zeros after its end.
  static func reversed(
    _ values: [Scalar], _ T: Int, _ N: Int, width: Int, lengths: [Int]?
  ) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: values.count)
    for n in 0..<N {
      let length = lengths?[n] ?? T
      for t in 0..<length {
        for j in 0..<width {
          result[(t * N + n) * width + j] = values[((length - 1 - t) * N + n) * width + j]
        }
      }
    }
    return result
  }

  /// One direction of one layer.
  func direction(
    _ p: Inputs, layer: Int, _ d: Int, x: [Scalar], dOutputs: [Scalar]?
  ) -> PassResults<Scalar> {
    let (T, N) = (p.steps, p.batch)
    let D = x.count / max(T * N, 1)
    func turn(_ values: [Scalar], _ width: Int) -> [Scalar] {
      d == 0 ? values : Self.reversed(values, T, N, width: width, lengths: p.lengths)
    }
    let isBackward = dOutputs != nil
    var result = kind.reference(
      PassInputs(
        steps: T, batch: N, inputSize: D, hiddenSize: hiddenSize, parameters: parameters[layer][d],
        x: turn(x, D), initialHidden: p.initialHidden[layer][d],
        initialCell: kind.hasCell ? p.initialCell[layer][d] : nil, lengths: p.lengths,
        dOutputs: dOutputs.map { turn($0, hiddenSize) },
        dFinalHidden: isBackward ? p.dFinalHidden[layer][d] : nil,
        dFinalCell: isBackward && kind.hasCell ? p.dFinalCell[layer][d] : nil))
    result.outputs = turn(result.outputs, hiddenSize)
    result.dx = turn(result.dx, D)
    return result
  }

  func results(_ p: Inputs) -> LayerResults<Scalar> {
    let (rows, H) = (p.steps * p.batch, hiddenSize)
    let directions = parameters[0].count
    var inputs = [p.x]
    for k in parameters.indices {
      let outputs = (0..<directions).map {
        direction(p, layer: k, $0, x: inputs[k], dOutputs: nil).outputs
      }
      inputs.append((0..<rows).flatMap { row in outputs.flatMap { $0[row * H..<(row + 1) * H] } })
    }
    var dOutputs = p.dOutputs
    var (final, dInitial): ([Scalar], [Scalar]) = ([], [])
    var dParameters: [Scalar] = []
    for k in parameters.indices.reversed() {
      let runs = (0..<directions).map { d in
        let mine = (0..<rows).flatMap { row in
          let start = (row * directions + d) * H
          return dOutputs[start..<start + H]
        }
        return direction(p, layer: k, d, x: inputs[k], dOutputs: mine)
      }
      dOutputs = runs[0].dx
      if directions == 2 { dOutputs = zip(runs[0].dx, runs[1].dx).map { $0 + $1 } }
      final = runs.flatMap { $0.finalHidden + $0.finalCell } + final
      dInitial = runs.flatMap { $0.dInitialHidden + $0.dInitialCell } + dInitial
      dParameters = runs.flatMap { $0.dParameters } + dParameters
    }
    return LayerResults(
      outputs: inputs[parameters.count], finalState: final, dx: dOutputs,
      dParameters: dParameters, dInitialState: dInitial)
  }
}

extension SequenceLayer where Scalar.RawSignificand: FixedWidthInteger {
  /// The same pass as naive loops; parameters and states flat in the order of the layers.
  func reference(
    _ p: LayerInputs<Self>, _ kind: CellKind, hiddenSize H: Int, layers: Int, directions: Int
  ) -> LayerResults<Scalar> {
    var rest = parameters.flat[...]
    func take(_ count: Int) -> [Scalar] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let stack = ReferenceStack<Scalar>(
      kind: kind, hiddenSize: H,
      parameters: (0..<layers).map { k in
        (0..<directions).map { _ in
          take(
            kind.parameterCount(inputSize: k == 0 ? inputSize : directions * H, hiddenSize: H))
        }
      })
    func states(_ flat: [Scalar], cell: Bool) -> [[[Scalar]]] {
      let (size, parts) = (p.x.batch * H, kind.hasCell ? 2 : 1)
      return (0..<layers).map { k in
        (0..<directions).map { d in
          let start = ((k * directions + d) * parts + (cell ? 1 : 0)) * size
          return kind.hasCell || !cell ? Array(flat[start..<start + size]) : []
        }
      }
    }
    let initial = p.state?.flat ?? zeroState(batch: p.x.batch).flat
    return stack.results(
      .init(
        steps: p.x.steps, batch: p.x.batch, x: p.x.elements,
        initialHidden: states(initial, cell: false), initialCell: states(initial, cell: true),
        lengths: p.lengths, dOutputs: p.dOutputs.elements,
        dFinalHidden: states(p.dFinalState.flat, cell: false),
        dFinalCell: states(p.dFinalState.flat, cell: true)))
  }
}
