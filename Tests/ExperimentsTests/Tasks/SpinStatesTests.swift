import Autodiff
import LinAlg
import RealModule
import SequenceModels
import Testing

@testable import Experiments

@Suite struct SpinStatesTests {
  @Test func `entropies are those of the chain rule`() {
    let states = SpinStates(temperature: 2)
    let pixels = SpinStates.side * SpinStates.side
    #expect(abs(states.probabilities.reduce(0, +) - 1) < 1e-12)
    let before = (0..<pixels).map { Set(0..<$0) }
    #expect(abs(states.conditionalEntropy(given: before) - states.entropy) < 1e-10)
    // Who sees less is less sure; who sees nothing has a fair spin.
    let neighbours = (0..<pixels).map { p in Set([p - 4, p - 1].filter { $0 >= 0 }) }
    let less = states.conditionalEntropy(given: neighbours)
    #expect(less > states.entropy)
    #expect(abs(states.conditionalEntropy(given: before.map { _ in [] }) - 16 * .log(2)) < 1e-10)
    // Two neighbours in a row of 4 × 4: aligned with (1 + ⟨ss′⟩)/2, by the definition itself.
    var aligned = 0.0
    for (state, p) in states.probabilities.enumerated() where state & 1 == state >> 1 & 1 {
      aligned += p
    }
    let pair = -aligned * .log(aligned / 2) - (1 - aligned) * .log((1 - aligned) / 2)
    #expect(abs(states.entropy(of: [0, 1]) - pair) < 1e-10)
  }

  @Test(arguments: [1.5, 2.269, 4.0])
  func `the state of equal spins is as likely as by the transfer matrix`(temperature: Double) {
    func spins(_ row: Int) -> [Double] { (0..<4).map { row >> $0 & 1 == 1 ? 1 : -1 } }
    /// The Boltzmann factor of the bonds within a row, and of those between two.
    func within(_ row: Int) -> Double {
      let s = spins(row)
      return .exp((s[0] * s[1] + s[1] * s[2] + s[2] * s[3]) / temperature)
    }
    func between(_ a: Int, _ b: Int) -> Double {
      .exp(zip(spins(a), spins(b)).reduce(0) { $0 + $1.0 * $1.1 } / temperature)
    }
    var sums = (0..<16).map(within)
    for _ in 1..<4 {
      sums = (0..<16).map { row in
        within(row) * (0..<16).reduce(0) { $0 + sums[$1] * between($1, row) }
      }
    }
    // Open borders: 12 bonds across and 12 down.
    let expected = Double.exp(24 / temperature) / sums.reduce(0, +)
    let p = SpinStates(temperature: temperature).probabilities
    #expect(abs(p[0] - expected) < 1e-12 && abs(p[0xFFFF] - expected) < 1e-12)
  }

  @Test func `hot spins are independent, and cold ones agree`() {
    #expect(abs(SpinStates(temperature: 1e9).entropy - 16 * .log(2)) < 1e-6)
    let cold = SpinStates(temperature: 0.1)
    #expect(abs(cold.probabilities[0] - 0.5) < 1e-6 && abs(cold.entropy - .log(2)) < 1e-6)
  }

  @Test func `states are drawn as likely as they are`() {
    let states = SpinStates(temperature: 1.5)
    var rng = SeededGenerator(seed: 6)
    let drawn = states.draw(20_000, using: &rng)
    let share = Double(drawn.count { $0 == 0 }) / 20_000
    let p = states.probabilities[0]
    #expect(abs(share - p) < 5 * (p * (1 - p) / 20_000).squareRoot())
    let pictures = states.pictures([0b1000_0000_0000_0001, 0b10])
    #expect(pictures.picture(0) == [1] + [Token](repeating: 0, count: 14) + [1])
    #expect(pictures.picture(1) == [0, 1] + [Token](repeating: 0, count: 14))
  }

  @Test func `stripes run down to the left by two columns a row`() {
    var rng = SeededGenerator(seed: 2)
    let texture = RowsVersusDiagonal.textures(3, using: &rng)
    for n in 0..<3 {
      let picture = texture.picture(n)
      for p in 8..<64 where p % 8 < 6 { #expect(picture[p] == picture[p - 8 + 2]) }
    }
  }
}
