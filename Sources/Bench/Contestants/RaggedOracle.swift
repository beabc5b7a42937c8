/// What a batch whose sequences have different lengths must come to: the scalar loops in double precision over
/// each sequence alone. After its end outputs and gradients of the inputs are zeros, and its final state is
/// that of its own last step.
enum RaggedOracle {
  static func results(_ workload: Workload, _ lengths: [Int]) -> Results {
    let (T, N) = (workload.shape.T, workload.shape.N)
    var results = Results(steps: T, batch: N)
    for n in 0..<N {
      var alone = workload.restricted(to: [n]).prefix(steps: lengths[n])
      alone.lengths = nil
      let oracle = Oracle(alone)
      oracle.call()
      for (name, elements) in oracle.results().tensors {
        switch name.layout {
        case .summed:
          let sum = results.tensors[name] ?? [Double](repeating: 0, count: elements.count)
          results.tensors[name] = zip(sum, elements).map { $0 + $1 }
        case .perSequence:
          results.tensors[name, default: []] += elements
        case .perStep:
          let features = elements.count / lengths[n]
          var all = results.tensors[name] ?? [Double](repeating: 0, count: T * N * features)
          for t in 0..<lengths[n] {
            let place = (t * N + n) * features
            all.replaceSubrange(
              place..<place + features, with: elements[t * features..<(t + 1) * features])
          }
          results.tensors[name] = all
        }
      }
    }
    return results
  }
}
