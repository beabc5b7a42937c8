import LinAlg
import Testing

@Suite("BLAS level 1")
struct Level1Tests {
  static let counts = [0, 1, 2, 3, 7, 8, 17, 64, 101, 1000]

  @Test(arguments: counts, [1, 2, 5])
  func againstLoops(count: Int, stride: Int) {
    check(Float.self, count, stride)
    check(Double.self, count, stride)
  }

  func check<S: LinAlgScalar>(_: S.Type, _ n: Int, _ stride: Int) {
    var rng = SeededGenerator(seed: UInt64(n * 10 + stride))
    let x: Vector<S> = random(count: n, &rng)
    let y: Vector<S> = random(count: n, &rng)
    let xs = x.placed(stride: stride)
    let ys = y.placed(stride: 3)
    func X(_ i: Int) -> Double { Double(x[i]) }
    func Y(_ i: Int) -> Double { Double(y[i]) }
    let one = { (v: S) in Vector<S>([v]) }
    let seed = "seed \(n * 10 + stride), \(S.self)"

    #expect(
      mismatch(
        one(BLAS.dot(xs, ys)), terms: n, exact: { _ in sum(n) { X($0) * Y($0) } },
        magnitude: { _ in sum(n) { abs(X($0) * Y($0)) } }) == nil, "\(seed)")
    #expect(
      mismatch(
        one(BLAS.asum(xs)), terms: n, exact: { _ in sum(n) { abs(X($0)) } },
        magnitude: { _ in sum(n) { abs(X($0)) } }) == nil, "\(seed)")
    let norm = sum(n) { X($0) * X($0) }.squareRoot()
    #expect(
      mismatch(one(BLAS.nrm2(xs)), terms: n, exact: { _ in norm }, magnitude: { _ in norm })
        == nil, "\(seed)")
    let largest = (0..<n).reduce(0.0) { max($0, abs(X($1))) }
    #expect(BLAS.iamax(xs) == (0..<n).first { abs(X($0)) == largest }, "\(seed)")

    var z = y
    #expect(z.writing(stride: stride) { BLAS.axpy(alpha: S(-1.5), xs, into: &$0) })
    #expect(
      mismatch(
        z, terms: 2, exact: { Y($0) - 1.5 * X($0) },
        magnitude: { abs(Y($0)) + 1.5 * abs(X($0)) }) == nil, "\(seed)")
    z = y
    #expect(z.writing(stride: stride) { BLAS.scal(alpha: S(0.75), &$0) })
    #expect(z == Vector(y.map { $0 * S(0.75) }), "\(seed)")
    #expect(z.writing(stride: stride) { BLAS.copy(xs, into: &$0) })
    #expect(z == x, "\(seed)")
    var w = y
    #expect(z.writing(stride: stride) { z in _ = w.writing(stride: 2) { BLAS.swap(&z, &$0) } })
    #expect(z == y && w == x, "\(seed)")
  }

  @Test func arraysAreVectors() {
    #expect(BLAS.dot([1.0, 2, 3], [4.0, 5, 6]) == 32)
    var y = [1.0, 1, 1]
    BLAS.axpy(alpha: 2, [1.0, 2, 3], into: &y)
    #expect(y == [3, 5, 7])
    var none: [Float] = []
    BLAS.scal(alpha: 2, &none)
    #expect(BLAS.dot(none, none) == 0 && BLAS.nrm2(none) == 0 && BLAS.iamax(none) == nil)
  }

  @Test func scalingByZeroPropagatesNaN() {
    var x: Vector<Float> = [1, .nan, .infinity, -2]
    BLAS.scal(alpha: 0, &x)
    #expect(x[0] == 0 && x[1].isNaN && x[2].isNaN && x[3] == 0)
  }

  @Test func normDoesNotOverflow() {
    #expect(BLAS.nrm2([Float](repeating: 2e38, count: 1)) == 2e38)
    let norm = BLAS.nrm2([Double](repeating: 1e200, count: 4))
    #expect(abs(norm / 2e200 - 1) < 1e-15)
    let small = BLAS.nrm2([Double](repeating: 1e-200, count: 4))
    #expect(abs(small / 2e-200 - 1) < 1e-15)
  }

  @Test func differingCountsTrapWithBoth() async {
    let dot = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BLAS.dot([1.0, 2, 3], [1.0, 2])
    }
    expectMessage(dot, contains: "BLAS.dot", "3 elements with 2 elements")
    let axpy = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var y = [1.0]
      BLAS.axpy([1.0, 2], into: &y)
    }
    expectMessage(axpy, contains: "BLAS.axpy", "2 elements with 1 elements")
  }

  @Test func sizesBeyond32BitsTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x: [Float] = [1]
      x.withUnsafeBufferPointer { x in
        guard let x = x.baseAddress else { return }
        _ = Float.dot(n: 1 << 31, x: x, incx: 1, y: x, incy: 1)
      }
    }
    expectMessage(result, contains: "n 2147483648", "32-bit")
  }
}
