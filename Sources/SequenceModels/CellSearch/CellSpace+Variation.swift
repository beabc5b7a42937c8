import LinAlg
import Recurrent

extension CellSpace {
  /// A cell of which each token is drawn evenly from those that are allowed.
  public func draw(using generator: inout some RandomNumberGenerator) -> CellCode {
    var writer = CellWriter(in: self)
    writer.finish(using: &generator)
    return writer.code
  }

  /// A cell that differs from another at one place: in an activation, in an operation of as many operands, or
  /// in a whole subtree that is drawn anew.
  ///
  /// - Precondition: the code is one of this space.
  public func mutate(
    _ code: CellCode, using generator: inout some RandomNumberGenerator
  ) -> CellCode {
    require(contains(code), "CellSpace: '\(code)' is no cell of this space")
    // A change that the space refuses is drawn again; spaces of so few cells that all are refused are left by
    // a cell that is drawn as a whole.
    for _ in 0..<100 {
      let place = Int.random(in: 0..<code.elements.count, using: &generator)
      var changed = code
      switch Int.random(in: 0..<3, using: &generator) {
      case 0:
        changed.elements[place].function =
          functions.randomElement(using: &generator) ?? .identity
      case 1:
        let count = code.elements[place].operation.operandCount
        changed.elements[place].operation =
          operations.filter { $0.operandCount == count }.randomElement(using: &generator) ?? .gate
      default:
        changed.elements.replaceSubrange(
          place..<code.subtreeEnd(place), with: subtree(using: &generator))
      }
      if changed != code && contains(changed) { return changed }
    }
    return draw(using: &generator)
  }

  /// Elements of a small tree, of any operations.
  private func subtree(using generator: inout some RandomNumberGenerator) -> [CellElement] {
    let limit = Int.random(in: 1...max(maximumSize / 2, 1), using: &generator)
    var (elements, open): ([CellElement], Int) = ([], 1)
    while open > 0 {
      let fitting = operations.filter { elements.count + open + $0.operandCount <= limit }
      guard let operation = fitting.randomElement(using: &generator),
        let function = functions.randomElement(using: &generator)
      else { break }
      elements.append(CellElement(operation, function))
      open += operation.operandCount - 1
    }
    return elements
  }
}
