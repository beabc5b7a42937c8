import LinAlg
import Recurrent

/// The layers of a node: one of either direction, or both.
struct DirectedLayers<S: OnnxFloat>: Sendable {
  fileprivate enum Form {
    case forward(DefinedLayer<S>)
    case reversed(Reversed<DefinedLayer<S>>)
    case both(Bidirectional<DefinedLayer<S>>)
  }

  let inputSize: Int
  let hiddenSize: Int
  /// How many numbers a sequence's state has besides h.
  let cellSize: Int
  /// One for each direction.
  let all: [DefinedLayer<S>]
  /// Whether the one direction reads backwards.
  let isReversed: Bool
  private let form: Form

  init(_ layers: [DefinedLayer<S>], isReversed: Bool) {
    let layer = layers[0]
    (all, self.isReversed) = (layers, isReversed)
    (inputSize, hiddenSize) = (layer.inputSize, layer.hiddenSize)
    cellSize = (layer.definition.states.count - 1) * layer.hiddenSize
    form =
      layers.count == 2
      ? .both(Bidirectional(forward: layer, backward: layers[1]))
      : isReversed ? .reversed(Reversed(layer)) : .forward(layer)
  }

  /// Runs the layers over what the buffers hold, whole sequences, and hands out what each direction gives;
  /// both at the same time where threads allow it.
  func run(
    _ buffers: RecurrentBuffers<S>, hasState: Bool, threads: Int,
    _ body: (_ direction: Int, RecurrentOutput<DefinedState<S>>) -> Void
  ) {
    let x = buffers.x
    let state = hasState ? buffers.states.0 : nil
    switch form {
    case .forward(let layer):
      let workspace = buffers.workspace(for: layer)
      body(0, layer(x, from: state, lengths: nil, threads: threads, workspace: workspace))
    case .reversed(let layer):
      let workspace = buffers.workspace(for: layer)
      body(0, layer(x, from: state, lengths: nil, threads: threads, workspace: workspace))
    case .both(let layer):
      let both = layer.directions(
        x,
        from: hasState
          ? BidirectionalState(forward: buffers.states.0, backward: buffers.states.1) : nil,
        lengths: nil, threads: threads, workspace: buffers.workspace(for: layer))
      body(0, RecurrentOutput(both.forward, finalState: both.finalState.forward))
      body(1, RecurrentOutput(both.backward, finalState: both.finalState.backward))
    }
  }
}

/// What a recurrent node keeps from run to run: what it reads as the engine has it, and the engine's own
/// buffers.
final class RecurrentBuffers<S: OnnxFloat> {
  fileprivate var x = SequenceBatch<S>(uninitializedSteps: 0, batch: 0, features: 0)
  private var lengths: [Int] = []
  /// The order of sequences of different lengths, and what each direction keeps for them.
  private(set) var ragged = RaggedBatch()
  let raggedBuffers = (RaggedBuffers<S>(), RaggedBuffers<S>())
  /// The states before the first step, of each direction.
  private(set) var states = (DefinedState<S>(), DefinedState<S>())
  private var workspace: AnyObject?

  fileprivate func workspace<Layer: SequenceLayer>(for layer: Layer) -> Layer.Buffers {
    if let known = workspace as? Layer.Buffers { return known }
    let made = layer.makeWorkspace()
    workspace = made
    return made
  }

  /// Reads `[T, N, D]`, or `[N, T, D]` where the batch is first.
  func read(_ tensor: OnnxTensor, _ T: Int, _ N: Int, _ D: Int, isBatchFirst: Bool) {
    x.renew(steps: T, batch: N, features: D)
    let (from, to) = (tensor.pointer(as: S.self), x.pointer(atStep: 0))
    if isBatchFirst {
      for t in 0..<T {
        for n in 0..<N {
          (to + (t * N + n) * D).update(from: from + (n * T + t) * D, count: D)
        }
      }
    } else {
      to.update(from: from, count: T * N * D)
    }
    withExtendedLifetime(tensor) {}
  }

  /// - Returns: whether the lengths are not all `T`.
  func read(lengths given: OnnxTensor?, _ N: Int, _ T: Int) throws(OnnxError) -> Bool {
    guard let given else { return false }
    guard given.shape.count == 1, given.shape[0] == N, given.type == .int32 else {
      throw OnnxError(.invalid, "sequence_lens are \(given), expected \(N) lengths")
    }
    lengths.removeAll(keepingCapacity: true)
    let from = given.pointer(as: Int32.self)
    var isRagged = false
    for n in 0..<N {
      let length = Int(from[n])
      guard length >= 0 && length <= T else {
        throw OnnxError(
          .invalid, "sequence_lens: \(length) of sequence \(n), expected at most \(T)")
      }
      isRagged = isRagged || length != T
      lengths.append(length)
    }
    withExtendedLifetime(given) {}
    if isRagged { ragged.plan(lengths, T) }
    return isRagged
  }

  /// Reads the state of a direction, of `[directions, N, H]` or `[N, directions, H]`; nil for zeros.
  func readState(
    _ h: OnnxTensor?, _ c: OnnxTensor?, _ direction: Int, of directions: Int, _ N: Int, _ H: Int,
    _ cellSize: Int, isBatchFirst: Bool
  ) {
    func read(_ state: inout DefinedState<S>) {
      state.renew(batch: N, hiddenSize: H, cellSize: cellSize, unitSize: H)
      for part in 0..<2 {
        let tensor = part == 0 ? h : c
        state.withMutablePart(part) { matrix in
          matrix.withUnsafeMutableBufferPointer { all in
            guard let to = all.baseAddress else { return }
            guard let tensor else { return to.update(repeating: 0, count: all.count) }
            let from = tensor.pointer(as: S.self)
            for n in 0..<N {
              let row = isBatchFirst ? n * directions + direction : direction * N + n
              (to + n * H).update(from: from + row * H, count: H)
            }
            withExtendedLifetime(tensor) {}
          }
        }
      }
    }
    if direction == 0 { read(&states.0) } else { read(&states.1) }
  }

  /// The states that were read as the final ones, of no steps.
  func writeStates(
    _ hasState: Bool, _ directions: Int, _ N: Int, _ H: Int, _ isBatchFirst: Bool,
    _ results: inout [OnnxTensor], from first: Int
  ) {
    for part in 0..<(results.count - first) {
      let final = results[first + part]
      final.mutable(as: S.self).update(repeating: 0, count: final.count)
      guard hasState, final.count == N * H * directions else { continue }
      for direction in 0..<directions {
        let state = direction == 0 ? states.0 : states.1
        Self.write(state.part(part), to: final, direction, directions, isBatchFirst)
      }
    }
  }

  /// A state of one direction into `[directions, N, H]` or `[N, directions, H]`.
  static func write(
    _ state: Matrix<S>, to final: OnnxTensor, _ direction: Int, _ directions: Int,
    _ isBatchFirst: Bool
  ) {
    let (N, H) = (state.rows, state.columns)
    let to = final.mutable(as: S.self)
    state.withUnsafeBufferPointer { all in
      guard let from = all.baseAddress, all.count > 0 else { return }
      for n in 0..<N {
        let row = isBatchFirst ? n * directions + direction : direction * N + n
        (to + row * H).update(from: from + n * H, count: H)
      }
    }
  }
}
