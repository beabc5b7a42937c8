import LinAlg
import Testing

@testable import Experiments

/// What pointer networks are held against.
@Suite struct PointingTests {
  static func points(_ count: Int, seed: UInt64) -> [[Double]] {
    var rng = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      (0..<2).map { _ in Double.random(in: 0..<1, using: &rng) }
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `every point is inside the hull`(seed: UInt64) {
    let points = Self.points(5 + Int(seed), seed: seed)
    let hull = PointerHull.hull(points)
    #expect(Set(hull).count == hull.count && hull.count >= 3)
    #expect(points.allSatisfy { points[hull[0]][0] <= $0[0] }, "begins with the leftmost")
    for (i, a) in hull.enumerated() {
      let (p, q) = (points[a], points[hull[(i + 1) % hull.count]])
      for (k, r) in points.enumerated() where k != a && k != hull[(i + 1) % hull.count] {
        // To the left of every side: counter-clockwise, and none is missing.
        #expect((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) > 0, "seed \(seed)")
      }
    }
  }

  @Test func `a polygon is the same from every corner and in both directions`() {
    #expect(PointerHull.isSamePolygon([3, 1, 4, 2], [4, 2, 3, 1]))
    #expect(PointerHull.isSamePolygon([3, 1, 4, 2], [1, 3, 2, 4]))
    #expect(!PointerHull.isSamePolygon([3, 1, 4, 2], [3, 4, 1, 2]))
    #expect(!PointerHull.isSamePolygon([3, 1, 4], [3, 1, 4, 2]))
    #expect(!PointerHull.isSamePolygon([], [3, 1, 4]))
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `tours are as short as the shortest of all`(seed: UInt64) {
    let cities = Self.points(3 + Int(seed) % 5, seed: seed)
    func best(_ tour: [Int]) -> Double {
      if tour.count == cities.count { return PointerTour.length(of: tour, over: cities) }
      return cities.indices.filter { !tour.contains($0) }.map { best(tour + [$0]) }.min()
        ?? .infinity
    }
    let tour = PointerTour.shortestTour(cities)
    #expect(abs(PointerTour.length(of: tour, over: cities) - best([0])) < 1e-12, "seed \(seed)")
    #expect(tour.first == 0)
    // Counter-clockwise: what is on the left is inside.
    var area = 0.0
    for (i, a) in tour.enumerated() {
      let (p, q) = (cities[a], cities[tour[(i + 1) % tour.count]])
      area += p[0] * q[1] - q[0] * p[1]
    }
    #expect(area >= 0)
    #expect(PointerTour.length(of: Array(tour.dropLast()), over: cities) == .infinity)
  }

  /// What a summary needs is in its report, and no name is there twice.
  @Test func `reports have the names of their summaries`() {
    var names = Summary.Names(seed: 5)
    var seen: Set<String> = []
    for _ in 0..<200 {
      let report = Summary.Report(&names)
      #expect(report.names.isSubset(of: report.source))
      #expect(!report.names.isDisjoint(with: report.summary))
      #expect(seen.isDisjoint(with: report.names))
      seen.formUnion(report.names)
    }
  }
}
