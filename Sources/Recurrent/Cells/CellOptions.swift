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
  func plan<Scalar: RecurrentScalar>(
    inputSize: Int, hiddenSize: Int, _: Scalar.Type
  ) throws(LayerOptionsError) -> CellPlan {
    let P = outputSize ?? hiddenSize
    let isPlain = self == Self()
    let definition = isPlain ? nil : try definition()
    do throws(CellDefinitionError) {
      guard P <= hiddenSize else { throw .outputSize(P, hiddenSize: hiddenSize) }
      var structure = Self.plainStructure
      if let definition {
        structure = try CellStructure(
          definition, gateOrder: Self.gateOrder, outputSize: P == hiddenSize ? nil : P)
      }
      return try CellPlan(
        structure, inputSize: inputSize, hiddenSize: hiddenSize, outputSize: P,
        panel: Scalar.packedPanel ?? 1)
    } catch {
      throw .cell(error)
    }
  }

  /// The plan of a layer of options that fit any size.
  func fittingPlan<Scalar: RecurrentScalar>(
    inputSize: Int, hiddenSize: Int, _ scalar: Scalar.Type
  ) -> CellPlan {
    do {
      return try plan(inputSize: inputSize, hiddenSize: hiddenSize, scalar)
    } catch {
      failRequirement("\(Self.self): \(error)")
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
