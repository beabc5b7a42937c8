import LinAlg
import Recurrent
import SequenceModels

/// Sorting numbers by pointing at them (Vinyals et al. 2016), trained on 5 to 10 numbers.
enum PointerSort: Experiment {
  static let name = "pointer-sort"
  static let summary = "a pointer network sorts numbers, also more than it was trained on"

  static func measure(_ run: ExperimentRun) throws {
    let training = PointerTraining(
      run: run, units: run.choose(smoke: 32, full: 128),
      updates: run.choose(smoke: 400, full: 6000))
    let batch = run.choose(smoke: 32, full: 128)
    func draw(_ steps: Int, _ count: Int, _ rng: inout SeededGenerator) -> PointerInstances {
      PointerInstances(steps: steps, count: count, features: 1, using: &rng) { numbers in
        numbers.indices.sorted { numbers[$0][0] < numbers[$1][0] }
      }
    }
    var network = training.makeNetwork(features: 1, rule: .each)
    let curve = try training.train(&network) { rng in
      draw(Int.random(in: 5...10, using: &rng), batch, &rng)
    }

    let count = run.choose(smoke: 200, full: 2000)
    var rng = SeededGenerator(seed: run.seed &+ 2_000_003)
    let parameters = network.parameters.scalarCount
    for (steps, target) in [
      (5, run.choose(smoke: Target.atLeast(0.8), full: .atLeast(0.9))),
      (10, run.choose(smoke: nil, full: .atLeast(0.6))), (20, nil),
    ] {
      let instances = draw(steps, count, &rng)
      let found = training.decode(network, instances, width: 1).map { $0.first ?? [] }
      let right = (0..<count).count { found[$0] == instances.orders[$0] }
      run.report(
        "\(steps) numbers, sorted exactly", Double(right) / Double(count), target,
        parameters: parameters, note: "\(count) held out, greedy")
      if steps < 20 { continue }
      var inOrder = 0
      for (n, order) in found.enumerated() {
        for (a, b) in zip(order, order.dropFirst())
        where instances.points[a, n, 0] <= instances.points[b, n, 0] { inOrder += 1 }
      }
      run.report(
        "\(steps) numbers, neighbours in order", Double(inOrder) / Double(count * (steps - 1)),
        run.choose(smoke: .atLeast(0.8), full: .atLeast(0.95)), parameters: parameters,
        note: "trained on 5 to 10 numbers")
    }
    run.show(PointerTraining.figure("Sorting by pointing", curve))
  }
}
