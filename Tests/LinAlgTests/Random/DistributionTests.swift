import Foundation
import LinAlg
import Testing

// Every bound is five standard deviations of the statistic, or the Kolmogorov–Smirnov distance that
// one sample in a million exceeds (√(ln(2·10⁶)/2) / √n). Seeds are fixed: a test passes always or never.

@Suite("Distributions")
struct DistributionTests {
  let n = 200_000

  func moments(_ sample: [Double]) -> (
    mean: Double, variance: Double, skew: Double, kurtosis: Double
  ) {
    let count = Double(sample.count)
    let mean = sample.reduce(0, +) / count
    func moment(_ k: Double) -> Double { sample.reduce(0) { $0 + pow($1 - mean, k) } / count }
    let variance = moment(2)
    return (mean, variance, moment(3) / pow(variance, 1.5), moment(4) / (variance * variance))
  }

  func distance(_ sample: [Double], from cumulative: (Double) -> Double) -> Double {
    let sorted = sample.sorted()
    return sorted.indices.reduce(0) { worst, i in
      let f = cumulative(sorted[i])
      let below = Double(i) / Double(sorted.count)
      let above = Double(i + 1) / Double(sorted.count)
      return max(worst, max(f - below, above - f))
    }
  }

  var allowedDistance: Double { (log(2e6) / 2 / Double(n)).squareRoot() }

  @Test func uniformIsUniform() {
    var rng = SeededGenerator(seed: 101)
    let doubles = Array(Matrix<Double>.uniform(rows: 1, columns: n, using: &rng).flattened)
    let floats = Matrix<Float>.uniform(rows: 1, columns: n, using: &rng).flattened.map(Double.init)
    for sample in [doubles, floats] {
      #expect(sample.allSatisfy { $0 >= -1 && $0 < 1 })
      let m = moments(sample)
      // Variance 1/3; that of x² is 1/5 − 1/9.
      #expect(abs(m.mean) < 5 * (1 / 3.0 / Double(n)).squareRoot())
      #expect(abs(m.variance - 1 / 3.0) < 5 * ((1 / 5.0 - 1 / 9.0) / Double(n)).squareRoot())
      #expect(distance(sample) { ($0 + 1) / 2 } < allowedDistance)
    }
  }

  @Test func normalIsNormal() {
    var rng = SeededGenerator(seed: 102)
    let doubles = Array(Matrix<Double>.normal(rows: 1, columns: n, using: &rng).flattened)
    let floats = Matrix<Float>.normal(rows: 1, columns: n, using: &rng).flattened.map(Double.init)
    let singles = (0..<n).map { _ in rng.normal() as Double }
    for sample in [doubles, floats, singles] {
      let m = moments(sample)
      let count = Double(n)
      #expect(abs(m.mean) < 5 * (1 / count).squareRoot())
      #expect(abs(m.variance - 1) < 5 * (2 / count).squareRoot())
      #expect(abs(m.skew) < 5 * (6 / count).squareRoot())
      #expect(abs(m.kurtosis - 3) < 5 * (24 / count).squareRoot())
      #expect(distance(sample) { erfc(-$0 / 2.squareRoot()) / 2 } < allowedDistance)
    }
    // The two numbers of a pair are independent.
    let correlation = stride(from: 0, to: n, by: 2).reduce(0.0) {
      $0 + doubles[$1] * doubles[$1 + 1]
    }
    #expect(abs(correlation) < 5 * Double(n / 2).squareRoot())
  }

  @Test func theTestsOfDistributionsCanFail() {
    var rng = SeededGenerator(seed: 103)
    let sample = (0..<n).map { _ in rng.normal(mean: 0.02) as Double }
    #expect(distance(sample) { erfc(-$0 / 2.squareRoot()) / 2 } > allowedDistance)
  }

  @Test func meanAndDeviationAreApplied() {
    var rng = SeededGenerator(seed: 104)
    let m = moments(
      Array(
        Matrix<Double>.normal(rows: n, columns: 1, mean: -3, standardDeviation: 0.5, using: &rng)
          .flattened))
    #expect(abs(m.mean + 3) < 5 * 0.5 / Double(n).squareRoot())
    #expect(abs(m.variance - 0.25) < 5 * 0.25 * (2 / Double(n)).squareRoot())
    #expect(
      Matrix<Float>.normal(
        rows: 2, columns: 2, mean: 7, standardDeviation: 0, using: &rng) == [[7, 7], [7, 7]])
  }

  @Test func smallUniformNumbersHaveAllTheirDigits() {
    var rng = SeededGenerator(seed: 105)
    let small = (0..<n).map { _ in rng.unitUniform(Float.self) }.filter { $0 < 0x1p-8 }
    #expect(small.count > 500)
    // Multiples of 2⁻²⁴ below 2⁻⁸ would have at least eight zeros at the end of the significand.
    let odd = small.filter { $0.significandBitPattern & 1 == 1 }.count
    #expect(abs(odd - small.count / 2) < 5 * Int(Double(small.count).squareRoot()))
  }

  @Test func boundsHoldAtTheEdges() {
    var rng = SeededGenerator(seed: 106)
    for _ in 0..<1000 {
      #expect(rng.uniform(in: Float(1)..<Float(1).nextUp) == 1)
      let all = rng.uniform(in: -Double.greatestFiniteMagnitude..<Double.greatestFiniteMagnitude)
      #expect(all.isFinite && all < .greatestFiniteMagnitude)
      #expect(rng.uniform(in: Float(0x1p24)..<Float(0x1p24 + 2)) == 0x1p24)
      #expect((0..<1).contains(rng.unitUniform(Float.self)))
    }
    // The largest and the smallest draw.
    var ones = Constant(value: .max)
    #expect(ones.unitUniform(Float.self) == Float(1).nextDown)
    #expect(ones.unitUniform(Double.self) == Double(1).nextDown)
    #expect(ones.uniform(in: Float(0)..<3) < 3)
    #expect(ones.uniform(in: Float(-1)..<1) < 1)
    var zeros = Constant(value: 0)
    #expect(zeros.unitUniform(Double.self) == 0 && zeros.uniform(in: Float(-2)..<3) == -2)
    var one = Constant(value: 1)
    #expect(one.unitUniform(Float.self) == 0x1p-64)
  }

  struct Constant: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }
  }

  @Test func impossibleParametersTrap() async {
    let range = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var rng = SeededGenerator(seed: 1)
      _ = rng.uniform(in: 0..<Double.infinity)
    }
    expectMessage(range, contains: "0.0..<inf")
    let deviation = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 1)
      _ = rng.normal(mean: 0.0, standardDeviation: -1)
    }
    expectMessage(deviation, contains: "deviation -1.0")
  }
}
