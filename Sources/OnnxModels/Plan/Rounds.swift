/// A graph of a node: its plan, and the values of the enclosing graph that it reads.
struct Body: Sendable {
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

  /// What one of the node's graphs keeps from run to run.
  ///
  /// - Parameter number: which of them it is.
  func memory(_ context: RunContext, number: Int = 0) -> BodyMemory {
    context.kept(number) { BodyMemory(plan) }
  }
}

/// What a graph of a node keeps from run to run, and from round to round.
final class BodyMemory {
  private let plan: GraphPlan
  private let graph: GraphMemory
  /// The values that go from round to round, and behind the last are the node's first outputs.
  var carried: [OnnxTensor] = []
  /// The outputs of rounds that become one tensor each.
  var stacks: [RoundStack] = []

  init(_ plan: GraphPlan) {
    self.plan = plan
    graph = GraphMemory(plan)
  }

  /// Begins a run of the node, which carries some of its inputs on.
  func begin(_ inputs: Inputs, _ states: Range<Int>, stacks count: Int) throws(OnnxError) {
    carried.removeAll(keepingCapacity: true)
    for i in states { carried.append(try inputs[i]) }
    while stacks.count < count { stacks.append(RoundStack()) }
    for stack in stacks { stack.begin() }
  }

  /// Gives the graph one of its inputs.
  func give(_ tensor: OnnxTensor, _ input: Int) { graph.frame.values[plan.inputs[input]] = tensor }

  /// Gives the graph the values that are carried on, from one of its inputs on, and what it reads of the enclosing
  /// graph, which are inputs of the node.
  func give(
    carriedFrom first: Int, _ inputs: Inputs, captured: Range<Int>
  ) throws(OnnxError) {
    for i in 0..<carried.count { give(carried[i], first + i) }
    carried.removeAll(keepingCapacity: true)
    let behind = plan.inputs.count - captured.count
    for i in 0..<captured.count { give(try inputs[captured.lowerBound + i], behind + i) }
  }

  /// Runs the graph.
  func run(_ context: RunContext) throws(OnnxError) {
    let caller = context.step
    try plan.run(graph, context)
    context.resume(caller)
  }

  /// An output, behind a run.
  func output(_ number: Int) throws(OnnxError) -> OnnxTensor { try plan.output(number, graph) }

  /// Takes the outputs of a round: those that are carried on, and those that are stacked, one behind the other.
  ///
  /// - Parameters:
  ///   - first: the first of them.
  ///   - states: how many are carried on.
  ///   - number: of the round.
  ///   - count: how many rounds there are; nil where nobody knows.
  func takeRound(
    from first: Int, states: Int, number: Int, of count: Int?, _ context: RunContext
  ) throws(OnnxError) {
    for i in 0..<states { carried.append(try output(first + i)) }
    for i in 0..<plan.outputs.count - first - states {
      try stacks[i].add(output(first + states + i), number, of: count, context)
    }
    plan.clear(graph, context)
  }

  /// Takes all outputs.
  func takeOutputs(_ outputs: inout [OnnxTensor], _ context: RunContext) throws(OnnxError) {
    for i in plan.outputs.indices { outputs.append(try output(i)) }
    plan.clear(graph, context)
  }
}

/// Outputs of rounds that become one tensor.
final class RoundStack {
  private var whole: OnnxTensor?
  /// The shape of a round's output, and behind the number of rounds that of the whole.
  private var row: [Int] = []
  private var shape: [Int] = []
  /// How many rounds the memory is for; a run most likely has as many as the one before.
  private var capacity = 0

  func begin() { whole = nil }

  /// Adds the output of a round.
  ///
  /// - Parameters:
  ///   - round: which one it is; they come in order.
  ///   - count: how many there are; nil where nobody knows.
  func add(
    _ tensor: OnnxTensor, _ round: Int, of count: Int?, _ context: RunContext
  ) throws(OnnxError) {
    if round == 0, row != tensor.shape { (row, capacity) = (tensor.shape, 0) }
    guard tensor.shape == row else {
      throw OnnxError(.invalid, "an output of a round is \(tensor.shape), of the first \(row)")
    }
    if whole == nil || round >= capacity {
      let most = context.limits.tensorBytes / max(tensor.byteCount, 1)
      let wanted = count ?? max(capacity, 2 * round, 1)
      try grow(to: min(wanted, max(most, round + 1)), tensor.type, filled: round, context)
    }
    guard let whole else { return }
    (whole.bytes + round * tensor.byteCount).copyMemory(
      from: tensor.bytes, byteCount: tensor.byteCount)
    withExtendedLifetime(tensor) {}
  }

  private func grow(
    to count: Int, _ type: OnnxElementType, filled: Int, _ context: RunContext
  ) throws(OnnxError) {
    if shape.first != count || !shape.dropFirst().elementsEqual(row) { shape = [count] + row }
    capacity = count
    var before = whole
    let next: OnnxTensor
    do throws(OnnxError) {
      next = try context.make(type, shape)
    } catch {
      guard error.kind == .limit else { throw error }
      throw OnnxError(
        .limit,
        "outputs of \(count) rounds, at most \(context.limits.tensorBytes) bytes are allowed")
    }
    if let before, count > 0 {
      next.bytes.copyMemory(from: before.bytes, byteCount: filled * (next.byteCount / count))
    }
    whole = next
    context.release(&before)
  }

  /// All of them along an axis, or backwards.
  ///
  /// - Parameters:
  ///   - rounds: how many there were.
  ///   - declared: the shape of a round's output, where there was none.
  func taken(
    _ type: OnnxElementType, rounds: Int, declared: [Int], axis along: Int = 0,
    backwards: Bool = false, _ context: RunContext
  ) throws(OnnxError) -> OnnxTensor {
    if whole == nil { whole = try context.make(type, [0] + declared) }
    guard var made = whole else { throw OnnxError(.invalid, "no outputs of rounds") }
    whole = nil
    if made.shape[0] != rounds {
      let row = Array(made.shape.dropFirst())
      made = OnnxTensor(
        type, [rounds] + row, count: rounds * row.reduce(1, *), made.storage)
    }
    let axis = try axis(along, rank: made.shape.count)
    if backwards {
      let turned = try context.make(type, made.shape)
      let bytes = rounds > 0 ? made.byteCount / rounds : 0
      for i in 0..<rounds {
        (turned.bytes + i * bytes).copyMemory(
          from: made.bytes + (rounds - 1 - i) * bytes, byteCount: bytes)
      }
      var before: OnnxTensor? = made
      made = turned
      context.release(&before)
    }
    if axis == 0 { return made }
    var order = Array(1..<made.shape.count)
    order.insert(0, at: axis)
    return try transposed(made, order, context)
  }
}
