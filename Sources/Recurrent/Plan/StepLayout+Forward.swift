import CKernels

extension StepLayout {
  /// The programs of a step forward, one for each phase. Before the first one the slots of phase 0 are
  /// complete; between two, the products with the expressions that the first one has written.
  func programsForward() -> [PhasePrograms] {
    let (cell, graph) = (adjoint.cell, adjoint.graph)
    let last = cell.phaseCount - 1
    var pending = kept
    // What has been written so far, and the slots that are no longer what they were.
    var written: [ID: StepLocation] = [:]
    var overwritten: Set<Int> = []

    func memory(_ phase: Int) -> [ID: StepLocation] {
      var result = written
      for (id, value) in graph.values.enumerated() where result[id] == nil {
        switch value.operation {
        case .slot(let slot)
        where cell.slotPhases[slot] <= phase && !overwritten.contains(slotBlocks[slot]):
          result[id] = .block(slotBlocks[slot])
        case .previous(let state): result[id] = .previous(state)
        case .parameter(let place): result[id] = .parameter(place)
        default: break
        }
      }
      return result
    }
    func operands(_ phase: Int) -> [ID] { cell.expressions.filter { cell.phases[$0] == phase } }

    var programs: [PhasePrograms] = []
    for phase in 0...last {
      let available = memory(phase)
      var results = operands(phase).map { ($0, StepLocation.block(operandBlocks[$0] ?? 0)) }
        .filter { available[$0.0] != $0.1 }
      if phase == last {
        results += cell.next.enumerated().map { ($1, .next($0)) }
        results += pending.sorted { $0.key < $1.key }.map { ($1, .block($0)) }
      } else {
        // A value is kept as soon as it is computed, unless its block's sum is needed later.
        let computed = reached(from: results.map(\.0), available)
        for (block, id) in pending.sorted(by: { $0.key < $1.key }) where computed.contains(id) {
          guard isComplete(block, phase) else { continue }
          let before = (written, overwritten)
          written[id] = .block(block)
          overwritten.insert(block)
          for (id, location) in results { written[id] = location }
          let later = (phase + 1...last).allSatisfy { next in
            let needed =
              next == last ? cell.next + pending.values.filter { $0 != id } : operands(next)
            return recomputation(needed, memory(next)) != nil
          }
          if later {
            results.append((id, .block(block)))
            pending[block] = nil
          } else {
            (written, overwritten) = before
          }
        }
      }
      for (id, location) in results { written[id] = location }
      programs.append(
        emit(from: available, writing: results, padding: paddingForward(phase, last), []))
    }
    return programs
  }

  /// The programs that compute results, and those of padded steps.
  func emit(
    from memory: [ID: StepLocation], writing results: [(id: ID, location: StepLocation)],
    padding: [StepProgram.Instruction], _ scratch: [Bool]
  ) -> PhasePrograms {
    func program(_ ofOutput: Bool) -> StepProgram {
      var emitter = ProgramEmitter(
        adjoint.graph, from: memory,
        writing: results.filter { isOutput($0.location, scratch: scratch) == ofOutput })
      var program = emitter.emit()
      program.padding = padding.filter {
        guard case .memory(let location) = $0.destination else { return !ofOutput }
        return isOutput(location, scratch: scratch) == ofOutput
      }
      return program
    }
    return PhasePrograms(
      units: program(false),
      output: adjoint.cell.hasOutputSize ? program(true) : StepProgram())
  }

  /// Whether nothing is added to the block after `phase`.
  private func isComplete(_ block: Int, _ phase: Int) -> Bool {
    guard let slot = slotBlocks.firstIndex(of: block) else { return true }
    return adjoint.cell.slotPhases[slot] <= phase
  }

  /// The values that computing `results` from `memory` goes through.
  private func reached(from results: [ID], _ memory: [ID: StepLocation]) -> Set<ID> {
    var (seen, rest) = (Set<ID>(), results)
    while let id = rest.popLast() {
      guard memory[id] == nil, seen.insert(id).inserted else { continue }
      rest += adjoint.graph.inputs(of: id)
    }
    return seen
  }

  /// A padded step keeps zeros, puts out zeros and leaves the other states as they are.
  private func paddingForward(_ phase: Int, _ last: Int) -> [StepProgram.Instruction] {
    var program = StepProgram()
    if phase == 0 {
      for block in 0..<blockCount { program.append(CK_OP_FILL, to: .memory(.block(block)), []) }
    }
    if phase == last {
      program.append(CK_OP_FILL, to: .memory(.next(0)), [])
      for state in 1..<max(adjoint.cell.next.count, 1) {
        program.append(CK_OP_COPY, to: .memory(.next(state)), [.memory(.previous(state))])
      }
    }
    return program.instructions
  }
}
