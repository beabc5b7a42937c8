internal import Charts
import LinAlg
import Recurrent

extension CellDefinition {
  /// The cell as a picture, the text of an SVG file: what a step reads at the top, what the states become at the
  /// bottom, and each value between them below those that it is made of.
  ///
  /// A product with a matrix of weights bears that one's name; its bias and other numbers for each unit stand as
  /// nodes of their own.
  ///
  /// - Parameter title: its heading; nil for the cell's name.
  public func drawing(title: String? = nil) -> String {
    var graph = LayeredGraph(label: title ?? name)
    var places: [CellOperand: Int] = [:]
    let byName = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0) })
    func place(_ operand: CellOperand) -> Int {
      if let known = places[operand] { return known }
      let place: Int
      if case .node(let name) = operand, let node = byName[name] {
        place = graph.add(node.label, node.operation.kind, title: node.summary)
      } else {
        place = graph.add(operand.label, .source, title: operand.description)
      }
      places[operand] = place
      return place
    }
    for node in nodes {
      for operand in node.operands { graph.connect(place(operand), to: place(.node(node.name))) }
    }
    for state in states {
      let next = graph.add(state.name, .result, title: "\(state.name) after the step")
      graph.connect(place(state.next), to: next)
    }
    return graph.svg().document
  }
}

extension CellOperand {
  fileprivate var label: String {
    switch self {
    case .input: "x"
    case .state(let name): "\(name) before"
    case .node(let name): name
    }
  }
}

extension CellOperation {
  fileprivate var kind: LayeredGraph.Kind {
    switch self {
    case .projection, .perUnit: .parameter
    default: .value
    }
  }
}

extension CellNode {
  /// What stands in the node.
  fileprivate var label: String {
    switch operation {
    case .projection: "\(name)·"
    case .perUnit: name
    case .standardize: "standardize"
    case .constant(let value): Format.shortest(value)
    case .add: "+"
    case .subtract: "−"
    case .multiply: "⊙"
    case .oneMinus: "1 −"
    case .activation(.sigmoid): "σ"
    case .activation(let function): function.form.name
    case .threshold: "threshold"
    case .clip: "clip"
    case .clipGradient: "clip gradient"
    case .dropoutMask: "dropout"
    case .zoneoutMask: "zoneout"
    }
  }

  /// The node in a line.
  fileprivate var summary: String {
    operands.isEmpty ? name : "\(name): \(operands.map(\.description).joined(separator: ", "))"
  }
}
