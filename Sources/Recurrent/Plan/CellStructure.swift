import LinAlg

/// A cell before it has sizes: its products, the blocks that they fill, and what computes a step between
/// them.
struct CellStructure {
  let definition: CellDefinition
  let cell: LoweredCell
  /// The gates whose weights are stacked, in that order; empty where every parameter is by itself.
  let gateOrder: [String]
  let layout: BlockLayout
  let pointwise: Pointwise

  /// What computes a step between its products.
  enum Pointwise {
    case kernel(CellKernel)
    case programs(forward: [PhasePrograms], backward: [PhasePrograms])
  }

  /// - Parameters:
  ///   - definition: the cell.
  ///   - gateOrder: the gates whose weights are stacked.
  ///   - sizes: `P` and `H`, where `P` is not `H`.
  ///   - usesKernels: whether a kernel that was written for the cell serves it; else its programs.
  /// - Throws: what does not fit the sizes.
  init(
    _ definition: CellDefinition, gateOrder: [String] = [], outputSize: Int? = nil,
    usesKernels: Bool = true
  ) throws(CellDefinitionError) {
    self.definition = definition
    self.gateOrder = gateOrder
    cell = try LoweredCell(definition, outputSize: outputSize)
    if usesKernels, let match = CellKernel.match(cell) {
      layout = match.layout
      pointwise = .kernel(match.kernel)
      return
    }
    let steps = StepLayout(CellAdjoint(cell), gateOrder: gateOrder)
    let backward = steps.programsBackward()
    layout = BlockLayout(steps, backward, gateOrder: gateOrder)
    pointwise = .programs(forward: steps.programsForward(), backward: backward.programs)
  }
}

/// Which block of a step's row holds what.
struct BlockLayout {
  typealias ID = ValueGraph.ID

  var blockCount: Int
  var scratchCount: Int
  /// The block of each slot, and of each expression that products multiply.
  var slotBlocks: [Int]
  /// For each slot where its weights stand among those that multiply the same operand.
  var weightOrder: [Int]
  var operandBlocks: [ID: Int] = [:]
  /// For such an expression the phase of the way back before which its gradient is formed, and the block of
  /// scratch memory for it.
  var operandPhases: [ID: Int] = [:]
  var operandScratch: [ID: Int] = [:]
  /// For each value whether it has as many features as the output, or else the units.
  var isOutput: [Bool]
  /// For each parameter the block whose rows sum up to its gradient.
  var parameterBlocks: [Int?]
  /// For a block that products only add to, the parameter that it starts with; zeros without.
  var startParameters: [Int: Int] = [:]
  /// The parameters that lie side by side as the biases `b`, in that order.
  var biases: [Int] = []
  /// The values that blocks keep for the way back.
  var kept: [ID: Int] = [:]
}

extension BlockLayout {
  /// The blocks as the programs of a cell use them.
  init(_ steps: StepLayout, _ backward: BackwardPrograms, gateOrder: [String]) {
    blockCount = steps.blockCount
    scratchCount = backward.scratchCount
    slotBlocks = steps.slotBlocks
    weightOrder = steps.weightOrder
    operandBlocks = steps.operandBlocks
    operandPhases = steps.adjoint.operandPhases
    operandScratch = backward.operandScratch
    isOutput = steps.isOutput
    parameterBlocks = steps.adjoint.cell.parameters.indices.map {
      steps.gradientBlock(ofParameter: $0)
    }
    let parameters = steps.adjoint.cell.parameters
    biases = gateOrder.compactMap { gate in parameters.firstIndex { $0.name == "b_" + gate } }
    for (id, location) in steps.memoryBackward() {
      if case .block(let block) = location { kept[id] = block }
    }
  }
}
