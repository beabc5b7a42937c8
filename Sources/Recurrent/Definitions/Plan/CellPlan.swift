import CKernels
import LinAlg

/// A definition compiled for one size: the parameters, the products and the programs of a step.
///
/// Forward, a step runs phase by phase: products whose operands are complete are accumulated into the
/// slots, then a program computes what the next products multiply, or the new states. Products with the
/// input come first, for many steps at once. Backward likewise, with the programs that reverse-mode
/// differentiation has derived.
final class CellPlan: @unchecked Sendable {
  // @unchecked Sendable: nothing changes after the initialiser.

  let definition: CellDefinition
  let inputSize: Int
  let hiddenSize: Int
  let outputSize: Int
  /// Blocks of `H` in the row that a step keeps for each sequence, and of scratch memory.
  let blocks: Int
  let scratchBlocks: Int
  /// All parameters; those of products first, in the order of ``runs``.
  let specs: [ParameterSpec]
  /// What the per-unit parameters of a fresh layer are; the products' places are nil.
  let initialValues: [Double?]
  /// Parameters whose gradients are sums over rows.
  let sums: AlignedStorage<ColumnSum>
  let runs: AlignedStorage<ProductRun>
  /// How the weights of the runs are made of the parameters; nil where they are the parameters.
  let form: WeightForm?
  let packsForward: PackLayout
  let packsBackward: PackLayout
  /// The blocks to which the raw input is copied, and those that no product with the input sets.
  let rawBlocks: AlignedStorage<Int>
  let clearedBlocks: AlignedStorage<Int>
  let forward: ElementwisePrograms
  let backward: ElementwisePrograms
  /// Whether a product multiplies a state other than `h`, which a step may update in place.
  let multipliesCell: Bool
  let hasInputProducts: Bool
  /// The nodes whose values a step's row keeps until the way back.
  let keptNodes: [String: KeptNode]
  /// The columns of all products of a step.
  let recurrentColumns: Int

  /// The sums over all rows of `columns` columns from `column` on, added to the parameters from
  /// `parameters` on.
  struct ColumnSum: BitwiseCopyable {
    var column: Int
    var columns: Int
    var parameters: Int
  }

  /// Where the value of a node is, and how many features it has.
  struct KeptNode {
    var block: Int
    var features: Int
  }

  var stateCount: Int { definition.states.count }
  var gateWidth: Int { blocks * hiddenSize }
  var cellSize: Int { (stateCount - 1) * hiddenSize }

  init(
    _ definition: CellDefinition, inputSize: Int, hiddenSize: Int, outputSize: Int, panel: Int
  ) throws(CellDefinitionError) {
    require(
      inputSize > 0 && hiddenSize > 0,
      "a layer needs at least one input and one unit, got D, H = \(inputSize), \(hiddenSize)")
    guard outputSize > 0 && outputSize <= hiddenSize else {
      throw .outputSize(outputSize, hiddenSize: hiddenSize)
    }
    let cell = try LoweredCell(
      definition, outputSize: outputSize == hiddenSize ? nil : outputSize)
    for (slot, node) in cell.rawInputs.enumerated() {
      guard let node else { continue }
      let width = cell.slotIsOutput[slot] ? outputSize : hiddenSize
      if inputSize != width {
        throw .inputSize(node: node, inputSize: inputSize, hiddenSize: width)
      }
    }
    let layout = StepLayout(CellAdjoint(cell))
    let backwardPrograms = layout.programsBackward()
    self.definition = definition
    self.inputSize = inputSize
    self.hiddenSize = hiddenSize
    self.outputSize = outputSize
    blocks = layout.blockCount
    scratchBlocks = backwardPrograms.scratchCount
    let memory = layout.memoryBackward()
    keptNodes = cell.nodes.compactMapValues { id in
      guard case .block(let block)? = memory[id] else { return nil }
      return KeptNode(block: block, features: layout.isOutput[id] ? outputSize : hiddenSize)
    }

    var products = try ProductPlan(
      layout, backwardPrograms, inputSize: inputSize, hiddenSize: hiddenSize,
      outputSize: outputSize, panel: panel)
    runs = AlignedStorage(copying: products.runs)
    packsForward = products.packsForward
    packsBackward = products.packsBackward
    recurrentColumns = products.runs.reduce(0) {
      $0 + ($1.source == .input || $1.standardizes ? 0 : $1.blocks * $1.width)
    }
    hasInputProducts = products.runs.contains { $0.source == .input }
    multipliesCell = products.runs.contains { $0.source == .state && $0.index > 0 }
    rawBlocks = AlignedStorage(copying: products.rawBlocks)
    clearedBlocks = AlignedStorage(copying: products.clearedBlocks)

    var sums: [ColumnSum] = []
    var (values, offsets) = ([Double?](repeating: nil, count: products.specs.count), [Int]())
    for (place, parameter) in products.parameterOrder.map({ ($0, cell.parameters[$0]) }) {
      let width = parameter.isOutput ? outputSize : hiddenSize
      if let block = layout.gradientBlock(ofParameter: place) {
        let (column, start) = (block * hiddenSize, products.weightCount)
        if let last = sums.last, last.column + last.columns == column,
          last.parameters + last.columns == start
        {
          sums[sums.count - 1].columns += width
        } else {
          sums.append(ColumnSum(column: column, columns: width, parameters: start))
        }
      }
      offsets.append(products.parameterCount)
      values.append(parameter.initial)
      products.append(ParameterSpec(parameter.name, rows: 1, columns: width))
    }
    self.sums = AlignedStorage(copying: sums)
    specs = products.specs
    form = products.weightForm
    initialValues = values

    var parameterOffsets = [Int](repeating: 0, count: offsets.count)
    for (place, offset) in zip(products.parameterOrder, offsets) {
      parameterOffsets[place] = offset
    }
    forward = try ElementwisePrograms(layout.programsForward(), hiddenSize, parameterOffsets)
    backward = try ElementwisePrograms(backwardPrograms.programs, hiddenSize, parameterOffsets)
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
  var specs: [ParameterSpec] = []
  var parameterCount = 0
  /// The scalars of all weights, symmetric ones as whole matrices, and of all other parameters.
  var weightCount = 0
  var formParts: [WeightForm.Part] = []
  var packsForward = PackLayout()
  var packsBackward = PackLayout()
  var rawBlocks: [Int] = []
  var clearedBlocks: [Int] = []
  /// The per-unit parameters in the order of the blocks that hold their gradients, so that sums over
  /// neighbours are one.
  var parameterOrder: [Int] = []

  init(
    _ layout: StepLayout, _ backward: BackwardPrograms, inputSize D: Int, hiddenSize H: Int,
    outputSize P: Int, panel: Int
  ) throws(CellDefinitionError) {
    let cell = layout.adjoint.cell
    let expressions = cell.expressions
    var operands: [LoweredCell.Operand] = [.input]
    operands += cell.next.indices.map { .state($0) }
    operands += expressions.map { .expression($0) }

    var isSet = Set(cell.rawInputs.indices.filter { cell.rawInputs[$0] != nil })
    rawBlocks = isSet.map { layout.slotBlocks[$0] }.sorted()
    for operand in operands {
      let products = cell.products.filter { $0.operand == operand }
        .sorted { layout.slotBlocks[$0.slot] < layout.slotBlocks[$1.slot] }
      var isFirst = true
      for product in products {
        let block = layout.slotBlocks[product.slot]
        let accumulates = operand != .input || !isSet.insert(product.slot).inserted
        let isNarrow = cell.slotIsOutput[product.slot]
        let width = isNarrow ? P : H
        let k = Self.features(operand, layout, D, H, P)
        if !isFirst, product.epsilon == nil, !isNarrow, let last = runs.last, !last.standardizes,
          last.block + last.blocks == block,
          last.accumulates == accumulates, last.phase == Self.phase(operand, cell)
        {
          runs[runs.count - 1].blocks += 1
        } else {
          var run = ProductRun(
            source: .input, index: 0, phase: Self.phase(operand, cell), block: block, blocks: 1,
            width: width, k: k, accumulates: accumulates, accumulatesBackward: !isFirst,
            weights: weightCount)
          run.epsilon = product.epsilon ?? 0
          switch operand {
          case .input: break
          case .state(let state):
            (run.source, run.index, run.accumulatesBackward) = (.state, state, true)
          case .expression(let id):
            (run.source, run.index) = (.expression, layout.operandBlocks[id] ?? 0)
            if let phase = layout.adjoint.operandPhases[id] {
              (run.scratch, run.phaseBackward) = (backward.operandScratch[id] ?? 0, phase)
            }
          }
          runs.append(run)
        }
        isFirst = false
        if product.epsilon != nil { continue }
        if product.form == .symmetric && k != width {
          throw .notSquare(node: product.name, operand: k, width: width)
        }
        append(ParameterSpec(product.name, rows: width, columns: k), product.form)
      }
    }
    let inputSlots = Set(
      cell.products.filter { $0.operand == .input || $0.epsilon != nil }.map(\.slot))
    clearedBlocks = cell.rawInputs.indices
      .filter { cell.rawInputs[$0] == nil && !inputSlots.contains($0) }
      .map { layout.slotBlocks[$0] }.sorted()
    let gradientBlocks = cell.parameters.indices.map {
      layout.gradientBlock(ofParameter: $0) ?? Int.max
    }
    parameterOrder = cell.parameters.indices.sorted {
      (gradientBlocks[$0], $0) < (gradientBlocks[$1], $1)
    }
    pack(panel: panel)
  }

  mutating func append(_ spec: ParameterSpec, _ form: ProjectionForm = .full) {
    var part = WeightForm.Part(
      name: spec.name, parameters: parameterCount, weights: weightCount, form: form,
      count: spec.count, size: spec.rows)
    weightCount += spec.count
    var spec = spec
    if form == .symmetric {
      spec = ParameterSpec(spec.name, rows: 1, columns: spec.rows * (spec.rows + 1) / 2)
      part.count = spec.count
    }
    specs.append(spec)
    parameterCount += spec.count
    formParts.append(part)
  }

  /// How the weights are made of the parameters, where they are not the parameters.
  var weightForm: WeightForm? {
    formParts.allSatisfy { $0.form == .full }
      ? nil : WeightForm(formParts, weightCount: weightCount)
  }

  private static func features(
    _ operand: LoweredCell.Operand, _ layout: StepLayout, _ D: Int, _ H: Int, _ P: Int
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

  private mutating func pack(panel: Int) {
    func whole(_ columns: Int) -> Int { (columns + panel - 1) / panel * panel }
    for i in runs.indices where !runs[i].standardizes {
      let (width, k, blocks) = (runs[i].width, runs[i].k, runs[i].blocks)
      let m = blocks * width
      runs[i].packedForward = packsForward.size
      runs[i].packedBackward = packsBackward.size
      packsForward.parts.append(
        PackLayout.Part(
          weights: runs[i].weights, packed: packsForward.size, m: m, k: k, blocks: blocks))
      packsBackward.parts.append(
        PackLayout.Part(
          weights: runs[i].weights, packed: packsBackward.size, m: m, k: k, blocks: blocks))
      packsForward.size += blocks * k * whole(width)
      packsBackward.size += m * whole(k)
    }
  }
}
