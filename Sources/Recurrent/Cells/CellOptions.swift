import LinAlg

/// The options of a cell that has a layer type of its own.
protocol CellOptions: LayerOptions {
  /// The gates whose weights are stacked, in the order of the stack.
  static var gateOrder: [String] { get }

  /// The cell of plain options, compiled but for its sizes.
  static var plainStructure: CellStructure { get }

  init()
}

extension CellOptions {
  /// The plain cell: its options are not validated again each time a layer is made.
  static func makePlainStructure() -> CellStructure {
    do {
      return try CellStructure(Self().definition(), gateOrder: gateOrder)
    } catch {
      failRequirement("the plain cell of \(Self.self): \(error)")
    }
  }

  /// The plan of a layer of the cell.
  ///
  /// - Throws: what cannot be combined, which number is wrong, or which size does not fit.
  func plan(
    inputSize: Int, hiddenSize: Int, panel: Int
  ) throws(LayerOptionsError) -> CellPlan {
    let definition = try definition()
    do throws(CellDefinitionError) {
      let P = outputSize ?? hiddenSize
      guard P <= hiddenSize else { throw .outputSize(P, hiddenSize: hiddenSize) }
      let structure =
        self == Self()
        ? Self.plainStructure
        : try CellStructure(
          definition, gateOrder: Self.gateOrder, outputSize: P == hiddenSize ? nil : P)
      return try CellPlan(
        structure, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: P, panel: panel)
    } catch {
      throw .cell(error)
    }
  }

  /// The plan of a layer of the plain cell.
  static func plainPlan(inputSize: Int, hiddenSize: Int, panel: Int) -> CellPlan {
    do {
      return try CellPlan(
        plainStructure, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: hiddenSize,
        panel: panel)
    } catch {
      failRequirement("the plain cell of \(Self.self): \(error)")
    }
  }
}

extension LSTMOptions: CellOptions {
  static var gateOrder: [String] { ["i", "f", "g", "o"] }
  static let plainStructure = makePlainStructure()
}

extension GRUOptions: CellOptions {
  static var gateOrder: [String] { ["r", "z", "n"] }
  static let plainStructure = makePlainStructure()
}

extension RNNOptions: CellOptions {
  static var gateOrder: [String] { [] }
  static let plainStructure = makePlainStructure()
}
