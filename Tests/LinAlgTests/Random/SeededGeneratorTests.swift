import Foundation
import Testing

@testable import LinAlg

// The expected numbers come from this Python, written from the papers and sharing nothing with the
// Swift; its first line of output is also the test vector that other implementations publish.
// ```
// from math import sqrt, frexp
// M = 2**64 - 1
// def rotl(x, k): return (x << k | x >> (64 - k)) & M
// def xoshiro(s):
//     while True:
//         yield rotl(s[1] * 5 & M, 7) * 9 & M
//         t = s[1] << 17 & M
//         s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45)
// def splitmix(z):
//     while True:
//         z = z + 0x9E3779B97F4A7C15 & M; x = z
//         x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M; x = (x ^ x >> 27) * 0x94D049BB133111EB & M
//         yield x ^ x >> 31
// def seeded(seed): m = splitmix(seed); return xoshiro([next(m) for _ in range(4)])
// def unit(g, bits):
//     u = next(g); drop = max(0, u.bit_length() - bits); return float(u >> drop << drop) * 2.0**-64
// def log(x):
//     m, e = frexp(x); m *= 2; e -= 1
//     if m > float.fromhex('0x1.6a09e667f3bcdp0'): m /= 2; e += 1
//     f = (m - 1) / (m + 1); f2 = f * f; s = 1 / 21
//     for k in range(19, 2, -2): s = s * f2 + 1 / k
//     hi, lo = map(float.fromhex, ('0x1.62e42feep-1', '0x1.a39ef35793c76p-33'))
//     return e * hi + (2 * f + (2 * f * (f2 * s) + e * lo))
// def pair(g):
//     while True:
//         u = 2 * unit(g, 53) - 1; v = 2 * unit(g, 53) - 1; s = u * u + v * v
//         if 0 < s < 1: k = sqrt(-2 * log(s) / s); return u * k, v * k
// ```

@Suite("SeededGenerator")
struct SeededGeneratorTests {
  @Test func followsThePublishedSequence() {
    var rng = SeededGenerator(state: (1, 2, 3, 4))
    #expect(
      (0..<10).map { _ in rng.next() } == [
        11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360,
        607_988_272_756_665_600, 16_172_922_978_634_559_625, 8_476_171_486_693_032_832,
        10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
      ])
  }

  @Test func seedIsSpreadBySplitMix() {
    let expected = SeededGenerator(
      state: (
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431
      ))
    #expect(SeededGenerator(seed: 1_234_567) == expected)
    var rng = SeededGenerator(seed: 42)
    #expect(
      (0..<4).map { _ in rng.next() } == [
        1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009,
        17_057_574_109_182_124_193,
      ])
  }

  @Test func codingKeepsThePosition() throws {
    var rng = SeededGenerator(seed: 3)
    for _ in 0..<17 { _ = rng.next() }
    var copy = try JSONDecoder().decode(
      SeededGenerator.self, from: JSONEncoder().encode(rng))
    #expect(copy.next() == rng.next())
    for corrupt in ["[0,0,0,0]", "[1,2,3]", "[]"] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(SeededGenerator.self, from: Data(corrupt.utf8))
      }
    }
  }

  @Test func uniformNumbersAreTheseBits() {
    var rng = SeededGenerator(seed: 42)
    #expect(
      (0..<4).map { _ in rng.unitUniform(Double.self) } == [
        0x1.5780b2e0c2ec7p-4, 0x1.84136619b444ep-2, 0x1.5c2ea66473c93p-1, 0x1.d9715a8e0766cp-1,
      ])
    rng = SeededGenerator(seed: 42)
    #expect(
      (0..<4).map { _ in rng.unitUniform(Float.self) } == [
        0x1.5780b2p-4, 0x1.841366p-2, 0x1.5c2ea6p-1, 0x1.d9715ap-1,
      ])
  }

  @Test func normalNumbersAreTheseBits() {
    var rng = SeededGenerator(seed: 42)
    let expected = [
      -0x1.73d2feb0fb37cp-1, -0x1.b088028693fa4p-3, 0x1.c5e21f7812a4cp-3, 0x1.0ba8bb0c5fa51p-1,
      0x1.db514bfac5b4ep-2, 0x1.7b6195d5a3e23p-1,
    ]
    for count in [6, 5, 1, 0] {
      rng = SeededGenerator(seed: 42)
      let numbers = Matrix<Double>.normal(rows: 1, columns: count, using: &rng)
      #expect(Array(numbers.flattened) == Array(expected.prefix(count)))
    }
    rng = SeededGenerator(seed: 42)
    #expect(rng.normal() == expected[0] && rng.normal() == expected[2])
    rng = SeededGenerator(seed: 42)
    #expect(rng.normal(mean: 3, standardDeviation: 0.5) == Float(3) + 0.5 * Float(expected[0]))
  }

  @Test func logarithmIsWithinTwoULP() {
    var rng = SeededGenerator(seed: 6)
    var arguments = (0..<20000).map { _ in rng.unitUniform(Double.self) }
    arguments += (0..<2000).map { _ in 1 - rng.unitUniform(Double.self) * 0x1p-30 }
    arguments += (1..<1000).map { Double(sign: .plus, exponent: -$0, significand: 1.1) }
    arguments += [1, 0.5, 0x1.6a09e667f3bcdp-1, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcep-1]
    for x in arguments where x > 0 {
      let exact = log(x)
      // The C library's own half a ULP comes on top.
      #expect(abs(reproducibleLog(x) - exact) <= 2.5 * exact.ulp, "log \(x)")
    }
  }
}
