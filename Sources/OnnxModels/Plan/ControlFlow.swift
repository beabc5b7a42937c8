// If, Loop and Scan: nodes with graphs of their own.

/// A graph of a node: its plan, and the values of the enclosing graph that it reads.
private struct Body: Sendable {
  let plan: GraphPlan
  let captures: [String]
  /// The shape of each output as far as the file declares it, 0 for what it leaves open.
  let declared: [[Int]]

  /// - Parameter types: of its inputs; nil where the graph's own declarations count.
  init(
    _ graph: Onnx_GraphProto, inside outer: GraphCompiler, types: [OnnxElementType]
  ) throws(OnnxError) {
    guard graph.input.count == types.count else {
      throw OnnxError(
        .malformed, "a body of \(graph.input.count) inputs, expected \(types.count)")
    }
    var inputs: [(name: String, type: OnnxElementType)] = []
    for (input, type) in zip(graph.input, types) {
      if input.hasType {
        let declared = try OnnxValue.elementType(input)
        guard declared == type else {
          throw OnnxError(
            .malformed, "the body's input '\(input.name)' is of type \(declared), given is \(type)")
        }
      }
      inputs.append((input.name, type))
    }
    let compiler = GraphCompiler(outer.model, inside: outer)
    plan = try compiler.compile(graph, inputs: inputs)
    captures = compiler.captures
    declared = graph.output.map { output in
      output.type.tensorType.shape.dim.map { Int(clamping: max($0.dimValue, 0)) }
    }
  }

  /// - Parameter number: which of the node's graphs it is.
  func run(
    _ given: [OnnxTensor], _ captured: [OnnxTensor], _ context: RunContext, number: Int = 0
  ) throws(OnnxError) -> [OnnxTensor] {
    let memory = context.kept(number) { GraphMemory(plan) }
    return try plan.run(given + captured, memory, context)
  }
}

/// Outputs of rounds that become one tensor.
private struct Rounds {
  private var tensors: [OnnxTensor] = []
  private var bytes = 0

  mutating func append(_ tensor: OnnxTensor, _ context: RunContext) throws(OnnxError) {
    if let first = tensors.first, first.shape != tensor.shape {
      throw OnnxError(
        .invalid, "an output of a round is \(tensor.shape), of the first \(first.shape)")
    }
    bytes += tensor.byteCount
    guard bytes <= context.limits.tensorBytes else {
      throw OnnxError(
        .limit,
        "outputs of \(tensors.count) rounds, at most \(context.limits.tensorBytes) bytes are allowed"
      )
    }
    tensors.append(tensor)
  }

  /// All of them along a new axis, or backwards.
  func stacked(
    _ type: OnnxElementType, declared: [Int], axis along: Int = 0, backwards: Bool = false,
    _ context: RunContext
  ) throws(OnnxError) -> OnnxTensor {
    let shape = tensors.first?.shape ?? declared
    let axis = try axis(along, rank: shape.count + 1)
    let all = backwards ? tensors.reversed() : tensors
    let result = try context.make(type, [all.count] + shape)
    for (i, tensor) in all.enumerated() {
      (result.bytes + i * tensor.byteCount).copyMemory(
        from: tensor.bytes, byteCount: tensor.byteCount)
    }
    withExtendedLifetime(all) {}
    if axis == 0 { return result }
    var order = Array(1...shape.count)
    order.insert(0, at: axis)
    return try transposed(result, order, context)
  }
}

enum ControlFlow {
  static func branch(
    _ reader: inout NodeReader, _ graph: GraphCompiler
  ) throws(OnnxError) -> CompiledNode {
    try reader.inputs(1)
    try reader.expect(0, .bool)
    let then = try Body(reader.graph("then_branch"), inside: graph, types: [])
    let other = try Body(reader.graph("else_branch"), inside: graph, types: [])
    guard then.plan.outputTypes == other.plan.outputTypes else {
      throw OnnxError(
        .malformed,
        "branches with outputs \(then.plan.outputTypes) and \(other.plan.outputTypes)")
    }
    let first = 1 + then.captures.count
    var node = CompiledNode(then.plan.outputTypes) { (inputs, context) throws(OnnxError) in
      let isTrue = try inputs[0].truth()
      return isTrue
        ? try then.run([], inputs.tensors(1..<first), context)
        : try other.run([], inputs.tensors(first..<inputs.count), context, number: 1)
    }
    node.captures = then.captures + other.captures
    node.isFoldable = false
    return node
  }

  static func loop(
    _ reader: inout NodeReader, _ graph: GraphCompiler
  ) throws(OnnxError) -> CompiledNode {
    guard reader.inputTypes.count >= 2 else {
      throw OnnxError(.malformed, "\(reader.inputTypes.count) inputs, at least 2 expected")
    }
    try reader.expect(0, .int64)
    try reader.expect(1, .bool)
    let states = reader.inputTypes.count - 2
    var types: [OnnxElementType] = [.int64, .bool]
    for i in 0..<states { types.append(try reader.type(2 + i)) }
    let body = try Body(reader.graph("body"), inside: graph, types: types)
    let results = body.plan.outputTypes
    guard results.count > states, Array(results[...states]) == Array(types[1...]) else {
      throw OnnxError(.malformed, "a body from \(types) to \(results)")
    }
    let outputs = Array(results.dropFirst())
    var node = CompiledNode(outputs) { (inputs, context) throws(OnnxError) in
      let most = try inputs.optional(0)?.integer()
      var goesOn = try inputs.optional(1)?.truth() ?? true
      var carried = try inputs.tensors(2..<2 + states)
      let captured = try inputs.tensors(2 + states..<inputs.count)
      var rounds = [Rounds](repeating: Rounds(), count: outputs.count - states)
      var round = 0
      while goesOn && round < most ?? Int.max {
        guard round < context.limits.loopRounds else {
          throw OnnxError(.limit, "more than \(context.limits.loopRounds) rounds")
        }
        let made = try body.run(
          [OnnxTensor(Int64(round)), OnnxTensor(true)] + carried, captured, context)
        goesOn = try made[0].truth()
        carried = Array(made[1..<1 + states])
        for i in rounds.indices { try rounds[i].append(made[1 + states + i], context) }
        round += 1
      }
      for i in rounds.indices {
        carried.append(
          try rounds[i].stacked(
            outputs[states + i], declared: body.declared[1 + states + i], context))
      }
      return carried
    }
    node.captures = body.captures
    node.isFoldable = false
    return node
  }

  static func scan(
    _ reader: inout NodeReader, _ graph: GraphCompiler
  ) throws(OnnxError) -> CompiledNode {
    guard let scanned = try reader.int("num_scan_inputs"), scanned > 0,
      scanned <= reader.inputTypes.count
    else { throw OnnxError(.malformed, "num_scan_inputs does not fit the inputs") }
    let states = reader.inputTypes.count - scanned
    var types: [OnnxElementType] = []
    for i in reader.inputTypes.indices { types.append(try reader.type(i)) }
    let body = try Body(reader.graph("body"), inside: graph, types: types)
    let outputs = body.plan.outputTypes
    guard outputs.count >= states, Array(outputs[..<states]) == Array(types[..<states]) else {
      throw OnnxError(.malformed, "a body from \(types) to \(outputs)")
    }
    let stacked = outputs.count - states
    func list(_ name: String, _ count: Int) throws(OnnxError) -> [Int] {
      let given = try reader.ints(name) ?? [Int](repeating: 0, count: count)
      guard given.count == count else {
        throw OnnxError(.malformed, "\(given.count) \(name), expected \(count)")
      }
      return given
    }
    let (inputAxes, inputTurns) = (
      try list("scan_input_axes", scanned), try list("scan_input_directions", scanned)
    )
    let (outputAxes, outputTurns) = (
      try list("scan_output_axes", stacked), try list("scan_output_directions", stacked)
    )
    var node = CompiledNode(outputs) { (inputs, context) throws(OnnxError) in
      var carried = try inputs.tensors(0..<states)
      var sequences: [OnnxTensor] = []
      for i in 0..<scanned {
        let x = try inputs[states + i]
        let axis = try axis(inputAxes[i], rank: x.shape.count)
        var order = Array(x.shape.indices)
        order.insert(order.remove(at: axis), at: 0)
        sequences.append(axis == 0 ? x : try transposed(x, order, context))
      }
      let captured = try inputs.tensors(states + scanned..<inputs.count)
      let steps = sequences[0].shape[0]
      try check(
        sequences.allSatisfy { $0.shape[0] == steps },
        "sequences of \(sequences.map { $0.shape[0] }) steps")
      guard steps <= context.limits.loopRounds else {
        throw OnnxError(.limit, "\(steps) rounds, at most \(context.limits.loopRounds) are allowed")
      }
      var rounds = [Rounds](repeating: Rounds(), count: stacked)
      for step in 0..<steps {
        var given = carried
        for (i, x) in sequences.enumerated() {
          let row = try context.make(x.type, Array(x.shape.dropFirst()))
          let at = inputTurns[i] == 0 ? step : steps - 1 - step
          row.bytes.copyMemory(from: x.bytes + at * row.byteCount, byteCount: row.byteCount)
          given.append(row)
        }
        let made = try body.run(given, captured, context)
        carried = Array(made[..<states])
        for i in rounds.indices { try rounds[i].append(made[states + i], context) }
      }
      for i in rounds.indices {
        carried.append(
          try rounds[i].stacked(
            outputs[states + i], declared: body.declared[states + i], axis: outputAxes[i],
            backwards: outputTurns[i] != 0, context))
      }
      return carried
    }
    node.captures = body.captures
    node.isFoldable = false
    return node
  }
}
