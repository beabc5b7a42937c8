import LinAlg
import Recurrent

extension CellSpace {
  /// The cell of a code.
  ///
  /// Weights are called `W1`, `U1` and `b1`, `W2`, …, in the order in which the code has gates and affine
  /// elements; states are `h` and, with a memory, `c`.
  ///
  /// - Parameters:
  ///   - code: what the cell computes.
  ///   - name: what the cell is called.
  /// - Throws: what a definition refuses; nothing that is known, but the engine has limits of its own.
  /// - Precondition: the code is one of this space, ``contains(_:)``.
  public func definition(
    of code: CellCode, name: String = "found"
  ) throws(CellDefinitionError) -> CellDefinition {
    require(contains(code), "CellSpace: '\(code)' is no cell of this space")
    let h = CellExpression.state("h")
    var weights = 0
    guard hasMemory else {
      let output = tree(code.elements[...], h: h, memory: nil, &weights)
      return try CellDefinition(name, states: ["h": output])
    }
    let split = code.subtreeEnd(0)
    let memory = tree(code.elements[..<split], h: h, memory: .state("c"), &weights)
    let output = tree(code.elements[split...], h: h, memory: memory, &weights)
    return try CellDefinition(name, states: ["h": output, "c": memory])
  }

  /// The value of a tree, whose elements stand before their operands.
  private func tree(
    _ elements: ArraySlice<CellElement>, h: CellExpression, memory: CellExpression?,
    _ weights: inout Int
  ) -> CellExpression {
    let first = weights
    weights += elements.count { $0.operation == .gate || $0.operation == .affine }
    var number = weights
    // From the last to the first: operands are ready when their operation comes.
    var values: [CellExpression] = []
    func take() -> CellExpression { values.popLast() ?? h }
    func affine(_ operand: CellExpression) -> CellExpression {
      defer { number -= 1 }
      return Projection("W\(number)")(.x) + Projection("U\(number)")(operand)
        + .perUnit("b\(number)")
    }
    for element in elements.reversed() {
      let value: CellExpression
      switch element.operation {
      case .add:
        let a = take()
        value = a + take()
      case .multiply:
        let a = take()
        value = a * take()
      case .blend:
        let (z, a) = (take(), take())
        value = z * a + (1 - z) * take()
      case .affine: value = affine(take())
      case .gate: value = affine(h)
      case .hidden: value = h
      case .memory: value = memory ?? h
      }
      values.append(element.function.activation.map { value.activated(by: $0) } ?? value)
    }
    assert(number == first && values.count == 1)
    return take()
  }
}
