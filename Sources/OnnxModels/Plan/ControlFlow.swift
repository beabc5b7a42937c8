// If, Loop and Scan: nodes with graphs of their own.

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
    let types = then.plan.outputTypes
    var node = CompiledNode(
      types,
      appending: { (inputs, outputs, context) throws(OnnxError) in
        let isTrue = try inputs[0].truth()
        let memory = (isTrue ? then : other).memory(context, number: isTrue ? 0 : 1)
        let captured = isTrue ? 1..<first : first..<inputs.count
        try memory.begin(inputs, 0..<0, stacks: 0)
        try memory.give(carriedFrom: 0, inputs, captured: captured)
        try memory.run(context)
        try memory.takeOutputs(&outputs, context)
      })
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
    var node = CompiledNode(
      outputs,
      appending: { (inputs, results, context) throws(OnnxError) in
        let most = try inputs.optional(0)?.integer()
        var goesOn = try inputs.optional(1)?.truth() ?? true
        let memory = body.memory(context)
        try memory.begin(inputs, 2..<2 + states, stacks: outputs.count - states)
        var round = 0
        while goesOn && round < most ?? Int.max {
          guard round < context.limits.loopRounds else {
            throw OnnxError(.limit, "more than \(context.limits.loopRounds) rounds")
          }
          memory.give(try context.make(Int64(round)), 0)
          memory.give(try context.make(true), 1)
          try memory.give(carriedFrom: 2, inputs, captured: 2 + states..<inputs.count)
          try memory.run(context)
          goesOn = try memory.output(0).truth()
          try memory.takeRound(from: 1, states: states, number: round, of: nil, context)
          round += 1
        }
        results.append(contentsOf: memory.carried)
        for i in states..<outputs.count {
          results.append(
            try memory.stacks[i - states].taken(
              outputs[i], rounds: round, declared: body.declared[1 + i], context))
        }
      })
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
    var node = CompiledNode(
      outputs,
      appending: { (inputs, results, context) throws(OnnxError) in
        let memory = body.memory(context)
        try memory.begin(inputs, 0..<states, stacks: stacked)
        let sequences = try context.planned(inputs) { () throws(OnnxError) in
          try ScannedSequences(inputs, from: states, axes: inputAxes, turns: inputTurns)
        }
        let steps = sequences.steps
        guard steps <= context.limits.loopRounds else {
          throw OnnxError(
            .limit, "\(steps) rounds, at most \(context.limits.loopRounds) are allowed")
        }
        try sequences.begin(inputs, from: states, context)
        for step in 0..<steps {
          for i in 0..<scanned { memory.give(try sequences.row(step, of: i, context), states + i) }
          try memory.give(carriedFrom: 0, inputs, captured: states + scanned..<inputs.count)
          try memory.run(context)
          try memory.takeRound(from: 0, states: states, number: step, of: steps, context)
        }
        sequences.end(context)
        results.append(contentsOf: memory.carried)
        for i in 0..<stacked {
          results.append(
            try memory.stacks[i].taken(
              outputs[states + i], rounds: steps, declared: body.declared[states + i],
              axis: outputAxes[i], backwards: outputTurns[i] != 0, context))
        }
      })
    node.captures = body.captures
    node.isFoldable = false
    return node
  }
}

/// The sequences of a scan, of which each round gets a step.
private final class ScannedSequences {
  let steps: Int
  private let turns: [Int]
  /// How the axes are ordered with the scanned one first; nil where it is the first.
  private var orders: [[Int]?] = []
  /// The shape of a step of each.
  private var rows: [[Int]] = []
  private var sequences: [OnnxTensor?] = []

  /// For sequences of the shapes of these.
  init(
    _ inputs: Inputs, from first: Int, axes: [Int], turns: [Int]
  ) throws(OnnxError) {
    self.turns = turns
    var counts: [Int] = []
    for i in axes.indices {
      var shape = try inputs[first + i].shape
      let axis = try axis(axes[i], rank: shape.count)
      var order = Array(shape.indices)
      order.insert(order.remove(at: axis), at: 0)
      orders.append(axis == 0 ? nil : order)
      counts.append(shape.remove(at: axis))
      rows.append(shape)
    }
    steps = counts[0]
    try check(counts.allSatisfy { $0 == counts[0] }, "sequences of \(counts) steps")
  }

  func begin(_ inputs: Inputs, from first: Int, _ context: RunContext) throws(OnnxError) {
    sequences.removeAll(keepingCapacity: true)
    for i in 0..<orders.count {
      var x = try inputs[first + i]
      if let order = orders[i] { x = try transposed(x, order, context) }
      sequences.append(x)
    }
  }

  /// A round's step of a sequence.
  func row(_ step: Int, of number: Int, _ context: RunContext) throws(OnnxError) -> OnnxTensor {
    guard let x = sequences[number] else {
      throw OnnxError(.invalid, "sequence \(number) is missing")
    }
    let row = try context.make(x.type, rows[number])
    let at = turns[number] == 0 ? step : steps - 1 - step
    row.bytes.copyMemory(from: x.bytes + at * row.byteCount, byteCount: row.byteCount)
    withExtendedLifetime(x) {}
    return row
  }

  /// Lets go of the sequences.
  func end(_ context: RunContext) {
    for i in 0..<sequences.count { context.release(&sequences[i]) }
  }
}
