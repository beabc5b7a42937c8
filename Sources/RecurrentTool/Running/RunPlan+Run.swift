import OnnxModels

extension RunPlan {
  /// What the model gives: streamed, the last of each state and all steps of everything else, one behind the
  /// other, along a new first axis unless steps keep theirs.
  ///
  /// - Throws: ``ToolError`` (exit 65) where a node cannot do its work, or steps do not fit each other.
  func run(threads: Int?, progress: Progress) throws(ToolError) -> [String: OnnxTensor] {
    guard let steps else { return try run(given, threads) }
    let fed = Dictionary(uniqueKeysWithValues: feedbacks.map { ($0.output, $0.input) })
    var states: [String: OnnxTensor] = [:]
    var series: [String: [OnnxTensor]] = [:]
    for t in 0..<steps {
      progress.show("step", t, of: steps)
      let results = try run(inputs(ofStep: t).merging(states) { $1 }, threads)
      for (name, result) in results {
        if let input = fed[name] {
          states[input] = result
        } else {
          series[name, default: []].append(result)
        }
      }
    }
    var results: [String: OnnxTensor] = [:]
    for output in model.outputs {
      if let input = fed[output.name] {
        results[output.name] = states[input]
      } else {
        guard
          let joined = OnnxTensor.joined(series[output.name] ?? [], newAxis: !keepsAxis)
        else {
          let last = series[output.name]?.last.map { "\($0)" } ?? "nothing"
          throw .data(
            "\(path): output '\(output.name)': steps have several shapes, the last is \(last)")
        }
        results[output.name] = joined
      }
    }
    return results
  }

  private func run(
    _ inputs: [String: OnnxTensor], _ threads: Int?
  ) throws(ToolError) -> [String: OnnxTensor] {
    do {
      return try model.run(inputs, threads: threads)
    } catch {
      throw .data("\(path): \(error)")
    }
  }
}
