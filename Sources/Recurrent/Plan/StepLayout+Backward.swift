import CKernels

/// The programs of a step backward and what they need between them.
struct BackwardPrograms {
  /// One for each phase. Before all but the first one, the products that give the gradients of
  /// expressions of that phase; after the last one, those that give the gradients of states.
  var programs: [PhasePrograms] = []
  /// The block of scratch memory for the gradient of each expression that products multiply.
  var operandScratch: [ValueGraph.ID: Int] = [:]
  /// For each block of scratch memory whether it has as many features as the output.
  var scratchIsOutput: [Bool] = []
  /// How many blocks of scratch memory there are.
  var scratchCount: Int { scratchIsOutput.count }
}

extension StepLayout {
  /// The programs of a step backward. A phase writes all gradients of slots and parameters that it can
  /// know, and the gradients of the states are written by the last.
  func programsBackward() -> BackwardPrograms {
    var result = BackwardPrograms()
    let graph = adjoint.graph
    let last = adjoint.phaseCount - 1
    var memory = memoryBackward()
    func newScratch(for id: ID) -> StepLocation {
      result.scratchIsOutput.append(isOutput[id])
      return .scratch(result.scratchCount - 1)
    }
    for (id, _) in adjoint.operandPhases.sorted(by: { $0.key < $1.key }) {
      result.operandScratch[id] = result.scratchCount
      _ = newScratch(for: id)
    }

    var outputs = [[(id: ID, location: StepLocation)]](repeating: [], count: last + 1)
    for (slot, id) in adjoint.slots.enumerated() {
      outputs[graph.phases[id]].append((id, .block(slotBlocks[slot])))
    }
    for (id, block) in gradientBlocks.sorted(by: { $0.value < $1.value }) {
      outputs[graph.phases[id]].append((id, .block(block)))
    }
    for (state, id) in adjoint.previous.enumerated() {
      outputs[last].append((id, .dState(state)))
    }

    for phase in 0...last {
      for (id, scratch) in result.operandScratch where adjoint.operandPhases[id] == phase {
        if let gradient = gradientOfOperand(id) { memory[gradient] = .scratch(scratch) }
      }
      let available = memory
      var results = outputs[phase]
      // What is in memory after this phase.
      let lost = Set(results.map(\.location.memory))
      memory = memory.filter { !lost.contains($0.value.memory) }
      for (id, location) in results { memory[id] = location }
      if phase < last {
        let later = outputs[(phase + 1)...].flatMap { $0.map(\.id) }
        for id in crossing(later, after: phase, memory) {
          let location = newScratch(for: id)
          results.append((id, location))
          memory[id] = location
        }
      }
      result.programs.append(
        emit(
          from: available, writing: results, padding: phase == 0 ? paddingBackward() : [],
          result.scratchIsOutput))
    }
    return result
  }

  private func gradientOfOperand(_ id: ID) -> ID? {
    adjoint.graph.values.firstIndex { $0.operation == .dOperand(id) }
  }

  /// The values that later phases need, that this one or an earlier one knows, and that `memory` does
  /// not give: sums of gradients, which become complete later, and values of the way forward whose
  /// place has been taken.
  private func crossing(
    _ later: [ID], after phase: Int, _ memory: [ID: StepLocation]
  ) -> [ID] {
    let graph = adjoint.graph
    var (seen, rest, result) = (Set<ID>(), later, [ID]())
    while let id = rest.popLast() {
      guard memory[id] == nil, seen.insert(id).inserted else { continue }
      if case .constant = graph.values[id].operation { continue }
      if graph.phases[id] > phase {
        rest += graph.inputs(of: id)
      } else if id >= adjoint.forwardCount || recomputation([id], memory) == nil {
        result.append(id)
      }
    }
    return result.sorted()
  }

  /// A padded step has no gradients and passes on those of the states. What products have multiplied
  /// stays: it is zeros since the way forward.
  private func paddingBackward() -> [StepProgram.Instruction] {
    var program = StepProgram()
    for block in slotBlocks + gradientBlocks.values {
      program.append(CK_OP_FILL, to: .memory(.block(block)), [])
    }
    return program.instructions
  }
}
