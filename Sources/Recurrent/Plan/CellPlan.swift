import CKernels
import LinAlg

/// A cell compiled for its sizes: where its parameters lie, its products, and what computes a step between
/// them. A layer's initialiser makes it, and it has nothing to be called from outside.
///
/// Forward, a step runs phase by phase: products whose operands are complete are accumulated into
/// blocks, then the pointwise part computes what the next products multiply, or the new states. Products
/// with the input come first, for many steps at once. Backward likewise.
public final class CellPlan: @unchecked Sendable {
  // @unchecked Sendable: nothing changes after the initialiser.

  let definition: CellDefinition
  let inputSize: Int
  let hiddenSize: Int
  let outputSize: Int
  /// Blocks of `H` in the row that a step keeps for each sequence, and of scratch memory.
  package let blocks: Int
  let scratchBlocks: Int
  /// All parameters as tensors; the `W`, `U` and `b` of a cell with gates are one each.
  let parameterLayout: ParameterLayout
  /// All parameters one by one, where those of a cell with gates are parts of a tensor.
  let members: [CellParameter]
  /// The gates whose weights are stacked, in that order.
  let gateOrder: [String]
  /// Parameters whose gradients are sums over rows.
  let sums: AlignedStorage<ColumnSum>
  /// The products as the parameters have their weights, and as packs do.
  let runs: AlignedStorage<ProductRun>
  let packedRuns: AlignedStorage<ProductRun>
  /// How the weights of the runs are made of the parameters; nil where they are the parameters.
  let form: WeightForm?
  let packsForward: PackLayout
  let packsBackward: PackLayout
  /// Whether the blocks of a product are packed as one matrix, between whose columns no panel ends: one
  /// panel for each of few units would be filled in part. Threads cannot divide the units then.
  let isUndivided: Bool

  /// Dividing fewer than two panels of units never pays; see the table in `Benchmarks/NOTES.md`.
  fileprivate static func isUndivided(hiddenSize: Int, panel: Int) -> Bool {
    hiddenSize < 2 * panel
  }
  /// The blocks to which the raw input is copied, and those that no product with the input sets.
  let rawBlocks: AlignedStorage<Int>
  let startBlocks: AlignedStorage<StartBlock>
  /// What computes a step between its products, and how many phases it has.
  let pointwise: PointwisePart
  let forwardPhases: Int
  let backwardPhases: Int
  /// The forward pass writes its one block where the outputs go, and needs no memory of its own for it.
  let sharesOutputs: Bool
  /// Whether a product multiplies a state other than `h`, which a step may update in place.
  let multipliesCell: Bool
  let hasInputProducts: Bool
  /// The nodes whose values a step's row keeps until the way back.
  let keptNodes: [String: KeptNode]
  /// The columns of all products of a step.
  let recurrentColumns: Int
  /// What the products with the input multiply for each row.
  let inputMultiplications: Int
  /// The biases `b` of a cell with gates, in the order of its kernel.
  let biasOffset: Int

  /// The sums over all rows of `columns` columns from `column` on, added to the parameters from
  /// `parameters` on.
  struct ColumnSum: BitwiseCopyable {
    var column: Int
    var columns: Int
    var parameters: Int
  }

  /// A block that products only add to: what they add to are the parameters from `parameters` on, or
  /// zeros where that is negative.
  struct StartBlock: BitwiseCopyable {
    var block: Int
    var parameters: Int
  }

  /// Where the value of a node is, and how many features it has.
  struct KeptNode {
    var block: Int
    var features: Int
  }

  var specs: [ParameterSpec] { parameterLayout.specs }
  var gateWidth: Int { blocks * hiddenSize }
  var cellSize: Int { (definition.states.count - 1) * hiddenSize }

  /// - Parameter panel: the columns that packed weights keep together; 1 where none are packed.
  init(
    _ structure: CellStructure, inputSize: Int, hiddenSize: Int, outputSize: Int, panel: Int
  ) throws(CellDefinitionError) {
    require(
      inputSize > 0 && hiddenSize > 0,
      "a layer needs at least one input and one unit, got D, H = \(inputSize), \(hiddenSize)")
    let (cell, layout) = (structure.cell, structure.layout)
    for (slot, node) in cell.rawInputs.enumerated() {
      guard let node else { continue }
      let width = cell.slotIsOutput[slot] ? outputSize : hiddenSize
      if inputSize != width {
        throw .inputSize(node: node, inputSize: inputSize, hiddenSize: width)
      }
    }
    definition = structure.definition
    gateOrder = structure.gateOrder
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.outputSize = outputSize
    isUndivided = Self.isUndivided(hiddenSize: hiddenSize, panel: panel)
    blocks = layout.blockCount
    scratchBlocks = layout.scratchCount
    keptNodes = cell.nodes.compactMapValues { id in
      guard let block = layout.kept[id] else { return nil }
      return KeptNode(block: block, features: layout.isOutput[id] ? outputSize : hiddenSize)
    }

    var products = try ProductPlan(
      structure, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: outputSize, panel: panel)
    runs = AlignedStorage(copying: products.runs)
    packedRuns = AlignedStorage(copying: products.packedRuns)
    packsForward = products.packsForward
    packsBackward = products.packsBackward
    recurrentColumns = products.runs.reduce(0) {
      $0 + ($1.source == .input || $1.standardizes ? 0 : $1.columns)
    }
    inputMultiplications = products.runs.reduce(0) {
      $0 + ($1.source == .input && !$1.standardizes ? $1.columns * $1.k : 0)
    }
    hasInputProducts = products.runs.contains { $0.source == .input }
    multipliesCell = products.runs.contains { $0.source == .state && $0.index > 0 }
    rawBlocks = AlignedStorage(copying: products.rawBlocks)

    var sums: [ColumnSum] = []
    var parameterOffsets = [Int](repeating: 0, count: cell.parameters.count)
    for place in products.parameterOrder {
      let parameter = cell.parameters[place]
      let width = parameter.isOutput ? outputSize : hiddenSize
      if let block = layout.parameterBlocks[place] {
        let (column, start) = (block * hiddenSize, products.weightCount)
        if let last = sums.last, last.column + last.columns == column,
          last.parameters + last.columns == start
        {
          sums[sums.count - 1].columns += width
        } else {
          sums.append(ColumnSum(column: column, columns: width, parameters: start))
        }
      }
      parameterOffsets[place] = products.parameterCount
      products.append(
        ParameterSpec(parameter.name, rows: 1, columns: width), initial: parameter.initial)
    }
    self.sums = AlignedStorage(copying: sums)
    startBlocks = AlignedStorage(
      copying: products.clearedBlocks.map { block in
        let place = layout.startParameters[block]
        return StartBlock(block: block, parameters: place.map { parameterOffsets[$0] } ?? -1)
      })
    form = products.weightForm
    members = products.members
    parameterLayout = ParameterLayout(
      structure.gateOrder.isEmpty ? products.specs : products.stacked(structure.gateOrder))
    biasOffset = layout.biases.first.map { parameterOffsets[$0] } ?? 0

    switch structure.pointwise {
    case .kernel(let kernel):
      pointwise = .kernel(kernel)
      (forwardPhases, backwardPhases) = (kernel.phases, kernel.phases)
      sharesOutputs = kernel.sharesOutputs
    case .programs(let forward, let backward):
      pointwise = .programs(
        forward: try ElementwisePrograms(forward, hiddenSize, parameterOffsets),
        backward: try ElementwisePrograms(backward, hiddenSize, parameterOffsets))
      (forwardPhases, backwardPhases) = (forward.count, backward.count)
      sharesOutputs = false
    }
  }

  /// The definition's name, and a number that says what its nodes do with each other.
  var fingerprint: String {
    "\(definition.name) \(String(definition.structureHash, radix: 16))"
  }

  /// How many parameters are weights of products, which come first; those that follow are numbers for
  /// each unit.
  var weightParameterCount: Int {
    members.first { $0.initial != nil }?.offset ?? parameterLayout.count
  }

  /// All parameters, the weights of each gate next to each other.
  var membersByGate: [CellParameter] {
    let keys = members.enumerated().map { place, member in
      let gate = member.initial == nil ? member.gate(gateOrder)?.place : nil
      return [gate ?? gateOrder.count, place]
    }
    return keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }.map { members[$0] }
  }

  /// Whether both compute the same from parameters of the same names and sizes, so that what one has
  /// recorded the other can use.
  func isInterchangeable(with other: CellPlan) -> Bool {
    self === other
      || inputSize == other.inputSize && hiddenSize == other.hiddenSize
        && outputSize == other.outputSize && blocks == other.blocks
        && parameterLayout.isSame(as: other.parameterLayout)
        && definition.computesSame(as: other.definition)
  }
}

/// What computes a step between its products.
enum PointwisePart {
  /// A kernel that was written for the cell.
  case kernel(CellKernel)
  /// Programs that were made of its definition, for each phase.
  case programs(forward: ElementwisePrograms, backward: ElementwisePrograms)
}

extension CellPlan: CustomStringConvertible {
  /// The cell and its sizes.
  public var description: String {
    let projection = outputSize == hiddenSize ? "" : ", P = \(outputSize)"
    return "'\(definition.name)' with D = \(inputSize), H = \(hiddenSize)\(projection)"
  }
}

/// One parameter of a cell by its own name, such as `W_f`.
struct CellParameter: Sendable {
  var name: String
  /// Where it begins among the parameters.
  var offset = 0
  var rows = 1
  var columns = 1
  /// What a fresh layer starts with; nil for random weights.
  var initial: Double?
  var form = ProjectionForm.full
  /// Whether the weights multiply the input.
  var isInput = false

  var count: Int { rows * columns }

  /// What the name begins with, and the place of the gate that it ends with: `W`, 1 for `W_f`.
  func gate(_ order: [String]) -> (prefix: Substring, place: Int)? {
    guard let separator = name.firstIndex(of: "_"),
      let place = order.firstIndex(of: String(name[name.index(after: separator)...]))
    else { return nil }
    return (name[..<separator], place)
  }
}

extension AlignedStorage {
  /// A buffer with the elements of an array.
  convenience init(copying elements: [Scalar]) {
    self.init(uninitializedCount: elements.count)
    _ = UnsafeMutableBufferPointer(start: pointer, count: count).initialize(from: elements)
  }
}

/// The order of the parameters, and the products as runs of slots that lie side by side.
private struct ProductPlan {
  var runs: [ProductRun] = []
  var packedRuns: [ProductRun] = []
  var specs: [ParameterSpec] = []
  var members: [CellParameter] = []
  var parameterCount = 0
  /// The scalars of all weights, symmetric ones as whole matrices, and of all other parameters.
  var weightCount = 0
  var formParts: [WeightForm.Part] = []
  let packsForward = PackLayout()
  let packsBackward = PackLayout()
  var rawBlocks: [Int] = []
  var clearedBlocks: [Int] = []
  /// The per-unit parameters in the order of the blocks that hold their gradients, so that sums over
  /// neighbours are one.
  var parameterOrder: [Int] = []

  init(
    _ structure: CellStructure, inputSize D: Int, hiddenSize H: Int, outputSize P: Int, panel: Int
  ) throws(CellDefinitionError) {
    let (cell, layout) = (structure.cell, structure.layout)
    let expressions = cell.expressions
    var operands: [LoweredCell.Operand] = [.input]
    operands += cell.next.indices.map { .state($0) }
    operands += expressions.map { .expression($0) }

    var isSet = Set(cell.rawInputs.indices.filter { cell.rawInputs[$0] != nil })
    rawBlocks = isSet.map { layout.slotBlocks[$0] }.sorted()
    for operand in operands {
      let products = cell.products.filter { $0.operand == operand }
        .sorted {
          (layout.weightOrder[$0.slot], layout.slotBlocks[$0.slot])
            < (layout.weightOrder[$1.slot], layout.slotBlocks[$1.slot])
        }
      var isFirst = true
      for product in products {
        let block = layout.slotBlocks[product.slot]
        let accumulates = operand != .input || !isSet.insert(product.slot).inserted
        let isNarrow = cell.slotIsOutput[product.slot]
        let width = isNarrow ? P : H
        let k = Self.features(operand, layout, D, H, P)
        var run = ProductRun(
          source: .input, index: 0, phase: Self.phase(operand, cell), block: block, blocks: 1,
          width: width, k: k, accumulates: accumulates, accumulatesBackward: !isFirst,
          weights: WeightRows(start: weightCount, split: width))
        run.epsilon = product.epsilon ?? 0
        switch operand {
        case .input: break
        case .state(let state):
          (run.source, run.index, run.accumulatesBackward) = (.state, state, true)
        case .expression(let id):
          (run.source, run.index) = (.expression, layout.operandBlocks[id] ?? 0)
          if let phase = layout.operandPhases[id] {
            (run.scratch, run.phaseBackward) = (layout.operandScratch[id] ?? 0, phase)
          }
        }
        if isFirst || !runs[runs.count - 1].take(run, hiddenSize: H) { runs.append(run) }
        isFirst = false
        if product.epsilon != nil { continue }
        if product.form == .symmetric && k != width {
          throw .notSquare(node: product.name, operand: k, width: width)
        }
        append(
          ParameterSpec(product.name, rows: width, columns: k), product.form,
          isInput: operand == .input)
      }
    }
    let inputSlots = Set(
      cell.products.filter { $0.operand == .input || $0.epsilon != nil }.map(\.slot))
    clearedBlocks = cell.rawInputs.indices
      .filter { cell.rawInputs[$0] == nil && !inputSlots.contains($0) }
      .map { layout.slotBlocks[$0] }.sorted()
    let others = cell.parameters.indices.filter { !layout.biases.contains($0) }
    let keys = cell.parameters.indices.map { place in
      let gate = CellParameter(name: cell.parameters[place].name).gate(structure.gateOrder)
      return [gate?.place ?? Int.max, layout.parameterBlocks[place] ?? Int.max, place]
    }
    parameterOrder =
      layout.biases + others.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
    pack(panel: panel, hiddenSize: H)
  }

  mutating func append(
    _ spec: ParameterSpec, _ form: ProjectionForm = .full, isInput: Bool = false,
    initial: Double? = nil
  ) {
    var part = WeightForm.Part(
      name: spec.name, parameters: parameterCount, weights: weightCount, form: form,
      count: spec.count, size: spec.rows)
    weightCount += spec.count
    var spec = spec
    if form == .symmetric {
      spec = ParameterSpec(spec.name, rows: 1, columns: spec.rows * (spec.rows + 1) / 2)
      part.count = spec.count
    }
    members.append(
      CellParameter(
        name: spec.name, offset: parameterCount, rows: spec.rows, columns: spec.columns,
        initial: initial, form: form, isInput: isInput))
    specs.append(spec)
    parameterCount += spec.count
    formParts.append(part)
  }

  /// The parameters with the `W`, `U` and `b` of all gates as one tensor each, under that name.
  func stacked(_ gateOrder: [String]) -> [ParameterSpec] {
    var result: [ParameterSpec] = []
    for member in members {
      guard let gate = member.gate(gateOrder), ["W", "U", "b"].contains(gate.prefix) else {
        result.append(ParameterSpec(member.name, rows: member.rows, columns: member.columns))
        continue
      }
      if let last = result.last, last.name == gate.prefix {
        if gate.prefix == "b" {
          result[result.count - 1].columns += member.columns
        } else {
          result[result.count - 1].rows += member.rows
        }
      } else {
        result.append(
          ParameterSpec(String(gate.prefix), rows: member.rows, columns: member.columns))
      }
    }
    return result
  }

  /// How the weights are made of the parameters, where they are not the parameters.
  var weightForm: WeightForm? {
    formParts.allSatisfy { $0.form == .full }
      ? nil : WeightForm(formParts, weightCount: weightCount)
  }

  private static func features(
    _ operand: LoweredCell.Operand, _ layout: BlockLayout, _ D: Int, _ H: Int, _ P: Int
  ) -> Int {
    switch operand {
    case .input: D
    case .state(let state): state == 0 ? P : H
    case .expression(let id): layout.isOutput[id] ? P : H
    }
  }

  private static func phase(_ operand: LoweredCell.Operand, _ cell: LoweredCell) -> Int {
    if case .expression(let id) = operand { cell.phases[id] + 1 } else { 0 }
  }

  /// Makes one packed matrix of the runs of an operand whose blocks are neighbours, wherever the parameters
  /// have their weights.
  private mutating func pack(panel: Int, hiddenSize H: Int) {
    func whole(_ columns: Int) -> Int { (columns + panel - 1) / panel * panel }
    var rest = runs[...]
    while let first = rest.first {
      let operand = rest.prefix { $0.source == first.source && $0.index == first.index }
      rest = rest.dropFirst(operand.count)
      let start = packedRuns.count
      for var run in operand.sorted(by: { $0.block < $1.block }) {
        let isFirst = packedRuns.count == start
        if !isFirst, packedRuns[packedRuns.count - 1].take(run, hiddenSize: H) { continue }
        run.accumulatesBackward = !isFirst || first.accumulatesBackward
        packedRuns.append(run)
      }
    }
    for i in packedRuns.indices where !packedRuns[i].standardizes {
      packedRuns[i].packedForward = packsForward.size
      packedRuns[i].packedBackward = packsBackward.size
      let run = packedRuns[i]
      var part = PackLayout.Part(
        rows: run.weights, packed: packsForward.size, m: run.columns, k: run.k,
        blocks: CellPlan.isUndivided(hiddenSize: H, panel: panel) ? 1 : run.blocks)
      packsForward.parts.append(part)
      part.packed = packsBackward.size
      packsBackward.parts.append(part)
      packsForward.size = packsForward.size + (part.k, part.blocks * whole(part.m / part.blocks))
      packsBackward.size = packsBackward.size + (part.m, whole(part.k))
    }
  }
}
