/// Why a cell definition cannot be used, with the name of the node or state at fault.
public enum CellDefinitionError: Error, Hashable, Sendable {
  /// A definition without states computes nothing.
  case noStates
  /// A name is empty, is `x`, or holds a space, a bracket or a dot.
  case invalidName(String)
  /// Two nodes, or two states, have this name.
  case duplicateName(String)
  /// The projection has two operands, and its weights are for one.
  case projectionUsedTwice(String, of: [String])
  /// `reader` reads a state that the definition does not have.
  case unknownState(String, reader: String)
  /// `reader` reads a node that the definition does not have.
  case unknownNode(String, reader: String)
  /// A state does not say what it becomes.
  case missingNext(state: String)
  /// The node has another number of operands than its operation.
  case operandCount(node: String, expected: Int, given: Int)
  /// The nodes read each other in a circle within one step; only states lead from step to step.
  case cycle([String])
  /// Nothing that the cell computes depends on the node, the state or, for `x`, the input.
  case unused(String)
  /// A constant, a coefficient or a first value is no finite number.
  case notFinite(node: String)
  /// A limit is not above zero.
  case notPositive(node: String)
  /// A rate is not in `0 ..< 1`.
  case rate(node: String)
  /// The weights of a projection of the input, `[H, D]`, cannot be symmetric.
  case symmetricInput(node: String)
  /// The symmetric weights of the projection would lead from `operand` features to `width` others.
  case notSquare(node: String, operand: Int, width: Int)
  /// An output of `outputSize` features needs as many units at least, and at least one.
  case outputSize(Int, hiddenSize: Int)
  /// The output has `outputSize` features, and the cell makes it of the state or input `of`, which has
  /// others, without a projection.
  case outputOfOtherSize(of: String, outputSize: Int)
  /// The activation's derivative is no function of its output, because its `alpha` is negative.
  case noDerivative(node: String)
  /// The node meets the input of `D` features with a vector of `H` units: project the input, or make
  /// a layer whose `D` is `H`.
  case inputSize(node: String, inputSize: Int, hiddenSize: Int)
  /// The definition has more of something, such as nodes, than a cell may have.
  case tooMany(String, count: Int, limit: Int)
  /// The compiled cell has more values than the engine keeps at once.
  case tooLarge(values: Int, limit: Int)
  /// A file says that a node does something unknown.
  case unknownOperation(String, node: String)
  /// A file is of another format, or of a later version than this library knows.
  case unknownFormat(String)
}

extension CellDefinitionError: CustomStringConvertible {
  /// The reason as a sentence.
  public var description: String {
    switch self {
    case .noStates: "the cell has no state"
    case .invalidName(let name):
      "'\(name)' is no name: it is empty or 'x', or holds a space, a bracket or a dot"
    case .duplicateName(let name): "two nodes or two states have the name '\(name)'"
    case .projectionUsedTwice(let name, let operands):
      """
      projection '\(name)' is used twice, for \(operands.joined(separator: " and ")); its weights are \
      for one operand
      """
    case .unknownState(let name, let reader): "'\(reader)' reads '\(name)[t-1]', which is no state"
    case .unknownNode(let name, let reader): "'\(reader)' reads '\(name)', which is no node"
    case .missingNext(let state): "state '\(state)' does not say what it becomes"
    case .operandCount(let node, let expected, let given):
      "node '\(node)' has \(given) operands, its operation takes \(expected)"
    case .cycle(let nodes):
      "nodes read each other within one step: \(nodes.joined(separator: " ← "))"
    case .unused(let name): "nothing reads '\(name)'"
    case .notFinite(let node): "node '\(node)' has a coefficient that is no finite number"
    case .notPositive(let node): "node '\(node)' has a limit that is not above zero"
    case .rate(let node): "node '\(node)' has a rate outside 0 ..< 1"
    case .symmetricInput(let node):
      "projection '\(node)' of the input cannot have symmetric weights"
    case .notSquare(let node, let operand, let width):
      "the weights of projection '\(node)', [\(width), \(operand)], cannot be symmetric"
    case .outputSize(let outputSize, let hiddenSize):
      "an output of \(outputSize) features cannot be projected from \(hiddenSize) units"
    case .outputOfOtherSize(let name, let outputSize):
      """
      the output of \(outputSize) features is made of '\(name)' without a projection, which has \
      another size
      """
    case .noDerivative(let node): "the activation of node '\(node)' has a negative alpha"
    case .inputSize(let node, let inputSize, let hiddenSize):
      """
      node '\(node)' reads x, which has \(inputSize) features, beside \(hiddenSize) units; \
      project x, or make a layer with as many features as units
      """
    case .tooMany(let things, let count, let limit):
      "the cell has \(count) \(things), \(limit) at most are allowed"
    case .tooLarge(let values, let limit):
      "the cell has \(values) values at once, the engine keeps \(limit)"
    case .unknownOperation(let operation, let node):
      "node '\(node)' has the unknown operation '\(operation)'"
    case .unknownFormat(let format): "'\(format)' is no format that this library knows"
    }
  }
}
