import Autodiff
import LinAlg
import Recurrent

/// One value of a cell that is written as trees: an operation, and the activation of what it gives.
public struct CellElement: Sendable, Hashable {
  /// What an element computes, before its activation. `W`, `U` and `b` are each element's own.
  public enum Operation: String, Sendable, Hashable, CaseIterable, Codable {
    /// `a + b`.
    case add
    /// `a ⊙ b`.
    case multiply
    /// `z ⊙ a + (1 − z) ⊙ b`; the first operand, `z`, is under a sigmoid.
    case blend
    /// `W·x + U·a + b`.
    case affine
    /// `W·x + U·h + b`.
    case gate
    /// `h`, the output of the step before.
    case hidden
    /// The memory: in the tree of the memory that of the step before, in the tree of the output that of this
    /// step.
    case memory

    /// How many operands there are.
    public var operandCount: Int {
      switch self {
      case .blend: 3
      case .add, .multiply: 2
      case .affine: 1
      case .gate, .hidden, .memory: 0
      }
    }
  }

  /// What becomes of the value, unit by unit.
  public enum Function: String, Sendable, Hashable, CaseIterable, Codable {
    /// Nothing.
    case identity
    /// The hyperbolic tangent.
    case tanh
    /// The logistic function.
    case sigmoid
    /// The positive part.
    case relu

    /// The activation; nil for none.
    var activation: Activation? {
      switch self {
      case .identity: nil
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .relu: .relu
      }
    }
  }

  /// What is computed.
  public var operation: Operation
  /// What becomes of it.
  public var function: Function

  /// An element.
  public init(_ operation: Operation, _ function: Function = .identity) {
    (self.operation, self.function) = (operation, function)
  }
}

/// A cell as trees of elements, each tree from its root on, an element before its operands: first the tree of
/// the memory, where there is one, then that of the output.
///
/// ```swift
/// let gru: CellCode = "blend gate:sigmoid hidden affine:tanh multiply gate:sigmoid hidden"
/// ```
/// is `z ⊙ h + (1 − z) ⊙ tanh(W·x + U·(r ⊙ h) + b)` with `z` and `r` under sigmoids. A code says what is
/// computed; whether it is a cell, a ``CellSpace`` knows.
public struct CellCode: Sendable, Hashable {
  /// The elements of all trees.
  public var elements: [CellElement]

  /// A code of these elements.
  public init(_ elements: [CellElement]) { self.elements = elements }

  /// Where each subtree ends: behind element `subtreeEnd(i) − 1` comes what is not below element `i`.
  func subtreeEnd(_ start: Int) -> Int {
    var (open, i) = (1, start)
    while open > 0, i < elements.count {
      open += elements[i].operation.operandCount - 1
      i += 1
    }
    return i
  }
}

extension CellCode: CustomStringConvertible, Codable, ExpressibleByStringLiteral {
  /// The elements as words, `operation` or `operation:function`, with spaces between them.
  public var description: String {
    elements.map {
      $0.function == .identity
        ? $0.operation.rawValue : "\($0.operation.rawValue):\($0.function.rawValue)"
    }.joined(separator: " ")
  }

  /// The code that ``description`` describes; nil where a word is no element.
  public init?(_ description: String) {
    var elements: [CellElement] = []
    for word in description.split(separator: " ") {
      let parts = word.split(separator: ":", omittingEmptySubsequences: false)
      guard let operation = CellElement.Operation(rawValue: String(parts[0])) else { return nil }
      switch parts.count {
      case 1: elements.append(CellElement(operation))
      case 2:
        guard let function = CellElement.Function(rawValue: String(parts[1])) else { return nil }
        elements.append(CellElement(operation, function))
      default: return nil
      }
    }
    self.elements = elements
  }

  /// The code of a description in the program's text.
  ///
  /// - Precondition: each word is an element.
  public init(stringLiteral text: String) {
    guard let code = CellCode(text) else { failRequirement("CellCode: '\(text)' is none") }
    self = code
  }

  /// Reads a description.
  public init(from decoder: any Decoder) throws {
    let text = try String(from: decoder)
    guard let code = CellCode(text) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription:
            "'\(text.prefix(80))' is no code of a cell, expected words like 'gate:sigmoid'"))
    }
    self = code
  }

  /// Writes the description.
  public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}
