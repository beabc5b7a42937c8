import CKernels
import LinAlg
import RealModule
import Testing

/// The error of `y` in ULP of the exact value.
private func ulps(_ y: Float, _ exact: Double) -> Double {
  if y.isNaN || exact.isNaN { return y.isNaN && exact.isNaN ? 0 : .infinity }
  if y.isInfinite || exact.isInfinite { return Double(y) == exact ? 0 : .infinity }
  let unit = max(exact.magnitude, Double(Float.leastNormalMagnitude)).binade * 0x1p-23
  return (Double(y) - exact).magnitude / unit
}

/// Softmax and its logarithm in double, with the sum's excess over its largest term on its own.
private func reference(_ x: ArraySlice<Float>) -> (softmax: [Double], logSoftmax: [Double]) {
  guard let top = x.indices.max(by: { x[$0] < x[$1] }) else { return ([], []) }
  let d = x.map { Double($0) - Double(x[top]) }
  var rest = 0.0
  for i in x.indices where i != top { rest += Double.exp(d[i - x.startIndex]) }
  let logSum = Double.log(onePlus: rest)
  return (d.map { Double.exp($0) / (1 + rest) }, d.map { $0 - logSum })
}

@Suite("Softmax")
struct SoftmaxTests {
  static let shapes = [(1, 1), (3, 2), (5, 7), (2, 8), (4, 33), (3, 64), (2, 1000), (1, 20_011)]

  @Test("within 4 ULP of double, rows of any length", arguments: TestedSet.all, shapes)
  func accuracy(set: TestedSet, shape: (Int, Int)) {
    let (rows, columns) = shape
    let table = set.f32
    var rng = SeededGenerator(seed: 5)
    // Widths and offsets at which differences from the maximum round, and results underflow.
    for (width, offset) in [(1.0, 0.0), (30, 0), (110, -3), (20, 1000), (1e-3, 1e-3)]
      as [(Float, Float)]
    {
      let x = (0..<rows * columns).map { _ in
        offset + width * Float.random(in: -1...1, using: &rng)
      }
      var y = x
      var z = x
      y.withUnsafeMutableBufferPointer {
        if let y = $0.baseAddress { table.softmax_rows(y, y, rows, columns) }
      }
      z.withUnsafeMutableBufferPointer {
        if let z = $0.baseAddress { table.log_softmax_rows(z, z, rows, columns) }
      }
      for i in 0..<rows {
        let row = i * columns..<(i + 1) * columns
        let exact = reference(x[row])
        let worst = zip(y[row], exact.softmax).map(ulps).max() ?? 0
        #expect(worst <= 4, "softmax on \(set), \(shape), width \(width), offset \(offset), seed 5")
        let worstLog = zip(z[row], exact.logSoftmax).map(ulps).max() ?? 0
        #expect(worstLog <= 4, "log on \(set), \(shape), width \(width), offset \(offset), seed 5")
      }
    }
  }

  @Test("equal elements, and far differences", arguments: TestedSet.all)
  func simpleRows(set: TestedSet) {
    let table = set.f32
    var y = [Float](repeating: 3, count: 10)
    table.softmax_rows(y, &y, 1, 10)
    #expect(y.allSatisfy { $0 == 0.1 })
    // The larger one's logarithm is -e^-30, far below the last place of 1.
    var z: [Float] = [5, -25]
    table.log_softmax_rows(z, &z, 1, 2)
    #expect(ulps(z[0], -Double.log(onePlus: .exp(-30))) <= 4)
    #expect(z[1] == -30)
  }

  @Test("masked, infinite and NaN elements", arguments: TestedSet.all, [5, 8, 21])
  func specialRows(set: TestedSet, columns: Int) {
    let table = set.f32
    let infinity = Float.infinity
    func both(_ x: [Float]) -> (softmax: [Float], logSoftmax: [Float]) {
      var y = x
      var z = x
      table.softmax_rows(x, &y, 1, x.count)
      table.log_softmax_rows(x, &z, 1, x.count)
      return (y, z)
    }
    for place in [0, columns / 2, columns - 1] {
      var x = [Float](repeating: 1, count: columns)
      x[place] = -infinity
      let masked = both(x)
      let share = 1 / Float(columns - 1)
      for j in 0..<columns {
        #expect(ulps(masked.softmax[j], j == place ? 0 : Double(share)) <= 4)
      }
      #expect(masked.logSoftmax[place] == -infinity)
      #expect(masked.logSoftmax.filter { $0.isFinite }.count == columns - 1)
      for bad in [infinity, .nan] {
        x[place] = bad
        let spoilt = both(x)
        #expect(spoilt.softmax.allSatisfy(\.isNaN) && spoilt.logSoftmax.allSatisfy(\.isNaN))
      }
    }
    let nothing = both([Float](repeating: -infinity, count: columns))
    #expect(nothing.softmax.allSatisfy(\.isNaN) && nothing.logSoftmax.allSatisfy(\.isNaN))
  }

  @Test("double precision agrees with the definition")
  func doublePrecision() {
    var rng = SeededGenerator(seed: 9)
    let x = Matrix<Double>(rows: 7, columns: 13) { _, _ in Double.random(in: -20...20, using: &rng)
    }
    let y = RowActivation.softmax(x)
    let z = RowActivation.logSoftmax(x)
    for i in 0..<7 {
      let sum = (0..<13).map { Double.exp(x[i, $0]) }.reduce(0, +)
      for j in 0..<13 {
        let exact = Double.exp(x[i, j]) / sum
        // exp errs by half an ULP of |x| ≤ 20 at most in its argument, the sum by its 13 terms.
        #expect((y[i, j] - exact).magnitude <= 30 * exact.ulp, "seed 9, [\(i), \(j)]")
        #expect((z[i, j] - .log(exact)).magnitude <= 1e-14 * z[i, j].magnitude + 1e-15)
      }
    }
  }
}
