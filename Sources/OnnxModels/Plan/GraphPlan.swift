/// A graph as it is run: its nodes in an order in which each follows those that it reads, and its values as
/// places in a frame.
struct GraphPlan: Sendable {
  final class Step: Sendable {
    let place: String
    let node: CompiledNode
    /// The place of each input; nil for an absent one.
    let inputs: [Int?]
    /// The place of each output; nil for one that nobody reads.
    let outputs: [Int?]
    /// The places that nobody reads behind this step.
    let released: [Int]
    /// Whether it computes outputs of the graph.
    let isLast: Bool
    /// Whether all that it reads are whole numbers and truth values: such as shapes, which are the same in
    /// many runs.
    let readsNumbers: Bool

    init(
      place: String, node: CompiledNode, inputs: [Int?], outputs: [Int?], released: [Int] = [],
      isLast: Bool = false, readsNumbers: Bool
    ) {
      (self.place, self.node, self.inputs, self.outputs) = (place, node, inputs, outputs)
      (self.released, self.isLast, self.readsNumbers) = (released, isLast, readsNumbers)
    }
  }

  /// The frame before the first step, with the values that are the same in every run.
  var frame: [OnnxTensor?] = []
  /// The places of the inputs, those that come from an enclosing graph last.
  var inputs: [Int] = []
  var steps: [Step] = []
  var outputs: [Int] = []
  var outputTypes: [OnnxElementType] = []
  /// The places that no step releases: those of outputs, and of inputs that nobody reads.
  private var open: [Int] = []

  /// With more elements, comparing them costs more than computing with them.
  private static let fewElements = 64
  /// Larger answers are not kept, since kept memory is no memory for other values.
  private static let fewBytes = 1 << 20

  /// Runs the graph, whose inputs are in the frame; its outputs are there then.
  func run(_ memory: GraphMemory, _ context: RunContext) throws(OnnxError) {
    let frame = memory.frame
    for i in 0..<steps.count {
      let (step, own) = (steps[i], memory.steps[i])
      let inputs = Inputs(frame, step.inputs)
      let isSmall =
        step.readsNumbers && inputs.count > 0 && inputs.elementCount <= Self.fewElements
      if isSmall, own.answers.sees(inputs, reading: 0..<inputs.count),
        let known = own.answers.plan as? PlanBox<[OnnxTensor]>
      {
        for i in 0..<min(known.plan.count, step.outputs.count) {
          if let place = step.outputs[i] { frame.values[place] = known.plan[i] }
        }
      } else {
        memory.results.removeAll(keepingCapacity: true)
        context.begin(own, leaves: memory.isOutermost && step.isLast)
        do throws(OnnxError) {
          try step.node.run(inputs, &memory.results, context)
        } catch {
          throw error.placed(at: step.place)
        }
        if isSmall, memory.results.reduce(0, { $0 + $1.byteCount }) <= Self.fewBytes {
          own.answers.see(inputs, reading: 0..<inputs.count)
          own.answers.plan = PlanBox(memory.results)
        }
        store(memory, step, context)
      }
      for j in 0..<step.released.count { context.release(&frame.values[step.released[j]]) }
    }
  }

  /// Puts what a node has made into the frame; what nobody reads is memory for the next node.
  private func store(_ memory: GraphMemory, _ step: Step, _ context: RunContext) {
    var i = memory.results.count
    while i > 0 {
      i -= 1
      var result = memory.results.popLast()
      if i < step.outputs.count, let place = step.outputs[i] {
        memory.frame.values[place] = result
      } else {
        context.release(&result)
      }
    }
  }

  /// An output, behind a run.
  func output(_ number: Int, _ memory: GraphMemory) throws(OnnxError) -> OnnxTensor {
    guard let value = memory.frame.values[outputs[number]] else {
      throw OnnxError(.invalid, at: "graph", "an output was not computed")
    }
    return value
  }

  /// Lets go of what a run has left in the frame.
  func clear(_ memory: GraphMemory, _ context: RunContext) {
    for i in 0..<open.count { context.release(&memory.frame.values[open[i]]) }
  }

  /// Notes behind which step each value is read last, and which nobody reads.
  mutating func findReleases() {
    let constants = Set(frame.indices.filter { frame[$0] != nil })
    let kept = Set(outputs)
    var last: [Int: Int] = [:]
    var read = kept
    for (i, step) in steps.enumerated() {
      for case .some(let place) in step.inputs + step.outputs { last[place] = i }
      for case .some(let place) in step.inputs { read.insert(place) }
    }
    var released = [[Int]](repeating: [], count: steps.count)
    for (place, i) in last where !kept.contains(place) && !constants.contains(place) {
      released[i].append(place)
    }
    steps = steps.enumerated().map { i, step in
      Step(
        place: step.place, node: step.node, inputs: step.inputs,
        outputs: step.outputs.map { place in place.flatMap { read.contains($0) ? $0 : nil } },
        released: released[i].sorted(),
        isLast: step.outputs.contains { $0.map(kept.contains) ?? false },
        readsNumbers: step.readsNumbers)
    }
    open = kept.union(inputs.filter { last[$0] == nil }).subtracting(constants).sorted()
  }
}

/// What a graph keeps from run to run: its frame, and what its nodes keep.
final class GraphMemory {
  let frame: Frame
  let steps: [StepMemory]
  /// Whether its outputs are those of the model.
  let isOutermost: Bool
  /// The outputs of the node that is being run.
  var results: [OnnxTensor] = []

  init(_ plan: GraphPlan, isOutermost: Bool = false) {
    frame = Frame(plan.frame)
    steps = plan.steps.map { StepMemory(wanted: $0.outputs.map { $0 != nil }) }
    self.isOutermost = isOutermost
  }
}
