import LinAlg
import Recurrent
import Testing

/// How the steps of a call are divided; expectations are measurements, see `Benchmarks/NOTES.md`.
@Suite struct WorkSplitTests {
  func choice(
    threads: Int = 2, steps: Int = 40, batch: Int, hiddenSize: Int, besides: Int = 0,
    unitBlock: Int? = 16
  ) -> (split: WorkSplit, threads: Int) {
    WorkSplit.choose(
      threads: threads, steps: steps, batch: batch, hiddenSize: hiddenSize,
      gateColumns: 4 * hiddenSize, besides: besides, unitBlock: unitBlock)
  }

  @Test func `a few rows of small weights are left to one thread`() {
    #expect(choice(batch: 1, hiddenSize: 32) == (.none, 1))
    #expect(choice(batch: 1, hiddenSize: 64) == (.none, 1))
    #expect(choice(steps: 1, batch: 4, hiddenSize: 64) == (.none, 1))
    #expect(choice(batch: 0, hiddenSize: 512) == (.none, 1))
  }

  @Test func `a few rows of large weights are divided by units`() {
    #expect(choice(batch: 1, hiddenSize: 128) == (.units, 2))
    #expect(choice(batch: 2, hiddenSize: 256) == (.units, 2))
    #expect(choice(batch: 3, hiddenSize: 512) == (.units, 2))
    #expect(choice(steps: 1, batch: 1, hiddenSize: 1024) == (.units, 2))
  }

  @Test func `many rows are divided by sequences`() {
    #expect(choice(batch: 4, hiddenSize: 96) == (.batch, 2))
    #expect(choice(batch: 8, hiddenSize: 512) == (.batch, 2))
    #expect(choice(batch: 128, hiddenSize: 1024) == (.batch, 2))
  }

  @Test(arguments: [96, 256, 512], [1, 2])
  func `so are they with inputs, which leave few rows divided by units`(
    hiddenSize H: Int, wide: Int
  ) {
    func choice(_ batch: Int) -> WorkSplit {
      self.choice(batch: batch, hiddenSize: H, besides: wide * 4 * H * H).split
    }
    #expect([8, 24, 64, 69, 128].map(choice).allSatisfy { $0 == .batch })
    #expect(H == 96 || [2, 3, 4].map(choice).allSatisfy { $0 == .units })
  }

  @Test func `wide inputs are worth a thread to a few units`() {
    let besides = 4 * 49 * 388
    #expect(choice(steps: 7, batch: 7, hiddenSize: 49, unitBlock: 49) == (.none, 1))
    #expect(
      choice(steps: 7, batch: 7, hiddenSize: 49, besides: besides, unitBlock: 49) == (.batch, 2))
    // One sequence cannot be divided, and so few units cannot.
    #expect(
      choice(steps: 70, batch: 1, hiddenSize: 49, besides: besides, unitBlock: 49) == (.none, 1))
    #expect(
      choice(steps: 70, batch: 1, hiddenSize: 64, besides: 4 * besides) == (.units, 2))
  }

  @Test func `no more threads than allowed, useful or possible`() {
    #expect(choice(threads: 1, batch: 128, hiddenSize: 1024) == (.none, 1))
    #expect(choice(threads: 64, batch: 8, hiddenSize: 256, unitBlock: nil) == (.none, 1))
    #expect(choice(threads: 1000, batch: 256, hiddenSize: 256).threads <= 64)
    // 3 blocks of units, and one sequence.
    #expect(
      choice(threads: 16, steps: 1000, batch: 1, hiddenSize: 384, unitBlock: 128).threads <= 3)
    // A third thread would leave one member as many rows as two threads do.
    #expect(choice(threads: 3, batch: 4, hiddenSize: 64) == (.batch, 2))
  }

  @Test func `more threads never take longer by the estimate`() {
    for batch in [1, 3, 16, 50] {
      for hiddenSize in [64, 256, 1024] {
        let counts = (1...8).map {
          choice(threads: $0, batch: batch, hiddenSize: hiddenSize).threads
        }
        #expect(counts == counts.sorted())
      }
    }
  }
}
