import LinAlg

/// The numbers that every contestant of a row works on: weights, inputs, state, output gradients.
///
/// All are drawn from one seed. Weights are uniform in `±1/√H`, as PyTorch initialises them, so that
/// the gates work in their nonlinear range and neither vanish nor explode over the steps.
struct Workload {
  var cell: CellKind
  var mode: Mode
  var shape: Shape
  /// How many steps each sequence has; nil where all have `T`.
  var lengths: [Int]?
  /// The input weights, `[G·H, D]`.
  var W: [Float]
  /// The recurrent weights, `[G·H, H]`.
  var U: [Float]
  /// The biases, `[G·H]`.
  var b: [Float]
  /// The GRU's bias inside the reset, `[H]`; empty for the other cells.
  var recurrentBias: [Float]
  /// The inputs, `[T, N, D]`.
  var x: AlignedStorage<Float>
  /// The state before the first step, `[N, H]` each; the cell state is the LSTM's alone.
  var initialHidden: [Float]
  var initialCell: [Float]
  /// The gradient of the loss with respect to the outputs, `[T, N, H]`; empty unless in training.
  var dOutputs: AlignedStorage<Float>
  /// The threads that a contestant may use.
  var threads: Int

  /// - Parameter lengths: those of a case that has a rule for them.
  init(_ benchCase: BenchCase, seed: UInt64, threads: Int = 1, lengths: [Int]? = nil) {
    self.threads = threads
    self.lengths = lengths
    cell = benchCase.cell
    mode = benchCase.mode
    shape = benchCase.shape
    let (T, N, D, H, G) = (shape.T, shape.N, shape.D, shape.H, cell.gates)
    var random = UniformFloats(seed: seed)
    let scale = 1 / Float(H).squareRoot()
    W = random.array(count: G * H * D, scale: scale)
    U = random.array(count: G * H * H, scale: scale)
    b = random.array(count: G * H, scale: scale)
    recurrentBias = cell == .gru ? random.array(count: H, scale: scale) : []
    initialHidden = random.array(count: N * H, scale: 0.5)
    initialCell = cell == .lstm ? random.array(count: N * H, scale: 0.5) : []
    x = random.storage(count: T * N * D, scale: 1)
    dOutputs = random.storage(count: mode.includesBackward ? T * N * H : 0, scale: 1)
  }

  /// The same work on the first `steps` steps only. The sequence data is shared.
  func prefix(steps: Int) -> Workload {
    precondition(steps <= shape.T, "prefix of \(steps) steps of \(shape.T)")
    var result = self
    result.shape.T = steps
    result.lengths = lengths?.map { min($0, steps) }
    return result
  }

  /// The same work with every sequence as long as the batch.
  var padded: Workload {
    var result = self
    result.lengths = nil
    return result
  }

  /// What the steps that count are of all.
  var meanLengthShare: Double {
    guard let lengths else { return 1 }
    return Double(lengths.reduce(0, +)) / Double(shape.T * shape.N)
  }

  /// The same work on some of the sequences only.
  func restricted(to sequences: [Int]) -> Workload {
    let (T, N) = (shape.T, shape.N)
    var result = self
    result.shape.N = sequences.count
    result.lengths = lengths.map { all in sequences.map { all[$0] } }
    result.initialHidden = gatherSequences(
      initialHidden, blocks: 1, batch: N, sequences: sequences)
    if cell == .lstm {
      result.initialCell = gatherSequences(initialCell, blocks: 1, batch: N, sequences: sequences)
    }
    result.x = AlignedStorage(
      gatherSequences(inputs, blocks: T, batch: N, sequences: sequences))
    if mode.includesBackward {
      result.dOutputs = AlignedStorage(
        gatherSequences(outputGradients, blocks: T, batch: N, sequences: sequences))
    }
    return result
  }

  /// The same work with the output gradient of every other sequence zero. The weight gradients are
  /// then those of `sequences` alone, while every contestant still runs at the full batch.
  func maskingGradients(to sequences: [Int]) -> Workload {
    guard mode.includesBackward else { return self }
    let (T, N, H) = (shape.T, shape.N, shape.H)
    let masked = AlignedStorage<Float>(repeating: 0, count: T * N * H)
    for t in 0..<T {
      for n in sequences {
        let start = (t * N + n) * H
        (masked.pointer + start).update(from: dOutputs.pointer + start, count: H)
      }
    }
    var result = self
    result.dOutputs = masked
    return result
  }

  /// The inputs, `[T, N, D]`.
  var inputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: x.pointer, count: shape.T * shape.N * shape.D)
  }

  /// The output gradients, `[T, N, H]`; empty unless in training.
  var outputGradients: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(
      start: dOutputs.pointer, count: mode.includesBackward ? shape.T * shape.N * shape.H : 0)
  }
}

extension AlignedStorage where Scalar == Float {
  /// A buffer with the elements of `array`.
  convenience init(_ array: [Float]) {
    self.init(uninitializedCount: array.count)
    array.withUnsafeBufferPointer {
      if let base = $0.baseAddress { pointer.update(from: base, count: $0.count) }
    }
  }
}

/// Uniform numbers in `[-scale, scale)`, two from each random word: large workloads need hundreds of
/// millions.
private struct UniformFloats {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func fill(_ pointer: UnsafeMutablePointer<Float>, count: Int, scale: Float) {
    let step = scale * 0x1p-23
    for i in stride(from: 0, to: count, by: 2) {
      let word = generator.next()
      pointer[i] = Float(Int32(truncatingIfNeeded: word >> 40)) * step - scale
      if i + 1 < count {
        pointer[i + 1] = Float(Int32(truncatingIfNeeded: word >> 8) & 0xFF_FFFF) * step - scale
      }
    }
  }

  mutating func storage(count: Int, scale: Float) -> AlignedStorage<Float> {
    let result = AlignedStorage<Float>(repeating: 0, count: count)
    fill(result.pointer, count: count, scale: scale)
    return result
  }

  mutating func array(count: Int, scale: Float) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress {
        base.initialize(repeating: 0, count: count)
        fill(base, count: count, scale: scale)
      }
      initialized = count
    }
  }
}
