import LinAlg
import Recurrent

/// An RNN, LSTM or GRU node: its cells, one for each direction, and where its tensors have which axes.
struct RecurrentNode<S: OnnxFloat>: Sendable {
  enum Direction: String { case forward, reverse, bidirectional }

  /// One for each direction.
  let cells: [RecurrentCell]
  private let definitions: [CellDefinition]
  /// Whether the one direction reads backwards.
  private let isReversed: Bool
  private let hiddenSize: Int?
  private let isBatchFirst: Bool
  /// The layers, where the weights are the same in every run.
  private var layers: DirectedLayers<S>?

  init(
    cells: [RecurrentCell], direction: Direction, hiddenSize: Int?, isBatchFirst: Bool
  ) throws(OnnxError) {
    self.cells = cells
    var definitions: [CellDefinition] = []
    for cell in cells { definitions.append(try cell.definition()) }
    self.definitions = definitions
    isReversed = direction == .reverse
    (self.hiddenSize, self.isBatchFirst) = (hiddenSize, isBatchFirst)
  }

  /// Makes the layers of weights that are the same in every run.
  mutating func keep(
    _ weights: RecurrentWeights, _ limits: OnnxLimits
  ) throws(OnnxError) {
    layers = try makeLayers(weights, limits)
  }

  private func makeLayers(
    _ weights: RecurrentWeights, _ limits: OnnxLimits
  ) throws(OnnxError) -> DirectedLayers<S> {
    let (D, H) = try weights.sizes(
      cells[0], directions: cells.count, hiddenSize: hiddenSize, limits)
    var layers: [DefinedLayer<S>] = []
    for (i, cell) in cells.enumerated() {
      layers.append(
        try weights.layer(cell, definitions[i], direction: i, D: D, H: H, S.self))
    }
    return DirectedLayers(layers, isReversed: isReversed)
  }

  private struct Sizes {
    let T: Int
    let N: Int
    let outputs: [Int]
    let state: [Int]
    /// Of what nobody reads.
    let nothing = [0]
  }

  /// Y, Y_h and, for an LSTM, Y_c.
  func run(
    _ inputs: Inputs, _ results: inout [OnnxTensor], _ context: RunContext
  ) throws(OnnxError) {
    let layers =
      if let kept = self.layers { kept } else {
        try makeLayers(
          RecurrentWeights(
            input: inputs[1], recurrent: inputs[2], biases: inputs.optional(3),
            peepholes: inputs.optional(7)), context.limits)
      }
    let x = try inputs[0]
    let (D, H, directions) = (layers.inputSize, layers.hiddenSize, cells.count)
    // W and R, where they are inputs of the run.
    let sizes = try context.planned(x, inputs.optional(1), inputs.optional(2)) {
      () throws(OnnxError) in try self.sizes(x, D: D, H: H)
    }
    let (T, N) = (sizes.T, sizes.N)
    let buffers = context.kept { RecurrentBuffers<S>() }
    let isRagged = try buffers.read(lengths: inputs.optional(4), N, T)
    let hasState = try read(inputs, sizes, H, layers.cellSize, into: buffers)

    // Y is large, and often nobody reads it.
    let y = try context.make(S.onnxType, context.wants(0) ? sizes.outputs : sizes.nothing)
    results.append(y)
    let (finals, states) = (results.count, cells[0].kind == .lstm ? 2 : 1)
    for part in 0..<states {
      results.append(
        try context.make(S.onnxType, context.wants(1 + part) ? sizes.state : sizes.nothing))
    }
    if T == 0 || N == 0 {
      return buffers.writeStates(hasState, directions, N, H, isBatchFirst, &results, from: finals)
    }
    if isRagged {
      func start(_ output: Int) -> UnsafeMutablePointer<S>? {
        output <= states && context.wants(output) ? results[finals + output - 1].mutable() : nil
      }
      RaggedPass(
        batch: buffers.ragged,
        tensors: RaggedTensors(
          x: x.pointer(), y: y.mutable(), T: T, N: N, D: D, H: H, directions: directions,
          isBatchFirst: isBatchFirst),
        layers: layers.all, buffers: buffers.raggedBuffers,
        initial: hasState ? buffers.states : nil, readsBackwards: layers.isReversed,
        wantsOutputs: context.wants(0), finals: (start(1), start(2)), threads: context.threads
      ).run()
      withExtendedLifetime((x, y)) {}
      return
    }
    buffers.read(x, T, N, D, isBatchFirst: isBatchFirst)
    layers.run(buffers, hasState: hasState, threads: context.threads) { direction, output in
      if context.wants(0) { write(output.outputs, to: y, direction) }
      for part in 0..<states where context.wants(1 + part) {
        RecurrentBuffers<S>.write(
          output.finalState.part(part), to: results[finals + part], direction, directions,
          isBatchFirst)
      }
    }
  }

  private func sizes(_ x: OnnxTensor, D: Int, H: Int) throws(OnnxError) -> Sizes {
    guard x.shape.count == 3 else {
      throw OnnxError(.invalid, "X is \(x.shape), expected three axes")
    }
    let (T, N) = isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    guard x.shape[2] == D else {
      throw OnnxError(.invalid, "X is \(x.shape), W is for \(D) features")
    }
    for size in [T, N] where size > Int(Int32.max) {
      throw OnnxError(.limit, "X is \(x.shape)")
    }
    let directions = cells.count
    return Sizes(
      T: T, N: N, outputs: isBatchFirst ? [N, T, directions, H] : [T, directions, N, H],
      state: isBatchFirst ? [N, directions, H] : [directions, N, H])
  }

  /// Reads h and, for an LSTM, c of each direction.
  ///
  /// - Returns: whether one is given; else the state begins with zeros.
  private func read(
    _ inputs: Inputs, _ sizes: Sizes, _ H: Int, _ cellSize: Int, into buffers: RecurrentBuffers<S>
  ) throws(OnnxError) -> Bool {
    let (h, c) = (inputs.optional(5), cells[0].kind == .lstm ? inputs.optional(6) : nil)
    if h == nil && c == nil { return false }
    for case .some(let tensor) in [h, c] where tensor.shape != sizes.state {
      throw OnnxError(.invalid, "an initial state is \(tensor.shape), expected \(sizes.state)")
    }
    for direction in 0..<cells.count {
      buffers.readState(
        h, c, direction, of: cells.count, sizes.N, H, cellSize, isBatchFirst: isBatchFirst)
    }
    return true
  }

  /// The outputs of one direction into `[T, directions, N, H]` or `[N, T, directions, H]`.
  private func write(_ outputs: SequenceBatch<S>, to y: OnnxTensor, _ direction: Int) {
    let (T, N, H, directions) = (outputs.steps, outputs.batch, outputs.features, cells.count)
    let to = y.mutable(as: S.self)
    outputs.withUnsafeBufferPointer { all in
      guard let from = all.baseAddress, all.count > 0 else { return }
      if isBatchFirst {
        for t in 0..<T {
          for n in 0..<N {
            (to + ((n * T + t) * directions + direction) * H)
              .update(from: from + (t * N + n) * H, count: H)
          }
        }
      } else if directions == 1 {
        to.update(from: from, count: T * N * H)
      } else {
        for t in 0..<T {
          (to + (t * directions + direction) * N * H)
            .update(from: from + t * N * H, count: N * H)
        }
      }
    }
  }
}
