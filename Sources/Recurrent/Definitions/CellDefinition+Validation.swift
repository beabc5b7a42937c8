import LinAlg

extension CellDefinition {
  /// Throws the first thing that is wrong: names, operands, numbers, circles, what nobody reads.
  func validate() throws(CellDefinitionError) {
    guard !states.isEmpty else { throw .noStates }
    try checkNames(states.map(\.name))
    try checkNames(nodes.map(\.name))
    let stateNames = Set(states.map(\.name))
    let nodeNames = Set(nodes.map(\.name))
    func check(_ operand: CellOperand, reader: String) throws(CellDefinitionError) {
      switch operand {
      case .input: break
      case .state(let name):
        if !stateNames.contains(name) { throw .unknownState(name, reader: reader) }
      case .node(let name):
        if !nodeNames.contains(name) { throw .unknownNode(name, reader: reader) }
      }
    }
    for node in nodes {
      let expected = node.operation.operandCount
      guard node.operands.count == expected else {
        throw .operandCount(node: node.name, expected: expected, given: node.operands.count)
      }
      for operand in node.operands { try check(operand, reader: node.name) }
      try checkNumbers(node)
    }
    for state in states { try check(state.next, reader: state.name) }
    _ = try topologicalOrder()
    try checkUse()
  }

  private func checkNames(_ names: [String]) throws(CellDefinitionError) {
    var seen: Set<String> = []
    for name in names {
      if name.isEmpty || name == "x"
        || name.contains(where: { $0.isWhitespace || "[].".contains($0) })
      {
        throw .invalidName(name)
      }
      guard seen.insert(name).inserted else { throw .duplicateName(name) }
    }
  }

  private func checkNumbers(_ node: CellNode) throws(CellDefinitionError) {
    let numbers: [Double]
    switch node.operation {
    case .constant(let value), .perUnit(let value): numbers = [value]
    case .activation(let function):
      if !function.hasDerivativeFromOutput { throw .noDerivative(node: node.name) }
      numbers = [function.form.alpha, function.form.beta].compactMap { $0 }
    case .projection(_, .symmetric):
      if node.operands == [.input] { throw .symmetricInput(node: node.name) }
      numbers = []
    case .standardize(let epsilon):
      if epsilon <= 0 { throw .notPositive(node: node.name) }
      numbers = [epsilon]
    case .dropoutMask(let rate, _), .zoneoutMask(let rate), .projection(_, .dropped(let rate)):
      guard rate >= 0 && rate < 1 else { throw .rate(node: node.name) }
      numbers = []
    case .threshold(let alpha): numbers = [alpha]
    case .clip(let limit), .clipGradient(let limit):
      if limit <= 0 { throw .notPositive(node: node.name) }
      numbers = [limit]
    default: numbers = []
    }
    guard numbers.allSatisfy(\.isFinite) else { throw .notFinite(node: node.name) }
  }

  /// The nodes, each behind those that it reads.
  func topologicalOrder() throws(CellDefinitionError) -> [Int] {
    let index = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.name, $0) })
    // 0 new, 1 on the path from the root, 2 done; a stack of (node, next operand), because a
    // definition may be deeper than the thread's own stack.
    var (mark, order) = ([Int](repeating: 0, count: nodes.count), [Int]())
    for root in nodes.indices where mark[root] == 0 {
      var path = [(node: root, operand: 0)]
      mark[root] = 1
      while let (node, operand) = path.last {
        guard operand < nodes[node].operands.count else {
          mark[node] = 2
          order.append(node)
          path.removeLast()
          continue
        }
        path[path.count - 1].operand += 1
        guard case .node(let name) = nodes[node].operands[operand], let next = index[name] else {
          continue
        }
        if mark[next] == 1 {
          let start = path.firstIndex { $0.node == next } ?? 0
          throw .cycle(path[start...].map { nodes[$0.node].name })
        }
        if mark[next] == 0 {
          mark[next] = 1
          path.append((next, 0))
        }
      }
    }
    return order
  }

  /// The output may serve nobody inside the cell; all else must lead to some state.
  private func checkUse() throws(CellDefinitionError) {
    let byName = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0) })
    var (reached, rest) = (Set<CellOperand>(), states.map(\.next))
    while let operand = rest.popLast() {
      guard reached.insert(operand).inserted, case .node(let name) = operand else { continue }
      rest += byName[name]?.operands ?? []
    }
    for node in nodes where !reached.contains(.node(node.name)) { throw .unused(node.name) }
    for state in states.dropFirst() where !reached.contains(.state(state.name)) {
      throw .unused(state.name)
    }
    guard reached.contains(.input) else { throw .unused("x") }
  }
}
