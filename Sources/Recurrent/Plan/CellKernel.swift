import LinAlg

/// The cells for whose pointwise part there is a kernel written by hand; see `Sources/CKernels/cells.inc`.
///
/// A kernel says which cell it computes by that cell's options, and in which blocks it expects the sums
/// of products. A cell that comes to the same values takes the kernel, whatever made it.
enum CellKernel: CaseIterable {
  case lstm, gruResetAfter, gruResetBefore, rnnTanh, rnnRelu

  /// How many phases a step has, either way.
  var phases: Int { self == .gruResetBefore ? 2 : 1 }

  /// Whether the way forward writes its block where the outputs go.
  var sharesOutputs: Bool { self == .rnnTanh || self == .rnnRelu }

  /// The blocks that the way back keeps gradients in, besides those of sums: `m = r∘h`.
  private var blockCount: Int { sharesOutputs ? 1 : 4 }

  /// The cell that the kernel computes.
  private func definition() throws -> CellDefinition {
    switch self {
    case .lstm: return try LSTMOptions().definition()
    case .gruResetAfter: return try GRUOptions().definition()
    case .gruResetBefore:
      var options = GRUOptions()
      options.candidate = .resetBefore
      return try options.definition()
    case .rnnTanh: return try RNNOptions().definition()
    case .rnnRelu:
      var options = RNNOptions()
      options.activation = .relu
      return try options.definition()
    }
  }

  /// The place, in the order of the cell's gates, of the one that the products or the bias of that name
  /// belong to.
  private func gate(of name: String) -> Int {
    let gates: [Substring] =
      switch self {
      case .lstm: ["i", "f", "g", "o"]
      case .gruResetAfter, .gruResetBefore: ["r", "z", "n"]
      case .rnnTanh, .rnnRelu: []
      }
    return gates.firstIndex(of: name.split(separator: "_").last ?? "") ?? 0
  }

  /// The block of these products, or of this bias.
  private func block(of name: String) -> Int {
    guard self == .gruResetAfter else { return gate(of: name) }
    // n r z q, so that the blocks of W are neighbours and those of U, too; see `cell_kernels.inc`.
    return name == "U_n" || name == "b_hn" ? 3 : [1, 2, 0][gate(of: name)]
  }

  /// The kernel that computes the pointwise part of the cell, and the blocks that it expects.
  static func match(_ cell: LoweredCell) -> (kernel: CellKernel, layout: BlockLayout)? {
    guard let signature = CellSignature(cell) else { return nil }
    return known[signature]
  }

  private static let known: [CellSignature: (kernel: CellKernel, layout: BlockLayout)] = {
    var result: [CellSignature: (kernel: CellKernel, layout: BlockLayout)] = [:]
    for kernel in allCases {
      guard let definition = try? kernel.definition(), let cell = try? LoweredCell(definition),
        let signature = CellSignature(cell)
      else { failRequirement("kernel \(kernel) has no cell") }
      result[signature] = (kernel, kernel.layout(of: cell))
    }
    return result
  }()

  private func layout(of cell: LoweredCell) -> BlockLayout {
    var layout = BlockLayout(
      blockCount: blockCount, scratchCount: 1,
      slotBlocks: [Int](repeating: 0, count: cell.slotPhases.count),
      weightOrder: [Int](repeating: 0, count: cell.slotPhases.count),
      isOutput: [Bool](repeating: false, count: cell.graph.values.count),
      parameterBlocks: cell.parameters.map { block(of: $0.name) })
    for product in cell.products {
      layout.slotBlocks[product.slot] = block(of: product.name)
      layout.weightOrder[product.slot] = gate(of: product.name)
    }
    for id in cell.expressions {
      (layout.operandBlocks[id], layout.operandPhases[id], layout.operandScratch[id]) = (3, 1, 0)
    }
    // The recurrent bias the kernel finds in its block already.
    layout.biases = cell.parameters.indices.filter { cell.parameters[$0].name != "b_hn" }
      .sorted { gate(of: cell.parameters[$0].name) < gate(of: cell.parameters[$1].name) }
    if let bias = cell.parameters.firstIndex(where: { $0.name == "b_hn" }) {
      layout.startParameters[block(of: "b_hn")] = bias
    }
    for (name, id) in cell.nodes {
      guard case .activation = cell.graph.values[id].operation, name.count == 1 else { continue }
      // n is kept in the block of the sum W_n·x.
      layout.kept[id] = block(of: "W_" + name)
    }
    return layout
  }
}

/// What a cell computes, without names, first values and forms of weights: equal for cells whose pointwise
/// parts are the same.
private struct CellSignature: Hashable {
  private struct Product: Hashable {
    var operand: LoweredCell.Operand
    var slot: Int
  }

  private let values: [ValueGraph.Value]
  private let products: [Product]
  private let next: [ValueGraph.ID]

  /// Nil for cells that no kernel computes: those with raw inputs, standardizations or an output of its
  /// own size.
  init?(_ cell: LoweredCell) {
    guard !cell.hasOutputSize, cell.rawInputs.allSatisfy({ $0 == nil }),
      cell.products.allSatisfy({ $0.epsilon == nil })
    else { return nil }
    values = cell.graph.values
    products = cell.products.map { Product(operand: $0.operand, slot: $0.slot) }
    next = cell.next
  }
}
