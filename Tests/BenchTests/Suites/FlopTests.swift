import Testing

@testable import Bench

/// The operations that a case counts.
struct FlopTests {
  @Test(arguments: [(CellKind.lstm, 4.0), (.gru, 3.0), (.rnn, 1.0)])
  func countsTheProductsAlone(_ cell: CellKind, gates: Double) {
    let shape = Shape(T: 7, N: 5, D: 3, H: 2)
    let forward = 2.0 * 7 * 5 * gates * 2 * (3 + 2)
    #expect(BenchCase(cell: cell, mode: .inference, shape: shape).flops == forward)
    #expect(BenchCase(cell: cell, mode: .forward, shape: shape).flops == forward)
    #expect(BenchCase(cell: cell, mode: .training, shape: shape).flops == 3 * forward)
  }

  @Test func theIntensityGrowsWithTheBatch() {
    func intensity(_ batch: Int) -> Double {
      let item = BenchCase(
        cell: .lstm, mode: .inference, shape: Shape(T: 10, N: batch, D: 64, H: 64))
      return item.flops / item.streamedBytes
    }
    #expect(intensity(1) < 1)
    #expect(intensity(64) > 10 * intensity(1))
  }
}
