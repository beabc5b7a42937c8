import LinAlg
import Recurrent

/// The cells that a search may find: which values may meet, by which operations, under which activations.
///
/// A cell is one tree, or two, of operations over gates `W·x + U·h + b`, the output `h` and a memory `c`:
/// ```
/// h ← tree(x, h)                                   without a memory
/// c ← tree(x, h, c)     h ← tree(x, h, c new)      with one
/// ```
/// Zoph and Le (2017) search one binary tree of a fixed shape with a sum of `W·x` and `U·h` at each leaf; here the
/// shape is found, too, a product may have any value for its operand, and blends are operations, so that an LSTM
/// and a GRU are in the space. Trees are written from the root on, and ``CellWriter`` says at each place what may
/// come next: whatever is written by its rules is a cell.
public struct CellSpace: Sendable, Hashable {
  /// Whether there is a memory beside the output.
  public let hasMemory: Bool
  /// How many elements a tree may have.
  public let maximumSize: Int
  /// The operations that a tree may have, in the order of `CellElement.Operation.allCases`.
  public let operations: [CellElement.Operation]
  /// The activations, in the order of `CellElement.Function.allCases`. The first operand of a blend has a
  /// sigmoid all the same.
  public let functions: [CellElement.Function]

  /// The sizes that a tree may be limited to: an LSTM's largest tree has 7 elements.
  public static let sizes = 3...16

  /// A space.
  ///
  /// - Parameters:
  ///   - hasMemory: whether there is a memory beside the output.
  ///   - maximumSize: how many elements a tree may have, of ``sizes``.
  ///   - operations: what joins values; with ``CellElement/Operation/gate``, one of two operands or more, and
  ///     with a memory ``CellElement/Operation/memory``.
  ///   - functions: the activations, at least one.
  /// - Precondition: as said.
  public init(
    hasMemory: Bool = false, maximumSize: Int = 8,
    operations: Set<CellElement.Operation> = Set(CellElement.Operation.allCases),
    functions: Set<CellElement.Function> = Set(CellElement.Function.allCases)
  ) {
    self.hasMemory = hasMemory
    self.maximumSize = maximumSize
    self.operations = CellElement.Operation.allCases.filter {
      operations.contains($0) && ($0 != .memory || hasMemory)
    }
    self.functions = CellElement.Function.allCases.filter { functions.contains($0) }
    if let flaw { failRequirement("CellSpace: \(flaw)") }
  }

  /// What is wrong with the space; nil for nothing.
  private var flaw: String? {
    if !Self.sizes.contains(maximumSize) {
      return "trees of \(maximumSize) elements, expected a limit in \(Self.sizes)"
    }
    if functions.isEmpty { return "no activation, not even the identity" }
    for needed in hasMemory ? [CellElement.Operation.gate, .memory] : [.gate]
    where !operations.contains(needed) {
      return "no \(needed.rawValue) among the operations"
    }
    if !operations.contains(where: { $0 == .add || $0 == .multiply }) {
      return "neither a sum nor a product among the operations"
    }
    return nil
  }

  /// The most elements that a code may have.
  public var maximumLength: Int { maximumSize * (hasMemory ? 2 : 1) }

  /// Whether a code is a cell of this space.
  public func contains(_ code: CellCode) -> Bool {
    var writer = CellWriter(in: self)
    for token in CellWriter.tokens(of: code) where !writer.write(token) { return false }
    return writer.isComplete
  }
}

extension CellSpace: Codable {
  private enum Key: String, CodingKey { case memory, size, operations, functions }

  /// Reads a space.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    hasMemory = try fields.decode(Bool.self, forKey: .memory)
    maximumSize = try fields.decode(Int.self, forKey: .size)
    let operations = try fields.decode([CellElement.Operation].self, forKey: .operations)
    let functions = try fields.decode([CellElement.Function].self, forKey: .functions)
    self.operations = CellElement.Operation.allCases.filter { operations.contains($0) }
    self.functions = CellElement.Function.allCases.filter { functions.contains($0) }
    var flaw = flaw
    if !hasMemory && operations.contains(.memory) { flaw = "an operation on a memory, without one" }
    if let flaw {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: flaw))
    }
  }

  /// Writes the space.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(hasMemory, forKey: .memory)
    try fields.encode(maximumSize, forKey: .size)
    try fields.encode(operations, forKey: .operations)
    try fields.encode(functions, forKey: .functions)
  }
}
