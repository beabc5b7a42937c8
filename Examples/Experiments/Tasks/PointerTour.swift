import LinAlg
import Recurrent
import SequenceModels

/// Shortest tours over cities in the unit square by pointing (Vinyals et al. 2015), trained on optimal tours over
/// 5 and 10 cities: from the first city on, counter-clockwise.
enum PointerTour: Experiment {
  static let name = "pointer-tsp"
  static let summary = "a pointer network finds short tours over 5 and 10 cities"

  static func measure(_ run: ExperimentRun) throws {
    let training = PointerTraining(
      run: run, units: run.choose(smoke: 32, full: 128),
      updates: run.choose(smoke: 300, full: 20_000))
    let batch = run.choose(smoke: 32, full: 128)
    func draw(_ steps: Int, _ count: Int, _ rng: inout SeededGenerator) -> PointerInstances {
      PointerInstances(steps: steps, count: count, features: 2, using: &rng, order: shortestTour)
    }
    var network = training.makeNetwork(features: 2, rule: .each)
    let curve = try training.train(&network) { rng in
      // Ten cities are the harder ones.
      draw(Int.random(in: 0..<4, using: &rng) == 0 ? 5 : 10, batch, &rng)
    }

    let count = run.choose(smoke: 200, full: 10_000)
    let width = run.choose(smoke: 2, full: 8)
    var rng = SeededGenerator(seed: run.seed &+ 2_000_003)
    for (steps, target) in [
      (5, run.choose(smoke: Target.atMost(1.06), full: .atMost(1.005))),
      (10, run.choose(smoke: .atMost(1.2), full: .atMost(1.01))),
    ] {
      let instances = draw(steps, count, &rng)
      let found = training.decode(network, instances, width: width)
      var (optimal, likeliest, shortest) = (0.0, 0.0, 0.0)
      for n in 0..<count {
        let cities = (0..<steps).map { t in (0..<2).map { Double(instances.points[t, n, $0]) } }
        let lengths = found[n].map { length(of: $0, over: cities) }
        optimal += length(of: instances.orders[n], over: cities)
        likeliest += lengths.first ?? .infinity
        shortest += lengths.min() ?? .infinity
      }
      let parameters = network.parameters.scalarCount
      run.report(
        "\(steps) cities, mean length ÷ mean optimum", likeliest / optimal, target,
        parameters: parameters, note: "\(count) held out, the likeliest of a beam of \(width)")
      run.report(
        "\(steps) cities, the shortest of the beam", shortest / optimal, parameters: parameters)
    }
    run.show(PointerTraining.figure("Tours by pointing", curve))
  }

  /// The length of a closed tour; infinite where it is none.
  static func length(of tour: [Int], over cities: [[Double]]) -> Double {
    guard tour.sorted() == Array(cities.indices) else { return .infinity }
    var sum = 0.0
    for (i, city) in tour.enumerated() {
      sum += distance(cities[city], cities[tour[(i + 1) % tour.count]])
    }
    return sum
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    let (x, y) = (a[0] - b[0], a[1] - b[1])
    return (x * x + y * y).squareRoot()
  }

  /// The shortest closed tour from city 0 on, counter-clockwise, by dynamic programming over the sets of cities
  /// that were visited (Held and Karp 1962).
  static func shortestTour(_ cities: [[Double]]) -> [Int] {
    // City `rest` is the last, and the tour begins and ends there: the sets are those of the others.
    let rest = cities.count - 1
    if rest < 2 { return Array(cities.indices) }
    var distances = [Double](repeating: 0, count: cities.count * cities.count)
    for a in cities.indices {
      for b in cities.indices { distances[a * cities.count + b] = distance(cities[a], cities[b]) }
    }
    // cost[set·rest + k]: the shortest way from the last city over the set to its member k.
    var cost = [Double](repeating: .infinity, count: (1 << rest) * rest)
    for k in 0..<rest { cost[(1 << k) * rest + k] = distances[rest * cities.count + k] }
    cost.withUnsafeMutableBufferPointer { cost in
      distances.withUnsafeBufferPointer { distances in
        for set in 1..<1 << rest {
          for k in 0..<rest where set & 1 << k != 0 {
            let before = set & ~(1 << k)
            if before == 0 { continue }
            var best = Double.infinity
            for j in 0..<rest where before & 1 << j != 0 {
              best = min(best, cost[before * rest + j] + distances[j * cities.count + k])
            }
            cost[set * rest + k] = best
          }
        }
      }
    }
    var (tour, set, next) = ([rest], (1 << rest) - 1, rest)
    while set != 0 {
      var (best, city) = (Double.infinity, 0)
      for k in 0..<rest where set & 1 << k != 0 {
        let way = cost[set * rest + k] + distances[k * cities.count + next]
        if way < best { (best, city) = (way, k) }
      }
      tour.append(city)
      (set, next) = (set & ~(1 << city), city)
    }
    let first = tour.firstIndex(of: 0) ?? 0
    let round = Array(tour[first...] + tour[..<first])
    return area(round, cities) >= 0 ? round : [0] + round.dropFirst().reversed()
  }

  /// Twice the area that a tour goes around counter-clockwise.
  private static func area(_ tour: [Int], _ cities: [[Double]]) -> Double {
    var sum = 0.0
    for (i, a) in tour.enumerated() {
      let (p, q) = (cities[a], cities[tour[(i + 1) % tour.count]])
      sum += p[0] * q[1] - q[0] * p[1]
    }
    return sum
  }
}
