import LinAlg
import Recurrent
import ReferenceLoops

/// The scalar loops in double precision for layers that are plain cells or made of one or two: a
/// direction is a loop of its own, which reads its sequences as they are or turned around.
struct LayerLoops {
  private typealias Tensors = [TensorName: [Double]]

  private let item: LayerCase
  private let blocks: [ParameterBlock<Float>]
  private let shape: Shape
  private let x: [Double]
  private let dOutputs: [Double]?

  /// - Parameters:
  ///   - parameters: the layer's.
  ///   - work: may have fewer steps and sequences than the case.
  init(_ item: LayerCase, _ parameters: some ParameterSet<Float>, _ work: LayerWork) {
    self.item = item
    blocks = (0..<parameters.blockCount).map { parameters[block: $0] }
    shape = Shape(T: work.x.steps, N: work.x.batch, D: item.shape.D, H: item.shape.H)
    x = work.x.elements.map { Double($0) }
    dOutputs = work.dOutputs?.elements.map { Double($0) }
  }

  /// What the loops compute; nil for kinds of layers that they do not know.
  func results() -> Results? {
    switch item.layer {
    case .lstm, .gru, .rnn, .gruBefore, .rnnReLU: results([pass(x, dOutputs)])
    case .reversed: results([reversedPass(dOutputs)])
    case .bidirectional: bidirectional()
    case .learnedState: learnedState()
    case .lstmOptions, .lstmNorm, .gruOptions, .rnnOptions, .defined, .stacked, .chain: nil
    }
  }

  private func bidirectional() -> Results {
    let (H, rows) = (shape.H, 0..<shape.T * shape.N)
    /// The gradient of one direction's outputs: half of each row.
    func half(_ direction: Int) -> [Double]? {
      guard let dOutputs else { return nil }
      var half: [Double] = []
      for row in rows {
        let start = (2 * row + direction) * H
        half += dOutputs[start..<start + H]
      }
      return half
    }
    let (forward, backward) = (pass(x, half(0)), reversedPass(half(1), block: 1))
    var results = results([forward, backward])
    if let a = forward[.outputs], let b = backward[.outputs] {
      var outputs: [Double] = []
      for row in rows {
        let units = row * H..<(row + 1) * H
        outputs += a[units]
        outputs += b[units]
      }
      results.tensors[.outputs] = outputs
    }
    if let a = forward[.dx], let b = backward[.dx] {
      results.tensors[.dx] = zip(a, b).map { $0 + $1 }
    }
    return results
  }

  /// Every sequence begins at the learned state, whose gradient is the sum of theirs.
  private func learnedState() -> Results {
    func initial(_ part: Int) -> [Double] {
      let row = numbers(1, part)
      return (0..<shape.N).flatMap { _ in row }
    }
    let run = pass(x, dOutputs, hidden: initial(0), cell: initial(1))
    var results = results([run])
    for (part, name) in [TensorName.dInitialHidden, .dInitialCell].enumerated() {
      guard let d = run[name] else { continue }
      var sum = [Double](repeating: 0, count: shape.H)
      for (i, element) in d.enumerated() { sum[i % shape.H] += element }
      results.gradients[gradientName(1, part)] = sum
    }
    return results
  }

  /// The outputs, `dx` and the parameters' gradients of runs with the parameters of one block each.
  private func results(_ runs: [Tensors]) -> Results {
    var results = Results(steps: shape.T, batch: shape.N)
    for name in [TensorName.outputs, .dx] { results.tensors[name] = runs[0][name] }
    for (block, run) in runs.enumerated() {
      let gradients = [TensorName.dW, .dU, .db, .dRecurrentBias].compactMap { run[$0] }
      // Those of a cell without a recurrent bias have an empty one.
      for (index, gradient) in gradients.enumerated() where !gradient.isEmpty {
        results.gradients[gradientName(block, index)] = gradient
      }
    }
    return results
  }

  private func reversedPass(_ dOutputs: [Double]?, block: Int = 0) -> Tensors {
    func reversed(_ data: [Double]) -> [Double] {
      let step = data.count / shape.T
      var result: [Double] = []
      for t in (0..<shape.T).reversed() { result += data[t * step..<(t + 1) * step] }
      return result
    }
    var run = pass(reversed(x), dOutputs.map(reversed), block: block)
    for name in [TensorName.outputs, .dx] { run[name] = run[name].map(reversed) }
    return run
  }

  private func pass(
    _ x: [Double], _ dOutputs: [Double]?, block: Int = 0, hidden: [Double]? = nil,
    cell: [Double]? = nil
  ) -> Tensors {
    let zeros = [Double](repeating: 0, count: shape.N * shape.H)
    return ReferenceRun(
      layer(block), shape, x: x, initialHidden: hidden ?? zeros, initialCell: cell ?? zeros,
      dOutputs: dOutputs
    ).run()
  }

  private func layer(_ block: Int) -> ReferenceRun<Double>.Layer {
    let (D, H) = (shape.D, shape.H)
    let (W, U, b) = (numbers(block, 0), numbers(block, 1), numbers(block, 2))
    switch item.layer.likeness {
    case .lstm: return .lstm(ReferenceLSTM(inputSize: D, hiddenSize: H, W: W, U: U, b: b))
    case .gru:
      let isBefore = item.layer == .gruBefore
      return .gru(
        ReferenceGRU(
          inputSize: D, hiddenSize: H, variant: isBefore ? .resetBefore : .resetAfter, W: W, U: U,
          b: b, recurrentBias: isBefore ? [] : numbers(block, 3)))
    case .rnn:
      return .rnn(
        ReferenceRNN(
          inputSize: D, hiddenSize: H, activation: item.layer == .rnnReLU ? .relu : .tanh, W: W,
          U: U, b: b))
    }
  }

  private func numbers(_ block: Int, _ tensor: Int) -> [Double] {
    blocks[block][tensor: tensor].withUnsafeBufferPointer { $0.map { Double($0) } }
  }

  private func gradientName(_ block: Int, _ tensor: Int) -> String {
    Results.gradientName(
      blocks[block].specs[tensor].name, block: block, of: blocks.count)
  }
}
