import LinAlg

/// A cell with the gradients of everything that a loss can be differentiated by: reverse mode, value by
/// value, written into the same graph.
struct CellAdjoint {
  let cell: LoweredCell
  /// The values of both ways; those below `forwardCount` are of the way forward.
  var graph: ValueGraph
  let forwardCount: Int

  /// The gradient of each slot's sum; 0 where nothing depends on it.
  var slots: [ValueGraph.ID] = []
  /// The elementwise part of the gradient of each state before the step.
  var previous: [ValueGraph.ID] = []
  /// For each parameter what its gradient is the sum of, over all rows; nil where that is 0.
  var parameters: [ValueGraph.ID?] = []
  /// For each expression that products multiply the phase of the way back after whose products its
  /// gradient is known, or nil where no gradient reaches those products.
  var operandPhases: [ValueGraph.ID: Int] = [:]

  init(_ cell: LoweredCell) {
    self.cell = cell
    graph = cell.graph
    forwardCount = graph.values.count
    differentiate()
  }

  /// How many phases the way back has.
  var phaseCount: Int {
    let ends = slots + previous + parameters.compactMap { $0 }
    return 1 + (ends.map { graph.phases[$0] }.max() ?? 0)
  }

  private mutating func differentiate() {
    var contributions = [[ValueGraph.ID]](repeating: [], count: forwardCount)
    var (slotGradients, stateGradients) = ([Int: ValueGraph.ID](), [Int: ValueGraph.ID]())
    var parameterGradients: [Int: ValueGraph.ID] = [:]
    for (state, id) in cell.next.enumerated() {
      contributions[id].append(graph.leaf(.dNext(state)))
    }
    contributions[cell.next[0]].append(graph.leaf(.dOutput))
    let readers = Dictionary(grouping: cell.products, by: \.operand)
    let variable = variables()

    for id in stride(from: forwardCount - 1, through: 0, by: -1) {
      if let products = readers[.expression(id)] {
        let reached = products.compactMap { slotGradients[$0.slot] }
        if let phase = reached.map({ graph.phases[$0] }).max() {
          operandPhases[id] = phase + 1
          contributions[id].append(graph.leaf(.dOperand(id), phase: phase + 1))
        }
      }
      guard variable[id], !contributions[id].isEmpty else { continue }
      let total = sum(contributions[id])
      let value = graph.values[id]
      func pass(_ gradient: ValueGraph.ID, to input: ValueGraph.ID) {
        if variable[input] { contributions[input].append(gradient) }
      }
      switch value.operation {
      case .slot(let slot): slotGradients[slot] = total
      case .previous(let state): stateGradients[state] = total
      case .parameter(let place): parameterGradients[place] = total
      case .affine(let scale, _): pass(graph.affine(total, scale: scale, offset: 0), to: value.a)
      case .add:
        pass(total, to: value.a)
        pass(total, to: value.b)
      case .subtract:
        pass(total, to: value.a)
        pass(graph.affine(total, scale: -1, offset: 0), to: value.b)
      case .multiply:
        pass(graph.multiply(total, value.b), to: value.a)
        pass(graph.multiply(total, value.a), to: value.b)
      case .activation(let function):
        pass(graph.derivative(function, total, output: id), to: value.a)
      case .threshold(let alpha):
        pass(graph.gated(.thresholdDerivative(alpha), total, by: value.a), to: value.a)
      case .clip(let limit):
        pass(graph.gated(.clipDerivative(limit), total, by: id), to: value.a)
      case .clipGradient(let limit): pass(graph.unary(.clip(limit), total), to: value.a)
      case .dNext, .dOutput, .dOperand, .constant, .derivative, .thresholdDerivative,
        .clipDerivative, .dropoutMask, .zoneoutMask:
        break
      }
    }

    slots = cell.slotPhases.indices.map { slotGradients[$0] ?? graph.leaf(.constant(0)) }
    previous = cell.next.indices.map { stateGradients[$0] ?? graph.leaf(.constant(0)) }
    parameters = cell.parameters.indices.map { parameterGradients[$0] }
  }

  /// The sum with what is known first in front, so that each phase adds what it knows to one value.
  private mutating func sum(_ terms: [ValueGraph.ID]) -> ValueGraph.ID {
    let ordered = terms.enumerated().sorted {
      (graph.phases[$0.element], $0.offset) < (graph.phases[$1.element], $1.offset)
    }.map(\.element)
    return ordered.dropFirst().reduce(ordered[0]) { graph.add($0, $1) }
  }

  /// Whether each value of the way forward depends on anything that has a gradient.
  private func variables() -> [Bool] {
    var result: [Bool] = []
    for (id, value) in graph.values.enumerated() {
      switch value.operation {
      case .slot, .previous, .parameter: result.append(true)
      default: result.append(graph.inputs(of: id).contains { result[$0] })
      }
    }
    return result
  }
}
