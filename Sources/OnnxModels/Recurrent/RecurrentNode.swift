import LinAlg
import Recurrent

/// An RNN, LSTM or GRU node: its cells, one for each direction, and where its tensors have which axes.
struct RecurrentNode<S: OnnxFloat>: Sendable {
  enum Direction: String { case forward, reverse, bidirectional }

  /// One for each direction.
  let cells: [RecurrentCell]
  private let definitions: [CellDefinition]
  private let isReversed: [Bool]
  private let hiddenSize: Int?
  private let isBatchFirst: Bool
  /// The layers, where the weights are the same in every run.
  private var layers: [DefinedLayer<S>]?

  init(
    cells: [RecurrentCell], direction: Direction, hiddenSize: Int?, isBatchFirst: Bool
  ) throws(OnnxError) {
    self.cells = cells
    var definitions: [CellDefinition] = []
    for cell in cells { definitions.append(try cell.definition()) }
    self.definitions = definitions
    isReversed =
      switch direction {
      case .forward: [false]
      case .reverse: [true]
      case .bidirectional: [false, true]
      }
    (self.hiddenSize, self.isBatchFirst) = (hiddenSize, isBatchFirst)
  }

  /// Makes the layers of weights that are the same in every run.
  mutating func keep(_ weights: RecurrentWeights) throws(OnnxError) {
    layers = try makeLayers(weights)
  }

  private func makeLayers(_ weights: RecurrentWeights) throws(OnnxError) -> [DefinedLayer<S>] {
    let (D, H) = try weights.sizes(
      cells[0], directions: cells.count, hiddenSize: hiddenSize)
    var layers: [DefinedLayer<S>] = []
    for (i, cell) in cells.enumerated() {
      layers.append(
        try weights.layer(cell, definitions[i], direction: i, D: D, H: H, S.self))
    }
    return layers
  }

  /// Y, Y_h and, for an LSTM, Y_c.
  func run(_ inputs: Inputs, _ context: RunContext) throws(OnnxError) -> [OnnxTensor] {
    let layers: [DefinedLayer<S>] =
      if let kept = self.layers { kept } else {
        try makeLayers(
          RecurrentWeights(
            input: inputs[1], recurrent: inputs[2], biases: inputs.optional(3),
            peepholes: inputs.optional(7)))
      }
    let x = try inputs[0]
    guard x.shape.count == 3 else {
      throw OnnxError(.invalid, "X is \(x.shape), expected three axes")
    }
    let (T, N) = isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    let (D, H) = (layers[0].inputSize, layers[0].hiddenSize)
    guard x.shape[2] == D else {
      throw OnnxError(.invalid, "X is \(x.shape), W is for \(D) features")
    }
    for size in [T, N] where size > Int(Int32.max) {
      throw OnnxError(.limit, "X is \(x.shape)")
    }
    let lengths = try lengths(inputs.optional(4), N, T)
    let states = try initialStates(inputs, N, H)
    let directions = cells.count
    let y = try context.make(
      S.onnxType, isBatchFirst ? [N, T, directions, H] : [T, directions, N, H])
    let last = isBatchFirst ? [N, directions, H] : [directions, N, H]
    var finals: [OnnxTensor] = []
    for _ in 0..<(cells[0].kind == .lstm ? 2 : 1) {
      finals.append(try context.make(S.onnxType, last))
    }
    let batch = sequences(x, T, N, D)
    for direction in 0..<directions {
      let state = states.isEmpty ? nil : DefinedState(states[direction])
      let output: RecurrentOutput<DefinedState<S>>
      if T == 0 || N == 0 {
        output = RecurrentOutput(
          SequenceBatch(uninitializedSteps: T, batch: N, features: H),
          finalState: state ?? layers[direction].zeroState(batch: N))
      } else if isReversed[direction] {
        output = Reversed(layers[direction])(
          batch, from: state, lengths: lengths, threads: context.threads)
      } else {
        output = layers[direction](
          batch, from: state, lengths: lengths, threads: context.threads, workspace: nil)
      }
      write(output.outputs, to: y, direction)
      for (i, final) in finals.enumerated() {
        write(output.finalState[i], to: final, direction)
      }
    }
    return [y] + finals
  }

  private func sequences(_ x: OnnxTensor, _ T: Int, _ N: Int, _ D: Int) -> SequenceBatch<S> {
    x.withElements(as: S.self) { all in
      isBatchFirst
        ? SequenceBatch(batchFirst: all, batch: N, steps: T, features: D)
        : SequenceBatch(steps: T, batch: N, features: D, elements: all)
    }
  }

  private func lengths(_ given: OnnxTensor?, _ N: Int, _ T: Int) throws(OnnxError) -> [Int]? {
    guard let given else { return nil }
    let lengths = try given.integers()
    guard given.shape == [N], lengths.allSatisfy({ $0 >= 0 && $0 <= T }) else {
      throw OnnxError(
        .invalid,
        "sequence_lens are \(lengths.prefix(16)), expected \(N) lengths of at most \(T)")
    }
    return lengths.allSatisfy { $0 == T } ? nil : lengths
  }

  /// h and, for an LSTM, c of each direction; none where the state begins with zeros.
  private func initialStates(
    _ inputs: Inputs, _ N: Int, _ H: Int
  ) throws(OnnxError) -> [[Matrix<S>]] {
    let isLSTM = cells[0].kind == .lstm
    let given = [inputs.optional(5)] + (isLSTM ? [inputs.optional(6)] : [])
    if given.allSatisfy({ $0 == nil }) { return [] }
    let directions = cells.count
    let shape = isBatchFirst ? [N, directions, H] : [directions, N, H]
    for case .some(let tensor) in given where tensor.shape != shape {
      throw OnnxError(.invalid, "an initial state is \(tensor.shape), expected \(shape)")
    }
    return (0..<directions).map { direction in
      given.map { tensor in
        var matrix = Matrix<S>.zeros(rows: N, columns: H)
        guard let tensor, N > 0 else { return matrix }
        let from = tensor.pointer(as: S.self)
        matrix.withUnsafeMutableBufferPointer { to in
          for n in 0..<N {
            let row = isBatchFirst ? n * directions + direction : direction * N + n
            (to.start + n * H).update(from: from + row * H, count: H)
          }
        }
        withExtendedLifetime(tensor) {}
        return matrix
      }
    }
  }

  /// The outputs of one direction into `[T, directions, N, H]` or `[N, T, directions, H]`.
  private func write(_ outputs: SequenceBatch<S>, to y: OnnxTensor, _ direction: Int) {
    let (T, N, H, directions) = (outputs.steps, outputs.batch, outputs.features, cells.count)
    let to = y.mutable(as: S.self)
    outputs.withUnsafeBufferPointer { all in
      guard let from = all.baseAddress, all.count > 0 else { return }
      for t in 0..<T {
        if isBatchFirst {
          for n in 0..<N {
            (to + ((n * T + t) * directions + direction) * H)
              .update(from: from + (t * N + n) * H, count: H)
          }
        } else {
          (to + (t * directions + direction) * N * H)
            .update(from: from + t * N * H, count: N * H)
        }
      }
    }
  }

  /// A state of one direction into `[directions, N, H]` or `[N, directions, H]`.
  private func write(_ state: Matrix<S>, to final: OnnxTensor, _ direction: Int) {
    let (N, H, directions) = (state.rows, state.columns, cells.count)
    let to = final.mutable(as: S.self)
    state.withUnsafeBufferPointer { all in
      guard let from = all.baseAddress else { return }
      for n in 0..<N {
        let row = isBatchFirst ? n * directions + direction : direction * N + n
        (to + row * H).update(from: from + n * H, count: H)
      }
    }
  }
}
