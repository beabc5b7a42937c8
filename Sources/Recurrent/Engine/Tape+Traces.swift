import LinAlg

extension RecurrentLayer {
  /// A state of the cell after every step of a recorded pass, or the value of a node at every step: the `h`
  /// and `c` of an LSTM, and its gates `i`, `f`, `g` and `o`. `[T, N, H]`, or
  /// `[T, N, P]` for the first state and what has its size.
  ///
  /// After the end of a sequence there are zeros, but for the states other than the first: these keep
  /// their last value. ``tracedNodes`` names the nodes.
  ///
  /// - Precondition: the definition has such a state, or its tape keeps the node, and the tape holds a
  ///   recording that no backward pass has used.
  public func trace(_ name: String, of tape: Tape<State>) -> SequenceBatch<Scalar> {
    let plan = parameters.plan
    plan.checkTape(tape)
    let states = plan.definition.states
    guard let place = states.firstIndex(where: { $0.name == name }) else {
      guard let node = plan.keptNodes[name] else {
        failRequirement(
          """
          a tape of \(plan) has no '\(name)': it keeps the states \
          \(states.map(\.name)) and the nodes \(tracedNodes)
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
      uninitializedSteps: all.steps, batch: all.batch, features: plan.hiddenSize)
    let rowBytes = result.rowBytes
    copyRows(
      all.steps * all.batch, of: rowBytes,
      UnsafeRawPointer(all.pointer(atStep: 0)) + (place - 1) * rowBytes, every: all.rowBytes,
      to: result.pointer(atStep: 0), every: rowBytes)
    withExtendedLifetime(all) {}
    return result
  }
}

extension RecurrentLayer {
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
      uninitializedSteps: outputs.steps, batch: outputs.batch, features: features ?? plan.hiddenSize
    )
    let blockBytes = plan.hiddenSize * MemoryLayout<Scalar>.stride
    var source = UnsafeRawPointer(gates.pointer) + index * blockBytes
    guard let lengths, !recordsPadding else {
      copyRows(
        outputs.steps * outputs.batch, of: result.rowBytes, source,
        every: plan.blocks * blockBytes, to: result.pointer(atStep: 0), every: result.rowBytes)
      if let lengths { result.clearPadding(after: lengths) }
      return result
    }
    result.clearPadding(after: lengths)
    for t in 0..<outputs.steps {
      let target = UnsafeMutableRawPointer(result.pointer(atStep: t))
      for n in 0..<outputs.batch where t < lengths[n] {
        (target + n * result.rowBytes).copyMemory(from: source, byteCount: result.rowBytes)
        source += plan.blocks * blockBytes
      }
    }
    return result
  }

  /// What each sequence has beyond `h`, after every step.
  func cellTrace() -> SequenceBatch<Scalar> {
    checkRecorded()
    guard let cells else { failRequirement("a tape without cell states") }
    let result = SequenceBatch<Scalar>(
      uninitializedSteps: outputs.steps, batch: outputs.batch, features: plan.cellSize)
    UnsafeMutableRawPointer(result.pointer(atStep: 0)).copyMemory(
      from: cells.pointer, byteCount: result.byteCount)
    guard let lengths else { return result }
    for t in 0..<outputs.steps {
      for n in 0..<outputs.batch where t >= lengths[n] {
        let row = UnsafeMutableRawPointer(result.pointer(atStep: t)) + n * result.rowBytes
        if t > 0 {
          row.copyMemory(
            from: UnsafeRawPointer(result.pointer(atStep: t - 1)) + n * result.rowBytes,
            byteCount: result.rowBytes)
        } else if let initial = initialState?.pointers.cell {
          row.copyMemory(
            from: initial + n * plan.cellSize, byteCount: result.rowBytes)
        } else {
          clear(row, byteCount: result.rowBytes)
        }
      }
    }
    return result
  }
}
