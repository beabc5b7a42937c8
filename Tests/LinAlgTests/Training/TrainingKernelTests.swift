import CKernels
import LinAlg
import Testing

/// The passes of training on every instruction set that this machine has, against the equations
/// written out in Double, on every remainder of the vector width, with guards behind each result.
@Suite struct TrainingKernelTests {
  static let guardValue: Float = 777

  func draw(_ n: Int, in range: ClosedRange<Float> = -1...1, _ rng: inout SeededGenerator)
    -> [Float]
  {
    (0..<n).map { _ in .random(in: range, using: &rng) } + [Self.guardValue]
  }

  /// The first index at which `actual` is further than rounding from `expected`, or whose guard has
  /// changed.
  func firstDifference(_ actual: [Float], _ expected: [Double]) -> Int? {
    for (i, e) in expected.enumerated() where !(abs(Double(actual[i]) - e) <= 1e-6 * max(1, abs(e)))
    {
      return i
    }
    return actual[expected.count] == Self.guardValue ? nil : expected.count
  }

  @Test(arguments: TestedSet.all)
  func `updates follow their equations`(set: TestedSet) {
    let k = set.f32
    var rng = SeededGenerator(seed: 61)
    for n in Array(0...40) + [255, 1027] {
      let (x, g, m) = (draw(n, &rng), draw(n, &rng), draw(n, &rng))
      let v = draw(n, in: 0.01...1, &rng)
      func at(_ a: [Float], _ i: Int) -> Double { Double(a[i]) }

      var sum = 0.0
      k.sum_squares(n, x, &sum)
      let squares = (0..<n).reduce(0.0) { $0 + at(x, $1) * at(x, $1) }
      #expect(abs(sum - squares) <= 1e-12 * max(1, squares), "sum_squares n \(n)")

      var y = x
      k.sgd(n, &y, g, 0.3, 0.1)
      let sgd = (0..<n).map { at(x, $0) - 0.3 * (at(g, $0) + 0.1 * at(x, $0)) }
      #expect(firstDifference(y, sgd) == nil, "sgd n \(n)")

      for nesterov in [false, true] {
        var (y, velocity) = (x, m)
        k.momentum(n, &y, g, &velocity, 0.3, 0.9, 0.1, nesterov ? 1 : 0)
        let gradient = (0..<n).map { at(g, $0) + 0.1 * at(x, $0) }
        let next = (0..<n).map { 0.9 * at(m, $0) + gradient[$0] }
        let moved = (0..<n).map {
          at(x, $0) - 0.3 * (nesterov ? gradient[$0] + 0.9 * next[$0] : next[$0])
        }
        #expect(firstDifference(velocity, next) == nil, "velocity n \(n) nesterov \(nesterov)")
        #expect(firstDifference(y, moved) == nil, "momentum n \(n) nesterov \(nesterov)")
      }

      var (p, first, second) = (x, m, v)
      k.adam(n, &p, g, &first, &second, 0.9, 0.99, 0.02, 1.5, 1e-8, 0.95, 0.1)
      let gradient = (0..<n).map { at(g, $0) + 0.1 * at(x, $0) }
      let m1 = (0..<n).map { 0.9 * at(m, $0) + 0.1 * gradient[$0] }
      let v1 = (0..<n).map { 0.99 * at(v, $0) + 0.01 * gradient[$0] * gradient[$0] }
      let moved = (0..<n).map {
        0.95 * at(x, $0) - 0.02 * m1[$0] / (1.5 * v1[$0].squareRoot() + 1e-8)
      }
      #expect(firstDifference(first, m1) == nil, "first moment n \(n)")
      #expect(firstDifference(second, v1) == nil, "second moment n \(n)")
      #expect(firstDifference(p, moved) == nil, "adam n \(n)")
    }
  }

  /// Dropout is the same elements on every instruction set and in both precisions, and about as many
  /// as asked for.
  @Test(arguments: TestedSet.all)
  func `dropout drops the same elements everywhere`(set: TestedSet) {
    let k = set.f32
    for n in Array(0...40) + [4099] {
      let x = [Float](repeating: 2, count: n) + [Self.guardValue]
      var y = x
      k.dropout(n, x, &y, 99, 65536 / 4 * 3, 4.0 / 3)
      let wide = [Double](repeating: 2, count: n + 1)
      var expected = wide
      set.f64.dropout(n, wide, &expected, 99, 65536 / 4 * 3, 4.0 / 3)
      #expect(firstDifference(y, Array(expected.prefix(n))) == nil, "n \(n)")
      if n == 4099 {
        let kept = Double(y.prefix(n).count { $0 != 0 }) / Double(n)
        // Four standard deviations of a binomial share.
        #expect(abs(kept - 0.75) < 4 * (0.75 * 0.25 / Double(n)).squareRoot())
      }
    }
  }

  @Test func `the comparison notices a wrong element and a touched guard`() {
    let expected = [1.0, 2, 3]
    #expect(firstDifference([1, 2, 3, Self.guardValue], expected) == nil)
    #expect(firstDifference([1, 2.001, 3, Self.guardValue], expected) == 1)
    #expect(firstDifference([1, .nan, 3, Self.guardValue], expected) == 1)
    #expect(firstDifference([1, 2, 3, 0], expected) == 3)
  }
}
