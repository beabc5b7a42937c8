import LinAlg

/// A recurrent cell as data: its states, and what they become in each step.
///
/// A definition is written down as expressions and run by a ``DefinedLayer``, which groups the products,
/// derives the backward pass and has everything else that a built-in layer has:
///
/// ```swift
/// let (x, h) = (CellExpression.x, CellExpression.state("h"))
/// let z = sigmoid(Projection("W_z")(x) + Projection("U_z", bias: true)(h))
/// let n = tanh(Projection("W_n")(x) + Projection("U_n", bias: true)(h))
/// let minimal = try CellDefinition("minimal", states: ["h": (1 - z) * n + z * h])
/// let layer = try DefinedLayer<Float>(minimal, inputSize: 64, hiddenSize: 128, using: &rng)
/// ```
///
/// Every value of a definition is one number for each of the `H` units of each sequence. The first state
/// is the output. A value of this type is always valid; the initialisers throw what is wrong.
public struct CellDefinition: Hashable, Sendable {
  /// What the cell is called.
  public let name: String
  /// The states; the first is the output.
  public let states: [CellState]
  /// Every value that a step computes, in any order.
  public let nodes: [CellNode]

  /// A definition from its parts, as a program that searches for cells makes them.
  ///
  /// - Throws: what is wrong with it, naming the node.
  public init(
    name: String, states: [CellState], nodes: [CellNode]
  ) throws(CellDefinitionError) {
    self.name = name
    self.states = states
    self.nodes = nodes
    try validate()
  }

  /// A definition from expressions: what each state becomes. The first state is the output.
  ///
  /// Nodes get the names that ``CellExpression/named(_:)`` gave them; the others are named by their
  /// operation and counted, so that the same expressions have the same names.
  ///
  /// - Throws: what is wrong with it, naming the node.
  public init(
    _ name: String, states: KeyValuePairs<String, CellExpression>
  ) throws(CellDefinitionError) {
    var collector = NodeCollector(states.map { $0.value })
    var cellStates: [CellState] = []
    for (state, next) in states {
      cellStates.append(CellState(state, next: try collector.operand(next.content)))
    }
    try self.init(name: name, states: cellStates, nodes: collector.nodes)
  }

  /// A definition of this library, which its tests have validated.
  init(shipped name: String, states: KeyValuePairs<String, CellExpression>) {
    do {
      try self.init(name, states: states)
    } catch {
      failRequirement("cell \(name): \(error)")
    }
  }

  /// Whether both compute the same from parameters of the same names, whatever those start with.
  func computesSame(as other: CellDefinition) -> Bool {
    guard states == other.states, nodes.count == other.nodes.count else { return false }
    return zip(nodes, other.nodes).allSatisfy { a, b in
      if case .perUnit = a.operation, case .perUnit = b.operation { return a.name == b.name }
      return a == b
    }
  }

  /// FNV-1a over names, operations and operands, 64 bits: the same in every process, and different for
  /// definitions that compute different things, coefficients aside.
  var structureHash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    for state in states {
      add(state.name)
      add(state.next.description)
    }
    for node in nodes {
      add(node.name)
      add(node.operation.name)
      for operand in node.operands { add(operand.description) }
    }
    return hash
  }
}
