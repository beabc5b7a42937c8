/// A graph as it is run: its nodes in an order in which each follows those that it reads, and its values as
/// places in a frame.
struct GraphPlan: Sendable {
  struct Step: Sendable {
    let place: String
    let node: CompiledNode
    /// The place of each input; nil for an absent one.
    let inputs: [Int?]
    /// The place of each output; nil for one that nobody reads.
    let outputs: [Int?]
    /// The places that nobody reads behind this step.
    var released: [Int] = []
  }

  /// The frame before the first step, with the values that are the same in every run.
  var frame: [OnnxTensor?] = []
  /// The places of the inputs, those that come from an enclosing graph last.
  var inputs: [Int] = []
  var steps: [Step] = []
  var outputs: [Int] = []
  var outputTypes: [OnnxElementType] = []

  /// Runs the graph.
  ///
  /// - Parameter given: as many tensors as there are inputs.
  func run(_ given: [OnnxTensor], _ context: RunContext) throws(OnnxError) -> [OnnxTensor] {
    var values = frame
    for (place, tensor) in zip(inputs, given) { values[place] = tensor }
    for step in steps {
      let read = Inputs(step.inputs.map { place in place.flatMap { values[$0] } })
      let results: [OnnxTensor]
      do throws(OnnxError) {
        results = try step.node.run(read, context)
      } catch {
        throw error.placed(at: step.place)
      }
      for (place, result) in zip(step.outputs, results) {
        if let place { values[place] = result }
      }
      for place in step.released { values[place] = nil }
    }
    var results: [OnnxTensor] = []
    for place in outputs {
      guard let value = values[place] else {
        throw OnnxError(.invalid, at: "graph", "an output was not computed")
      }
      results.append(value)
    }
    return results
  }

  /// Notes behind which step each value is read last.
  mutating func findReleases() {
    var last: [Int: Int] = [:]
    for (i, step) in steps.enumerated() {
      for case .some(let place) in step.inputs + step.outputs { last[place] = i }
    }
    let kept = Set(outputs)
    for (place, i) in last where !kept.contains(place) { steps[i].released.append(place) }
  }
}
