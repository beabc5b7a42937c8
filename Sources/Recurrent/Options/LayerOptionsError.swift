/// Why options cannot be combined or used.
public enum LayerOptionsError: Error, Hashable, Sendable {
  /// A coupled input gate is `1 − f`, and there is no forget gate.
  case coupledWithoutForgetGate
  /// Memory connections lead into gates or the candidate, and there is none that could take them.
  case memoryWithoutGates
  /// The option acts on a cell state, and the cell has none.
  case noCellState(String)
  /// The option is no finite number.
  case notFinite(String)
  /// The option's limit is not above zero.
  case notPositive(String)
  /// The option's rate is not in `0 ..< 1`.
  case rate(String)
  /// The option's activation has a negative `α`, and then its derivative is no function of its output.
  case negativeAlpha(String)
  /// The sizes do not fit the cell.
  case cell(CellDefinitionError)
}

extension LayerOptionsError: CustomStringConvertible {
  /// The reason as a sentence.
  public var description: String {
    switch self {
    case .coupledWithoutForgetGate:
      "the input gate is coupled to the forget gate, and there is no forget gate"
    case .memoryWithoutGates:
      "memory connections need an input, forget or output gate, or the candidate, to lead into"
    case .noCellState(let option): "\(option) needs a cell state, and this cell has none"
    case .notFinite(let option): "\(option) is no finite number"
    case .notPositive(let option): "\(option) is not above zero"
    case .rate(let option): "\(option) is not in 0 ..< 1"
    case .negativeAlpha(let option): "\(option) has a negative alpha"
    case .cell(let error): error.description
    }
  }
}
