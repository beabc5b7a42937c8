import LinAlg
import Recurrent

// A cell as ONNX's Scan over elementary operators: every cell that this library runs is a definition.

/// A cell, its parameters, and what a pass over sequences needs.
private struct CellScan<S: RecurrentScalar & OnnxScalar> {
  let definition: CellDefinition
  let H: Int
  let P: Int
  /// The parameter of a name.
  let parameter: (String) -> Matrix<S>
  /// The symmetric matrix of a name.
  let symmetric: (String) -> Matrix<S>

  /// The features of each state: the first is the output.
  var stateSizes: [Int] { definition.states.indices.map { $0 == 0 ? P : H } }

  func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) -> OnnxLayerValues {
    let start = state ?? zeros(x, &writer)
    // Products with the input are made for all steps at once.
    var sequences: [(operand: CellOperand, value: OnnxReference, size: Int)] = []
    for node in definition.nodes where isHoisted(node) {
      let value = projected(x, node, &writer)
      sequences.append((.node(node.name), value, parameter(node.name).rows))
    }
    let readsInput =
      definition.nodes.contains { $0.operands.contains(.input) && !isHoisted($0) }
      || definition.states.contains { $0.next == .input }
    if readsInput || sequences.isEmpty { sequences.append((.input, x, -1)) }
    var scanned = sequences.map(\.value)
    if lengths != nil { scanned.append(stepNumbers(x, &writer)) }
    let turned = [Int](repeating: isReversed ? 1 : 0, count: scanned.count)
    let type = S.onnxType
    let made = writer.node(
      "Scan", start + scanned,
      [
        "num_scan_inputs": .int(scanned.count), "scan_input_directions": .ints(turned),
        "scan_output_directions": .ints([isReversed ? 1 : 0]),
      ], outputs: start.count + 1
    ) { body in
      var values: [CellOperand: OnnxReference] = [:]
      for (state, size) in zip(definition.states, stateSizes) {
        values[.state(state.name)] = body.bodyInput(type, [.any, .fixed(size)])
      }
      for (operand, _, size) in sequences {
        values[operand] = body.bodyInput(type, [.any, size < 0 ? .any : .fixed(size)])
      }
      var counts: OnnxReference?
      if let lengths {
        let step = body.bodyInput(.int32, [])
        counts = body.unsqueeze(body.one("Less", [step, lengths]), axis: 1)
      }
      writeStep(&values, &body)
      var output: OnnxReference?
      for (state, size) in zip(definition.states, stateSizes) {
        guard var next = values[state.next], let before = values[.state(state.name)] else {
          continue
        }
        // Where a sequence does not reach, its state stays and its output is 0.
        var shown = next
        if let counts {
          shown = body.one("Where", [counts, next, body.number(0, as: S.self)])
          next = body.one("Where", [counts, next, before])
        }
        if output == nil { output = shown }
        body.bodyOutput(next, type, [.any, .fixed(size)])
      }
      if let output { body.bodyOutput(output, type, [.any, .fixed(P)]) }
    }
    return OnnxLayerValues(
      outputs: made[start.count], finalState: Array(made[..<start.count]))
  }

  /// Whether a node is a product of the input.
  private func isHoisted(_ node: CellNode) -> Bool {
    if case .projection = node.operation { node.operands == [.input] } else { false }
  }

  /// States of zeros for the sequences of `x`.
  private func zeros(_ x: OnnxReference, _ writer: inout OnnxGraphWriter) -> [OnnxReference] {
    let batch = writer.slice(writer.one("Shape", [x]), axis: 0, 1..<2)
    return stateSizes.map { size in
      let shape = writer.concatenate([batch, writer.integers([size])], axis: 0)
      return writer.filled(0, shape, as: S.self)
    }
  }

  /// The numbers of the steps of `x`.
  private func stepNumbers(
    _ x: OnnxReference, _ writer: inout OnnxGraphWriter
  ) -> OnnxReference {
    let steps = writer.slice(writer.one("Shape", [x]), axis: 0, 0..<1)
    let range = writer.one(
      "Range",
      [
        writer.constant(OnnxTensor(Int64(0))), writer.squeeze(steps, axis: 0),
        writer.constant(OnnxTensor(Int64(1))),
      ])
    return writer.cast(range, .int32)
  }

  private func projected(
    _ x: OnnxReference, _ node: CellNode, _ writer: inout OnnxGraphWriter
  ) -> OnnxReference {
    guard case .projection(let hasBias, let form) = node.operation else { return x }
    let weights = form == .symmetric ? symmetric(node.name) : parameter(node.name)
    let product = writer.one("MatMul", [x, writer.turned(weights, name: node.name)])
    guard hasBias else { return product }
    return writer.one("Add", [product, row(parameter(node.name + ".bias"), node.name, &writer)])
  }

  private func row(
    _ values: Matrix<S>, _ name: String, _ writer: inout OnnxGraphWriter
  ) -> OnnxReference {
    writer.constant(OnnxTensor(shape: [values.count], values.elements), name: name)
  }

  /// Writes the nodes of a step, operands before what reads them.
  private func writeStep(
    _ values: inout [CellOperand: OnnxReference], _ body: inout OnnxGraphWriter
  ) {
    var nodes: [String: CellNode] = [:]
    for node in definition.nodes { nodes[node.name] = node }
    // With a stack of its own: a cell may be deeper than the thread's.
    var rest = definition.nodes.filter { values[.node($0.name)] == nil }
    rest.reverse()
    while let node = rest.last {
      if values[.node(node.name)] != nil {
        rest.removeLast()
        continue
      }
      var missing: [CellNode] = []
      for operand in node.operands where values[operand] == nil {
        if case .node(let name) = operand, let node = nodes[name] { missing.append(node) }
      }
      if missing.isEmpty {
        values[.node(node.name)] = written(
          node, node.operands.compactMap { values[$0] }, &body)
        rest.removeLast()
      } else {
        rest += missing
      }
    }
  }

  private func written(
    _ node: CellNode, _ operands: [OnnxReference], _ body: inout OnnxGraphWriter
  ) -> OnnxReference {
    switch node.operation {
    case .projection: return projected(operands[0], node, &body)
    case .standardize(let epsilon):
      return body.standardized(operands[0], axis: 1, epsilon: epsilon, as: S.self)
    case .perUnit: return row(parameter(node.name), node.name, &body)
    case .constant(let value): return body.number(value, as: S.self)
    case .add: return body.one("Add", operands)
    case .subtract: return body.one("Sub", operands)
    case .multiply: return body.one("Mul", operands)
    case .oneMinus: return body.one("Sub", [body.number(1, as: S.self), operands[0]])
    case .activation(let function): return body.activated(operands[0], function, as: S.self)
    case .threshold(let alpha):
      let isAbove = body.one("Greater", [operands[0], body.number(alpha, as: S.self)])
      return body.one("Where", [isAbove, operands[0], body.number(0, as: S.self)])
    case .clip(let limit): return body.clamped(operands[0], -limit, limit, as: S.self)
    case .clipGradient: return operands[0]
    // What they are where nothing is drawn.
    case .dropoutMask: return body.number(1, as: S.self)
    case .zoneoutMask(let rate): return body.number(rate, as: S.self)
    }
  }
}

extension RecurrentLayer where Scalar: OnnxScalar {
  /// The layer as a `Scan` of its cell.
  func writeScan(
    _ definition: CellDefinition, to writer: inout OnnxGraphWriter, x: OnnxReference,
    from state: [OnnxReference]?, lengths: OnnxReference?, isReversed: Bool
  ) -> OnnxLayerValues {
    let parameters = parameters
    let scan = CellScan<Scalar>(
      definition: definition, H: hiddenSize, P: outputSize, parameter: { parameters[$0] },
      symmetric: { parameters.symmetricMatrix($0) })
    return scan.write(to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}

extension DefinedLayer: OnnxWritableLayer where Scalar: OnnxScalar {
  /// One for each state of the definition.
  public var onnxStateSizes: [Int] {
    definition.states.indices.map { $0 == 0 ? outputSize : hiddenSize }
  }

  /// Adds a `Scan` node; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) -> OnnxLayerValues {
    writeScan(
      definition, to: &writer, x: x, from: state, lengths: lengths, isReversed: isReversed)
  }
}
