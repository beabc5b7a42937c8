import LinAlg

/// Where a value of a step lies between programs.
enum StepLocation: Hashable {
  /// A block of `H` scalars in the row that a step keeps for each sequence.
  case block(Int)
  /// A state before the step.
  case previous(Int)
  /// A state after the step.
  case next(Int)
  case parameter(Int)
  /// The gradient of a state: after the step it is read, before the step it is written.
  case dState(Int)
  case dOutput
  /// A block of the scratch memory of a step backward.
  case scratch(Int)

  /// What is the same for locations that may be the same memory: a state may be updated in place.
  var memory: StepLocation {
    if case .next(let state) = self { .previous(state) } else { self }
  }
}

/// What the blocks of a step's row hold.
///
/// There is one block for each slot: the sum of its products, then, where the way back does not need
/// the sum, a value that is costly to compute again; on the way back its gradient. One for each
/// expression that products multiply. One for each parameter whose gradient is not a slot's.
struct StepLayout {
  typealias ID = ValueGraph.ID

  let adjoint: CellAdjoint
  /// The block of each slot.
  private(set) var slotBlocks: [Int] = []
  /// For each slot where its weights stand among those that multiply the same operand.
  private(set) var weightOrder: [Int] = []
  /// The block of each expression that products multiply.
  private(set) var operandBlocks: [ID: Int] = [:]
  /// The blocks of gradients of parameters, by what they sum over the rows.
  private(set) var gradientBlocks: [ID: Int] = [:]
  /// The value that a block keeps for the way back in place of a sum of products.
  private(set) var kept: [Int: ID] = [:]
  private(set) var blockCount = 0
  /// Sums that are standardized where they are: their blocks keep them.
  private var standardized: Set<Int> = []
  /// For each value, and for each block, whether it has as many features as the output, or else the
  /// units.
  private(set) var isOutput: [Bool] = []
  private(set) var blockIsOutput: [Bool] = []

  /// - Parameter gateOrder: the gates of a cell whose weights are stacked, in that order.
  init(_ adjoint: CellAdjoint, gateOrder: [String] = []) {
    self.adjoint = adjoint
    findWidths()
    orderSlots(gateOrder)
    for id in adjoint.cell.expressions {
      if let block = standardizedSum(id) {
        operandBlocks[id] = block
        standardized.insert(block)
      } else {
        operandBlocks[id] = newBlock(isOutput[id])
      }
    }
    for case let id? in adjoint.parameters
    where !adjoint.slots.contains(id) && gradientBlocks[id] == nil
      && adjoint.graph.constant(id) == nil
    {
      gradientBlocks[id] = newBlock(isOutput[id])
    }
    chooseKept()
  }

  private mutating func findWidths() {
    let (cell, graph) = (adjoint.cell, adjoint.graph)
    for (id, value) in graph.values.enumerated() {
      switch value.operation {
      case .slot(let slot): isOutput.append(cell.slotIsOutput[slot])
      case .previous(let state), .dNext(let state):
        isOutput.append(state == 0 && cell.hasOutputSize)
      case .dOutput: isOutput.append(cell.hasOutputSize)
      case .parameter(let place): isOutput.append(cell.parameters[place].isOutput)
      case .dOperand(let operand): isOutput.append(isOutput[operand])
      case .dropoutMask(let stream, _, _), .zoneoutMask(let stream, _):
        isOutput.append(cell.maskIsOutput[stream] ?? false)
      // Constants have any size, and are in no set here.
      default: isOutput.append(graph.inputs(of: id).contains { isOutput[$0] })
      }
    }
  }

  /// Whether what lies there has as many features as the output, or else the units.
  func isOutput(_ location: StepLocation, scratch: [Bool]) -> Bool {
    switch location {
    case .block(let block): blockIsOutput[block]
    case .previous(let state), .next(let state), .dState(let state):
      state == 0 && adjoint.cell.hasOutputSize
    case .dOutput: adjoint.cell.hasOutputSize
    case .parameter(let place): adjoint.cell.parameters[place].isOutput
    case .scratch(let block): scratch[block]
    }
  }

  /// The block of a sum of products that nothing but standardizations reads as an operand.
  private func standardizedSum(_ id: ID) -> Int? {
    guard case .slot(let slot) = adjoint.graph.values[id].operation else { return nil }
    let readers = adjoint.cell.products.filter { $0.operand == .expression(id) }
    return readers.allSatisfy { $0.epsilon != nil } ? slotBlocks[slot] : nil
  }

  private mutating func newBlock(_ isOutput: Bool) -> Int {
    blockCount += 1
    blockIsOutput.append(isOutput)
    return blockCount - 1
  }

  /// The block whose rows sum up to the gradient of a parameter.
  func gradientBlock(ofParameter place: Int) -> Int? {
    guard let id = adjoint.parameters[place] else { return nil }
    if let slot = adjoint.slots.firstIndex(of: id) { return slotBlocks[slot] }
    return gradientBlocks[id]
  }

  /// Puts slots that the same operand feeds next to each other, so that its products are one: those of
  /// `h` alone, of `h` and `x`, of `x` alone; inside these by the expressions that feed them. With gates in
  /// a given order, the weights of each operand follow that order, and the blocks do where `h` is the
  /// operand: those of `x` alone come first.
  private mutating func orderSlots(_ gateOrder: [String]) {
    let cell = adjoint.cell
    var keys: [[Int]] = []
    for slot in cell.slotPhases.indices {
      let products = cell.products.filter { $0.slot == slot }
      let operands = products.map(\.operand)
      let (h, x) = (operands.contains(.state(0)), operands.contains(.input))
      if !gateOrder.isEmpty {
        let gates = products.compactMap { product in
          CellParameter(name: product.name).gate(gateOrder)?.place
        }
        let gate = gates.min() ?? gateOrder.count
        keys.append([h ? (x ? 1 : 2) : (x ? 0 : 3), gate, slot])
        weightOrder.append(gate)
        continue
      }
      let others = operands.compactMap { operand in
        switch operand {
        case .expression(let id): id
        case .state(let state) where state > 0: -state
        default: nil
        }
      }
      keys.append([h ? (x ? 1 : 0) : (x ? 2 : 3), others.min() ?? Int.min, slot])
    }
    let order = keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
    slotBlocks = Array(repeating: 0, count: order.count)
    for slot in order { slotBlocks[slot] = newBlock(cell.slotIsOutput[slot]) }
    if gateOrder.isEmpty { weightOrder = slotBlocks }
  }
}

// MARK: What is kept

extension StepLayout {
  /// What is in memory at the start of the way back.
  func memoryBackward() -> [ID: StepLocation] {
    let (cell, graph) = (adjoint.cell, adjoint.graph)
    var memory: [ID: StepLocation] = [:]
    for (id, value) in graph.values.enumerated() {
      switch value.operation {
      case .slot(let slot) where kept[slotBlocks[slot]] == nil:
        memory[id] = .block(slotBlocks[slot])
      case .previous(let state): memory[id] = .previous(state)
      case .parameter(let place): memory[id] = .parameter(place)
      case .dNext(let state): memory[id] = .dState(state)
      case .dOutput: memory[id] = .dOutput
      default: break
      }
    }
    for (state, id) in cell.next.enumerated() where memory[id] == nil { memory[id] = .next(state) }
    for (id, block) in operandBlocks { memory[id] = .block(block) }
    for (block, id) in kept { memory[id] = .block(block) }
    return memory
  }

  /// All that the way back writes.
  var resultsBackward: [ID] {
    adjoint.slots + adjoint.previous + Array(gradientBlocks.keys)
  }

  /// Keeps, in blocks that exist anyway, the values that would cost most to compute again. Nothing
  /// gets a block for being kept: a function costs less than writing and reading a number that has
  /// left the caches (0.35 ns against about 1 ns).
  ///
  /// A sum gives its block only to a function of what the sum is in; which one, is tried in turn.
  private mutating func chooseKept() {
    let results = resultsBackward
    guard var cost = recomputation(results, memoryBackward()), cost > 0 else { return }
    let candidates = candidatesBySlot()
    for (slot, block) in slotBlocks.enumerated() {
      for id in candidates[slot] ?? [] { cost = keep(id, in: block, results, cost) }
    }
    let all = Set(candidates.values.joined()).sorted(by: >)
    for block in gradientBlocks.values.sorted() {
      for id in all where kept[block] == nil && cost > 0 {
        cost = keep(id, in: block, results, cost)
      }
    }
  }

  /// Keeps the value in the block, if nothing is there and it helps; the cost that is left.
  private mutating func keep(_ id: ID, in block: Int, _ results: [ID], _ cost: Int) -> Int {
    guard kept[block] == nil, !kept.values.contains(id), !standardized.contains(block),
      isOutput[id] == blockIsOutput[block]
    else { return cost }
    kept[block] = id
    if let trial = recomputation(results, memoryBackward()), trial < cost { return trial }
    kept[block] = nil
    return cost
  }

  /// For each slot the costly functions whose argument it is in, other than through such a function.
  private func candidatesBySlot() -> [Int: [ID]] {
    let graph = adjoint.graph
    var result: [Int: [ID]] = [:]
    for id in 0..<adjoint.forwardCount where Self.cost(graph.values[id].operation) > 0 {
      var (seen, rest) = (Set<ID>(), graph.inputs(of: id))
      while let input = rest.popLast() {
        guard seen.insert(input).inserted else { continue }
        let operation = graph.values[input].operation
        if case .slot(let slot) = operation {
          result[slot, default: []].append(id)
        } else if Self.cost(operation) == 0 {
          rest += graph.inputs(of: input)
        }
      }
    }
    return result
  }

  /// What computing `results` from `memory` costs beyond cheap operations, or nil if it cannot be done.
  func recomputation(_ results: [ID], _ memory: [ID: StepLocation]) -> Int? {
    let graph = adjoint.graph
    var seen = [Bool](repeating: false, count: graph.values.count)
    var (rest, cost) = (results, 0)
    while let id = rest.popLast() {
      if seen[id] || memory[id] != nil { continue }
      seen[id] = true
      switch graph.values[id].operation {
      case .slot, .previous, .parameter, .dNext, .dOutput: return nil
      case let operation: cost += Self.cost(operation)
      }
      rest += graph.inputs(of: id)
    }
    return cost
  }

  private static func cost(_ operation: ValueGraph.Operation) -> Int {
    guard case .activation(let function) = operation else { return 0 }
    switch function {
    case .tanh, .sigmoid, .elu, .exp: return 2
    case .softplus: return 4
    default: return 0
    }
  }
}
