import Foundation
import LinAlg
import Testing

@Suite("Matrix as text and data")
struct MatrixTextTests {
  @Test func smallMatrixIsShownWhole() {
    let m: Matrix<Float> = [[1, -2.5, 0.125], [10, 0, 1 / 3]]
    #expect(
      m.description == """
        Matrix<Float> [2, 3]
        [[ 1.0000  -2.5000  0.1250]
         [10.0000   0.0000  0.3333]]
        """)
  }

  @Test func wholeNumbersKeepOneDigit() {
    let m: Matrix<Double> = [[1, 2], [3, -40]]
    #expect(m.description == "Matrix<Double> [2, 2]\n[[1.0    2.0]\n [3.0  -40.0]]")
    #expect(m.transposed.description == "MatrixView<Double> [2, 2]\n[[1.0    3.0]\n [2.0  -40.0]]")
  }

  @Test func extremesUsePowersOfTen() {
    let m: Matrix<Double> = [[1e-7, -2.5e20], [0, .infinity], [.nan, 1.23456789e-300]]
    #expect(
      m.description == """
        Matrix<Double> [3, 2]
        [[1.0000e-07  -2.5000e+20]
         [0.0000e+00          inf]
         [       nan  1.2346e-300]]
        """)
  }

  @Test func largeMatrixIsElidedInTheMiddle() {
    let m = Matrix<Double>(rows: 1000, columns: 1000) { i, j in Double(i) + Double(j) / 1000 }
    let lines = m.description.split(separator: "\n")
    #expect(lines.count == 10)
    #expect(lines[0] == "Matrix<Double> [1000, 1000]")
    #expect(lines[1].contains("…") && lines[5].contains("⋮") && lines[5].contains("⋱"))
    #expect(lines[1].hasPrefix("[[  0.000") && lines[9].hasSuffix("999.999]]"))
    #expect(lines.dropFirst().allSatisfy { $0.count <= 101 })
    #expect(Set(lines[2...8].map(\.count)).count == 1, "columns line up")
  }

  @Test func emptyAndVectors() {
    #expect(Matrix<Float>.zeros(rows: 0, columns: 4).description == "Matrix<Float> [0, 4]")
    #expect(Vector<Float>([1, 2.5]).description == "Vector<Float> [2]\n[1.0  2.5]")
    #expect(
      Vector<Float>((0..<12).map { Float($0) }).description
        == "Vector<Float> [12]\n[0.0  1.0  2.0  3.0  …  8.0  9.0  10.0  11.0]")
  }

  @Test func roundingCarries() {
    let m: Matrix<Double> = [[9.99996, 0.99994, 0.00005, -0.00012]]
    #expect(m.description.hasSuffix("[[1.0000e+01  9.9994e-01  5.0000e-05  -1.2000e-04]]"))
    let n: Matrix<Double> = [[9.99996, 0.99994, 0.00015, -0.0]]
    #expect(n.description.hasSuffix("[[10.0000  0.9999  0.0002  -0.0000]]"))
  }

  @Test func codingRoundTrips() throws {
    let m: Matrix<Float> = [[1, 0.1, -3], [4, 5, .leastNonzeroMagnitude]]
    let data = try JSONEncoder().encode(m)
    #expect(try JSONDecoder().decode(Matrix<Float>.self, from: data) == m)
    let v: Vector<Double> = [1, 0.1]
    #expect(try JSONDecoder().decode(Vector<Double>.self, from: JSONEncoder().encode(v)) == v)
  }

  @Test(arguments: [
    (#"{"rows": 2, "columns": 2, "elements": [1, 2, 3]}"#, "3 elements for shape [2, 2]"),
    (#"{"rows": -2, "columns": -2, "elements": [1, 2, 3, 4]}"#, "impossible shape [-2, -2]"),
    (#"{"rows": 4294967296, "columns": 4294967296, "elements": []}"#, "impossible shape"),
  ])
  func corruptDataThrows(json: String, message: String) {
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Matrix<Float>.self, from: Data(json.utf8))
    }
    guard case .dataCorrupted(let context) = error else {
      Issue.record("not dataCorrupted: \(String(describing: error))")
      return
    }
    #expect(context.debugDescription.contains(message))
    #expect(!context.codingPath.isEmpty)
  }

  @Test func approximateEquality() {
    let a: Matrix<Double> = [[1, 2], [3, 4]]
    #expect(a.isApproximatelyEqual(to: a * (1 + 1e-9)))
    #expect(!a.isApproximatelyEqual(to: a * (1 + 1e-7)))
    #expect(a.isApproximatelyEqual(to: a * (1 + 1e-7), relativeTolerance: 1e-6))
    #expect(a.isApproximatelyEqual(to: a + a.map { _ in 0.1 }, absoluteTolerance: 0.21))
    #expect(!a.isApproximatelyEqual(to: a + a.map { _ in 0.1 }, absoluteTolerance: 0.19))
    #expect(!a.isApproximatelyEqual(to: Matrix<Double>.zeros(rows: 2, columns: 3)))
    #expect(!a.isApproximatelyEqual(to: a[rows: 0..<1], absoluteTolerance: .infinity))
    var b = a
    b[0, 0] = .nan
    #expect(!b.isApproximatelyEqual(to: b))
    b[0, 0] = .infinity
    #expect(b.isApproximatelyEqual(to: b) && !b.isApproximatelyEqual(to: a))
    #expect(!b.isApproximatelyEqual(to: -b))
    b[1, 1] += 1e-9
    var c = b
    c[1, 1] += 1
    #expect(!b.isApproximatelyEqual(to: c), "an infinity must not hide another difference")
    #expect(([1.0, 2] as Vector).isApproximatelyEqual(to: [1.0, 2 + 1e-9]))
  }
}
