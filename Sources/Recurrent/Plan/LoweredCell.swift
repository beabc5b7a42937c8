import LinAlg

/// A definition as values and products: which products are summed up in which slot, and what becomes of
/// the sums.
struct LoweredCell {
  /// What a product multiplies with its weights.
  enum Operand: Hashable {
    case input
    case state(Int)
    case expression(ValueGraph.ID)
  }

  /// A product with one matrix of weights, `[H, D]` or `[H, H]`, or in its place a standardization.
  struct Product {
    var name: String
    var operand: Operand
    var slot: Int
    var form = ProjectionForm.full
    /// For a standardization, what it adds to the variance.
    var epsilon: Double?
  }

  /// A number for each unit that is trained.
  struct PerUnit {
    var name: String
    var initial: Double
    var isOutput: Bool
  }

  var graph = ValueGraph()
  var products: [Product] = []
  /// For each slot the node that adds the raw input to it, or nil.
  var rawInputs: [String?] = []
  /// For each slot the phase of a step after whose products it is complete.
  var slotPhases: [Int] = []
  /// For each slot and each mask whether it has as many features as the output, or else the units.
  var slotIsOutput: [Bool] = []
  var maskIsOutput: [Int: Bool] = [:]
  var parameters: [PerUnit] = []
  /// For each state its value after the step.
  var next: [ValueGraph.ID] = []
  /// The values of the nodes by name, but for those that have become part of a sum.
  var nodes: [String: ValueGraph.ID] = [:]
  /// For each value of the way forward the phase in which it can be computed.
  private(set) var phases: [Int] = []
  /// The expressions that products multiply, in the order in which they can be computed.
  private(set) var expressions: [ValueGraph.ID] = []

  /// - Parameter outputSize: `P`, where it is not `H`.
  init(_ definition: CellDefinition, outputSize: Int? = nil) throws(CellDefinitionError) {
    let widths = try outputSize.map { size throws(CellDefinitionError) in
      try OutputWidths(definition, outputSize: size)
    }
    var builder = Builder(definition, widths)
    builder.cell.hasOutputSize = widths != nil
    for node in try definition.topologicalOrder() { builder.lower(node) }
    for state in definition.states {
      builder.cell.next.append(builder.value(state.next, state.name))
    }
    for (node, value) in zip(definition.nodes, builder.values) {
      builder.cell.nodes[node.name] = value
    }
    self = builder.cell
    findPhases()
    var seen: Set<ValueGraph.ID> = []
    for case .expression(let id) in products.map(\.operand) { seen.insert(id) }
    expressions = seen.sorted()
  }

  /// Whether the output has a size of its own.
  var hasOutputSize = false

  /// How many phases a step has.
  var phaseCount: Int { 1 + (phases.max() ?? 0) }

  /// Adds the phases of the values that are new.
  private mutating func findPhases() {
    for id in phases.count..<graph.values.count {
      if case .slot(let slot) = graph.values[id].operation {
        phases.append(slotPhases[slot])
      } else {
        phases.append(graph.inputs(of: id).reduce(0) { max($0, phases[$1]) })
      }
    }
  }
}

extension LoweredCell {
  /// Walks the nodes of a definition, each behind what it reads.
  private struct Builder {
    let definition: CellDefinition
    let widths: OutputWidths?
    let nodes: [String: Int]
    let states: [String: Int]
    /// The numbers of the masks' random numbers: each mask's place among all by name, so that they do
    /// not depend on what else is in the cell's list of nodes.
    let streams: [String: Int]
    var cell = LoweredCell()
    /// How often each node is read, states among the readers.
    var uses: [Int]
    /// The values of the nodes, once they are known; for sums that only another sum reads, never.
    var values: [ValueGraph.ID?]
    var rawInput: ValueGraph.ID?
    /// The nodes that only a sum reads, and that become part of it.
    var isTerm: [Bool]

    init(_ definition: CellDefinition, _ widths: OutputWidths?) {
      self.definition = definition
      self.widths = widths
      nodes = Dictionary(uniqueKeysWithValues: definition.nodes.enumerated().map { ($1.name, $0) })
      states = Dictionary(
        uniqueKeysWithValues: definition.states.enumerated().map { ($1.name, $0) })
      let masks = definition.nodes.filter(\.operation.isMask).map(\.name).sorted()
      streams = Dictionary(uniqueKeysWithValues: masks.enumerated().map { ($1, $0) })
      uses = Array(repeating: 0, count: definition.nodes.count)
      isTerm = Array(repeating: false, count: definition.nodes.count)
      values = Array(repeating: nil, count: definition.nodes.count)
      let readers =
        definition.nodes.map { ($0.operation == .add, $0.operands) }
        + definition.states.map { (false, [$0.next]) }
      for (isSum, operands) in readers {
        for case .node(let name) in operands {
          guard let node = nodes[name] else { continue }
          uses[node] += 1
          isTerm[node] = isSum && uses[node] == 1
        }
      }
    }

    mutating func lower(_ index: Int) {
      let node = definition.nodes[index]
      let result: ValueGraph.ID
      switch node.operation {
      case .projection:
        if isTerm[index] { return }
        result = sum([index], name: node.name)
      case .add:
        if isTerm[index] { return }
        result = sum([index], name: node.name)
      case .standardize(let epsilon): result = standardized(index, epsilon)
      case .perUnit(let initial): result = parameter(node.name, initial, index)
      case .constant(let value): result = cell.graph.leaf(.constant(value))
      case .subtract:
        result = cell.graph.subtract(operand(node, 0), operand(node, 1))
      case .multiply:
        result = cell.graph.multiply(operand(node, 0), operand(node, 1))
      case .oneMinus: result = cell.graph.affine(operand(node, 0), scale: -1, offset: 1)
      case .activation(let function):
        result = cell.graph.activation(function, operand(node, 0))
      case .dropoutMask(let rate, let perStep):
        let stream = streams[node.name] ?? 0
        cell.maskIsOutput[stream] = isOutput(index)
        result = cell.graph.leaf(.dropoutMask(stream: stream, rate: rate, perStep: perStep))
      case .zoneoutMask(let rate):
        let stream = streams[node.name] ?? 0
        cell.maskIsOutput[stream] = isOutput(index)
        result = cell.graph.leaf(.zoneoutMask(stream: stream, rate: rate))
      case .threshold(let alpha):
        result = cell.graph.unary(.threshold(alpha), operand(node, 0))
      case .clip(let limit): result = cell.graph.unary(.clip(limit), operand(node, 0))
      case .clipGradient(let limit):
        result = cell.graph.unary(.clipGradient(limit), operand(node, 0))
      }
      values[index] = result
    }

    func isOutput(_ node: Int) -> Bool { widths?.isOutput[node] ?? false }

    mutating func operand(_ node: CellNode, _ place: Int) -> ValueGraph.ID {
      value(node.operands[place], node.name)
    }

    mutating func value(_ operand: CellOperand, _ reader: String) -> ValueGraph.ID {
      switch operand {
      case .input:
        if let rawInput { return rawInput }
        let slot = newSlot(phase: 0, rawInput: reader, widths?.inputIsOutput ?? false)
        rawInput = slot
        return slot
      case .state(let name): return cell.graph.leaf(.previous(states[name] ?? 0))
      case .node(let name):
        guard let node = nodes[name], let value = values[node] else {
          failRequirement("cell node '\(name)' is read before it is known")
        }
        return value
      }
    }

    mutating func parameter(_ name: String, _ initial: Double, _ node: Int) -> ValueGraph.ID {
      cell.parameters.append(PerUnit(name: name, initial: initial, isOutput: isOutput(node)))
      return cell.graph.leaf(.parameter(cell.parameters.count - 1))
    }

    /// The standardized value of a node, in a slot of its own.
    mutating func standardized(_ index: Int, _ epsilon: Double) -> ValueGraph.ID {
      let node = definition.nodes[index]
      let id = operand(node, 0)
      let slot = newSlot(phase: phase(of: id) + 1, rawInput: nil, isOutput(index))
      cell.products.append(
        Product(
          name: node.name, operand: .expression(id), slot: cell.slotPhases.count - 1,
          epsilon: epsilon))
      return slot
    }

    mutating func newSlot(phase: Int, rawInput: String?, _ isOutput: Bool) -> ValueGraph.ID {
      cell.slotIsOutput.append(isOutput)
      cell.slotPhases.append(phase)
      cell.rawInputs.append(rawInput)
      return cell.graph.leaf(.slot(cell.slotPhases.count - 1))
    }

    /// A sum with all sums and products in it that nobody else reads: its products go into one slot,
    /// so that they are accumulated where they are computed.
    mutating func sum(_ roots: [Int], name: String) -> ValueGraph.ID {
      var (projections, raw, biases, others) = (
        [Int](), false, [ValueGraph.ID](), [ValueGraph.ID]()
      )
      var rest = roots.map { CellOperand.node(definition.nodes[$0].name) }
      var isRoot = true
      while let term = rest.popLast() {
        if case .node(let name) = term, let index = nodes[name], isRoot || isTerm[index],
          isMerged(definition.nodes[index].operation)
        {
          let node = definition.nodes[index]
          if case .projection(let bias, _) = node.operation {
            projections.append(index)
            if bias { biases.append(parameter(node.name + ".bias", 0, index)) }
          } else {
            rest += node.operands.reversed()
          }
        } else if term == .input && !raw {
          raw = true
        } else {
          let id = value(term, name)
          if case .parameter = cell.graph.values[id].operation {
            biases.append(id)
          } else {
            others.append(id)
          }
        }
        isRoot = false
      }
      var terms = biases + others
      if !projections.isEmpty {
        terms.insert(slot(projections, rawInput: raw ? name : nil), at: 0)
      } else if raw {
        terms.insert(value(.input, name), at: 0)
      }
      return terms.dropFirst().reduce(terms[0]) { cell.graph.add($0, $1) }
    }

    func isMerged(_ operation: CellOperation) -> Bool {
      switch operation {
      case .add, .projection: true
      default: false
      }
    }

    mutating func slot(_ projections: [Int], rawInput: String?) -> ValueGraph.ID {
      var (operands, phase) = ([Operand](), 0)
      for index in projections {
        let operand = productOperand(definition.nodes[index])
        if case .expression(let id) = operand { phase = max(phase, self.phase(of: id) + 1) }
        operands.append(operand)
      }
      let id = newSlot(phase: phase, rawInput: rawInput, isOutput(projections[0]))
      for (index, operand) in zip(projections, operands) {
        guard case .projection(_, let form) = definition.nodes[index].operation else { continue }
        cell.products.append(
          Product(
            name: definition.nodes[index].name, operand: operand,
            slot: cell.slotPhases.count - 1, form: form))
      }
      return id
    }

    mutating func productOperand(_ node: CellNode) -> Operand {
      if node.operands[0] == .input { return .input }
      let id = value(node.operands[0], node.name)
      if case .previous(let state) = cell.graph.values[id].operation { return .state(state) }
      return .expression(id)
    }

    mutating func phase(of id: ValueGraph.ID) -> Int {
      cell.findPhases()
      return cell.phases[id]
    }
  }

  private init() {}
}
