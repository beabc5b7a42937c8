import LinAlg

/// The gates of an ``LSTM``, as its tape keeps them.
public enum LSTMGate: Int, Sendable, Hashable, CaseIterable {
  /// `i`, how much of the candidate is taken in.
  case input
  /// `f`, how much of the cell is kept.
  case forget
  /// `g`, what may be taken in.
  case candidate
  /// `o`, how much of the cell is shown.
  case output
}

/// The gates of a ``GRU``, as its tape keeps them.
public enum GRUGate: Int, Sendable, Hashable, CaseIterable {
  /// `r`, how much of the past the candidate sees.
  case reset
  /// `z`, how much of the past is kept.
  case update
  /// `n`, what takes its place.
  case candidate
}

extension LSTM {
  /// The activations of one gate at every step of a recorded pass, `[T, N, H]`; zero after the end of a
  /// sequence.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used: that one puts
  ///   gradients in the gates' place.
  public func gate(
    _ gate: LSTMGate, of tape: Tape<State>
  ) -> SequenceBatch<Scalar> {
    checkTape(tape)
    return tape.gateBlock(gate.rawValue)
  }

  /// The cell state after every step of a recorded pass, `[T, N, H]`; after the end of a sequence, its
  /// last one.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used.
  public func cells(of tape: Tape<State>) -> SequenceBatch<Scalar> {
    checkTape(tape)
    return tape.cellTrace()
  }
}

extension GRU {
  /// The activations of one gate at every step of a recorded pass, `[T, N, H]`; zero after the end of a
  /// sequence.
  ///
  /// - Precondition: the tape holds a recording that no backward pass has used: that one puts
  ///   gradients in the gates' place.
  public func gate(
    _ gate: GRUGate, of tape: Tape<State>
  ) -> SequenceBatch<Scalar> {
    checkTape(tape)
    // The blocks are r z q n where the reset comes after the product, else r z n m.
    return tape.gateBlock(gate == .candidate && variant == .resetAfter ? 3 : gate.rawValue)
  }
}

extension DefinedLayer {
  /// A state of the definition after every step of a recorded pass, or the value of a node at every step:
  /// the `h` and `c` of an LSTM with options, and its gates `i`, `f`, `g` and `o`. `[T, N, H]`, or
  /// `[T, N, P]` for the first state and what has its size.
  ///
  /// After the end of a sequence there are zeros, but for the states other than the first: these keep
  /// their last value. ``tracedNodes`` names the nodes.
  ///
  /// - Precondition: the definition has such a state, or its tape keeps the node, and the tape holds a
  ///   recording that no backward pass has used.
  public func trace(_ name: String, of tape: Tape<State>) -> SequenceBatch<Scalar> {
    checkTape(tape)
    guard let place = definition.states.firstIndex(where: { $0.name == name }) else {
      guard let node = parameters.plan.keptNodes[name] else {
        failRequirement(
          """
          a tape of cell '\(definition.name)' has no '\(name)': it keeps the states \
          \(definition.states.map(\.name)) and the nodes \(tracedNodes)
          """)
      }
      return tape.gateBlock(node.block, features: node.features)
    }
    guard place > 0 else {
      tape.checkRecorded()
      return tape.hiddenTrace
    }
    let all = tape.cellTrace()
    let result = SequenceBatch<Scalar>(
      uninitializedSteps: all.steps, batch: all.batch, features: hiddenSize)
    let rowBytes = result.rowBytes
    copyRows(
      all.steps * all.batch, of: rowBytes,
      UnsafeRawPointer(all.pointer(atStep: 0)) + (place - 1) * rowBytes, every: all.rowBytes,
      to: result.pointer(atStep: 0), every: rowBytes)
    withExtendedLifetime(all) {}
    return result
  }
}

extension DefinedLayer {
  /// The nodes that ``trace(_:of:)`` can show. A tape keeps what the way back needs and would cost to
  /// compute again: of gates the activations, of sums of products those that have none.
  public var tracedNodes: [String] { parameters.plan.keptNodes.keys.sorted() }
}

extension Tape {
  /// The hidden state after every step of the last recorded pass, `[T, N, H]`; zero after the end of a
  /// sequence.
  public var hiddenTrace: SequenceBatch<Scalar> { outputs }

  /// Block `index` of the gates of every step, or the first `features` of it; zero after the end of a
  /// sequence.
  func gateBlock(_ index: Int, features: Int? = nil) -> SequenceBatch<Scalar> {
    checkRecorded()
    let result = SequenceBatch<Scalar>(
      uninitializedSteps: outputs.steps, batch: outputs.batch, features: features ?? hiddenSize)
    let blockBytes = hiddenSize * MemoryLayout<Scalar>.stride
    copyRows(
      outputs.steps * outputs.batch, of: result.rowBytes,
      UnsafeRawPointer(gates.pointer) + index * blockBytes,
      every: gateStorage.blocks * blockBytes,
      to: result.pointer(atStep: 0), every: result.rowBytes)
    if let lengths { result.clearPadding(after: lengths) }
    return result
  }

  /// What each sequence has beyond `h`, after every step.
  func cellTrace() -> SequenceBatch<Scalar> {
    checkRecorded()
    guard let cells else { failRequirement("a tape without cell states") }
    let result = SequenceBatch<Scalar>(
      uninitializedSteps: outputs.steps, batch: outputs.batch, features: cellSize)
    UnsafeMutableRawPointer(result.pointer(atStep: 0)).copyMemory(
      from: cells.pointer, byteCount: result.byteCount)
    return result
  }
}
