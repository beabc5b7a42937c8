/// Which nodes of a definition have `P` features, as the output has, where that are not as many as there
/// are units: everything that leads to or from the first state without a projection.
struct OutputWidths {
  /// For each node.
  private(set) var isOutput: [Bool] = []
  /// Whether the input meets such nodes without a projection.
  let inputIsOutput: Bool

  init(_ definition: CellDefinition, outputSize: Int) throws(CellDefinitionError) {
    // Nodes, then states, then the input: those that must have the same size are one set.
    let (nodes, states) = (definition.nodes, definition.states)
    let nodeIndex = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.name, $0) })
    let stateIndex = Dictionary(
      uniqueKeysWithValues: states.enumerated().map { ($1.name, nodes.count + $0) })
    let input = nodes.count + states.count
    var parent = Array(0...input)
    func root(_ i: Int) -> Int {
      var i = i
      while parent[i] != i {
        parent[i] = parent[parent[i]]
        i = parent[i]
      }
      return i
    }
    func join(_ a: Int, _ operand: CellOperand) {
      let b: Int
      switch operand {
      case .input: b = input
      case .state(let name): b = stateIndex[name] ?? input
      case .node(let name):
        b = nodeIndex[name] ?? input
        // A number has any size.
        if b < nodes.count, case .constant = nodes[b].operation { return }
      }
      parent[root(a)] = root(b)
    }
    for (i, node) in nodes.enumerated() {
      if case .projection = node.operation { continue }
      if case .constant = node.operation { continue }
      for operand in node.operands { join(i, operand) }
    }
    for (i, state) in states.enumerated() { join(nodes.count + i, state.next) }
    let output = root(nodes.count)
    for (i, state) in states.enumerated().dropFirst() where root(nodes.count + i) == output {
      throw .outputOfOtherSize(of: state.name, outputSize: outputSize)
    }
    isOutput = nodes.indices.map { root($0) == output }
    inputIsOutput = root(input) == output
  }
}
