import LinAlg
import RealModule
import Recurrent
import SequenceModels

/// Convex hulls of points in the unit square by pointing at their corners (Vinyals et al. 2015): one network,
/// trained on 5 to 50 points. It begins with the leftmost corner and goes counter-clockwise; right is every
/// beginning and direction.
enum PointerHull: Experiment {
  static let name = "pointer-hull"
  static let summary = "a pointer network finds convex hulls of 5 to 50 points"

  static func measure(_ run: ExperimentRun) throws {
    let training = PointerTraining(
      run: run, units: run.choose(smoke: 64, full: 128),
      updates: run.choose(smoke: 1500, full: 30_000))
    // As many points in each update, whatever their number in an instance.
    let points = run.choose(smoke: 300, full: 2000)
    let largest = run.choose(smoke: 10.0, full: 50)
    func draw(_ steps: Int, _ count: Int, _ rng: inout SeededGenerator) -> PointerInstances {
      PointerInstances(steps: steps, count: count, features: 2, using: &rng, order: hull)
    }
    var network = training.makeNetwork(features: 2, rule: .once)
    let curve = try training.train(&network) { rng in
      // As often 5 to 10 as 10 to 20, 20 to 40.
      let steps = Int(5 * Double.pow((largest + 1) / 5, .random(in: 0..<1, using: &rng)))
      return draw(steps, points / steps, &rng)
    }

    let count = run.choose(smoke: 200, full: 5000)
    var rng = SeededGenerator(seed: run.seed &+ 2_000_003)
    for (steps, target) in run.choose(
      smoke: [(5, Target.atLeast(0.7) as Target?)],
      full: [(5, .atLeast(0.92)), (10, .atLeast(0.87)), (20, nil), (50, nil)])
    {
      let instances = draw(steps, count, &rng)
      let found = training.decode(network, instances, width: run.choose(smoke: 1, full: 4))
      let right = (0..<count).count {
        isSamePolygon(found[$0].first ?? [], instances.orders[$0])
      }
      run.report(
        "\(steps) points, same polygon", Double(right) / Double(count), target,
        parameters: network.parameters.scalarCount, note: "\(count) held out")
    }
    run.show(PointerTraining.figure("Convex hulls by pointing", curve))
  }

  /// The corners of the convex hull counter-clockwise from the leftmost on, by Andrew's monotone chain (1979).
  static func hull(_ points: [[Double]]) -> [Int] {
    let sorted = points.indices.sorted {
      (points[$0][0], points[$0][1]) < (points[$1][0], points[$1][1])
    }
    func chain(_ order: some Sequence<Int>) -> [Int] {
      var corners: [Int] = []
      for p in order {
        while corners.count >= 2,
          turn(points[corners[corners.count - 2]], points[corners[corners.count - 1]], points[p])
            <= 0
        { corners.removeLast() }
        corners.append(p)
      }
      return corners
    }
    return Array(chain(sorted).dropLast() + chain(sorted.reversed()).dropLast())
  }

  /// Positive where the way from `a` over `b` to `c` turns left.
  private static func turn(_ a: [Double], _ b: [Double], _ c: [Double]) -> Double {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
  }

  /// The same round, from the lowest number on.
  private static func fromLowest(_ corners: [Int]) -> [Int] {
    guard let first = corners.indices.min(by: { corners[$0] < corners[$1] }) else { return [] }
    return Array(corners[first...] + corners[..<first])
  }

  /// Whether two rounds are the same polygon, wherever they begin and whichever way they go.
  static func isSamePolygon(_ a: [Int], _ b: [Int]) -> Bool {
    let (a, b) = (fromLowest(a), fromLowest(b))
    return a == b || fromLowest(a.reversed()) == b
  }
}
