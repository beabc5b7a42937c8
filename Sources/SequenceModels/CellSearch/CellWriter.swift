import Autodiff
import LinAlg

/// Writes the code of a cell token by token, and knows at each place which tokens may come next.
///
/// Tokens are an operation and its activation in turns; the trees of a cell follow each other, an element stands
/// before its operands, and at the end stands ``end``. What may come next is what leaves a way to a cell:
///
/// - elements that are still to be written fit into the tree's largest size;
/// - a cell reads its input and a tree of the memory the memory before it, or neither would be used; a tree of the
///   output with a memory reads that, and one without reads `h`. For each of these that is still to be read an
///   operand is left;
/// - the first operand of a blend has a sigmoid.
public struct CellWriter: Sendable, Hashable {
  /// The token that ends a cell.
  public static let end = Token(operations.count + functions.count)
  /// The token before the first.
  public static let beginning = end + 1
  /// How many tokens there are.
  public static let vocabularySize = Int(beginning) + 1

  private static let operations = CellElement.Operation.allCases
  private static let functions = CellElement.Function.allCases

  private static func token(_ operation: CellElement.Operation) -> Token {
    Token(operations.firstIndex(of: operation) ?? 0)
  }

  private static func token(_ function: CellElement.Function) -> Token {
    Token(operations.count + (functions.firstIndex(of: function) ?? 0))
  }

  /// The tokens of a code, without the end.
  public static func tokens(of code: CellCode) -> [Token] {
    code.elements.flatMap { [token($0.operation), token($0.function)] }
  }

  /// What a tree must read.
  private struct Needs: OptionSet, Hashable {
    let rawValue: Int
    static let input = Needs(rawValue: 1)
    static let output = Needs(rawValue: 2)
    static let memory = Needs(rawValue: 4)

    var count: Int { rawValue.nonzeroBitCount }
  }

  /// The space.
  public let space: CellSpace
  /// What has been written.
  public private(set) var code = CellCode([])
  /// Of the present tree.
  private var size = 0
  private var needs: Needs
  /// Places of the present tree that wait for an element, the next one last: whether each must be under a
  /// sigmoid.
  private var open = [false]
  /// Whether the memory's tree is still to be finished.
  private var isInMemory: Bool
  /// The operation whose activation comes next.
  private var pending: CellElement.Operation?
  /// Whether that must be a sigmoid.
  private var pendingIsGate = false

  /// A writer at the beginning.
  public init(in space: CellSpace) {
    self.space = space
    isInMemory = space.hasMemory
    needs = space.hasMemory ? [.input, .memory] : [.input, .output]
  }

  /// Whether the cell is whole: nothing but the end may follow.
  public var isComplete: Bool { open.isEmpty && pending == nil && !isInMemory }

  /// The tokens that may come next, at least one.
  public var allowed: [Token] {
    if pending != nil {
      return pendingIsGate
        ? [Self.token(CellElement.Function.sigmoid)] : space.functions.map { Self.token($0) }
    }
    if isComplete { return [Self.end] }
    return space.operations.filter(allows).map { Self.token($0) }
  }

  private func left(_ operation: CellElement.Operation) -> Needs {
    switch operation {
    case .gate: needs.subtracting([.input, .output])
    case .affine: needs.subtracting(.input)
    case .hidden: needs.subtracting(.output)
    case .memory: needs.subtracting(.memory)
    case .add, .multiply, .blend: needs
    }
  }

  private func allows(_ operation: CellElement.Operation) -> Bool {
    let places = open.count - 1 + operation.operandCount
    return size + 1 + places <= space.maximumSize && left(operation).count <= places
  }

  /// Writes a token.
  ///
  /// - Returns: whether it was allowed; else nothing has changed. The end changes nothing either.
  @discardableResult
  public mutating func write(_ token: Token) -> Bool {
    guard allowed.contains(token) else { return false }
    if token == Self.end { return true }
    if let operation = pending {
      code.elements.append(
        CellElement(operation, Self.functions[Int(token) - Self.operations.count]))
      pending = nil
      if open.isEmpty && isInMemory {
        (isInMemory, open, size, needs) = (false, [false], 0, .memory)
      }
      return true
    }
    let operation = Self.operations[Int(token)]
    pendingIsGate = open.removeLast()
    pending = operation
    needs = left(operation)
    size += 1
    open += [Bool](repeating: false, count: operation.operandCount)
    if operation == .blend { open[open.count - 1] = true }
    return true
  }

  /// Writes the rest, each token drawn evenly from those that are allowed.
  public mutating func finish(using generator: inout some RandomNumberGenerator) {
    while !isComplete {
      guard let token = allowed.randomElement(using: &generator) else {
        failRequirement("CellWriter: nothing may follow '\(code)'")
      }
      write(token)
    }
  }
}
