import Autodiff
import LinAlg
import SequenceModels
import Testing

@Suite struct PaddedBatchTests {
  static let sequences: [[Token]] = [[1, 2, 3], [4], [], [5, 6, 7, 8]]

  static func rows(_ batch: PaddedBatch) -> [[Token]] {
    (0..<batch.batch).map { n in (0..<batch.steps).map { batch.tokens[$0, n] } }
  }

  @Test func `fills at the back or in front`() {
    let back = PaddedBatch(Self.sequences, padding: Padding(with: 0))
    #expect(Self.rows(back) == [[1, 2, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0], [5, 6, 7, 8]])
    let front = PaddedBatch(Self.sequences, padding: Padding(with: 9, at: .front), steps: 5)
    #expect(
      Self.rows(front) == [[9, 9, 1, 2, 3], [9, 9, 9, 9, 4], [9, 9, 9, 9, 9], [9, 5, 6, 7, 8]])
    for batch in [back, front] {
      #expect(batch.lengths == [3, 1, 0, 4] && batch.tokenCount == 8)
      #expect((0..<4).map { batch.sequence($0) } == Self.sequences)
    }
    #expect(back.paddingShare == 0.5 && front.paddingShare == 0.6)
  }

  @Test func `cuts the back or the front`() {
    let back = PaddedBatch(Self.sequences, padding: Padding(with: 0, maximumLength: 2))
    #expect(Self.rows(back) == [[1, 2], [4, 0], [0, 0], [5, 6]])
    let front = PaddedBatch(
      Self.sequences, padding: Padding(with: 0, at: .front, maximumLength: 2, truncating: .front))
    #expect(Self.rows(front) == [[2, 3], [0, 4], [0, 0], [7, 8]])
    #expect(front.lengths == [2, 1, 0, 2])
    let nothing = PaddedBatch(Self.sequences, padding: Padding(with: 0, maximumLength: 0))
    #expect(nothing.tokens.shape == [0, 4] && nothing.paddingShare == 0)
    #expect(PaddedBatch([], padding: Padding(with: 0)).tokens.shape == [0, 0])
  }

  @Test(arguments: 1...30) func `every sequence comes back`(seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    let sequences = (0..<Int.random(in: 1...9, using: &rng)).map { _ in
      (0..<Int.random(in: 0...7, using: &rng)).map { _ in Token.random(in: 0..<3, using: &rng) }
    }
    for side in SequenceSide.allCases {
      let batch = PaddedBatch(sequences, padding: Padding(with: 0, at: side))
      #expect((0..<batch.batch).map { batch.sequence($0) } == sequences, "seed \(seed), \(side)")
    }
  }

  @Test func `what does not fit traps`() async {
    let long = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PaddedBatch(PaddedBatchTests.sequences, padding: Padding(with: 0), steps: 3) }
    #expect(message(long).contains("a sequence of 4 tokens in a batch of shape [3, 4]"))
    let outside = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PaddedBatch(PaddedBatchTests.sequences, padding: Padding(with: 0)).sequence(4) }
    #expect(message(outside).contains("sequence 4 outside shape [4, 4]"))
    let labels = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = LabelledSequences([[1]], labels: [], padding: Padding(with: 0)) }
    #expect(message(labels).contains("1 sequences and 0 labels"))
  }
}
