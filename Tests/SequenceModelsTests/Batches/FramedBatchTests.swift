import Autodiff
import LinAlg
import SequenceModels
import Testing

@Suite struct FramedBatchTests {
  @Test func `inputs begin, labels end`() {
    let frame = SequenceFrame(beginning: 8, end: 9, padding: 7)
    let batch = frame([[1, 2, 3], [], [4]])
    #expect(batch.lengths == [4, 1, 2] && batch.tokenCount == 7)
    #expect(batch.inputs.tokens == [8, 8, 8, 1, 7, 4, 2, 7, 7, 3, 7, 7])
    #expect(batch.labels.tokens == [1, 9, 4, 2, -1, 9, 3, -1, -1, 9, -1, -1])
    #expect(frame([]).inputs.shape == [0, 0] && frame([]).lengths.isEmpty)
    let other = SequenceFrame(beginning: 8, end: 9)
    #expect(other([[1], []]).inputs.tokens == [8, 8, 1, 9])
  }

  @Test func `a vocabulary's frame`() async {
    let vocabulary = Vocabulary(["a"], special: [.beginning, .end])
    #expect(SequenceFrame(vocabulary) == SequenceFrame(beginning: 0, end: 1))
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceFrame(Vocabulary(["a"], special: [.end])) }
    #expect(message(result).contains(#"a vocabulary with ["<eos>"] has no frame"#))
  }

  @Test func `noise replaces inputs and leaves beginnings, labels and what fills`() {
    let frame = SequenceFrame(beginning: 8, end: 9, padding: 7)
    let batch = frame((0..<400).map { n in (0..<n % 6).map { Token($0) } })
    func noised(_ rate: Double, seed: UInt64 = 14) -> FramedBatch {
      var rng = SeededGenerator(seed: seed)
      return batch.noised(rate, by: 20..<30, using: &rng)
    }
    #expect(noised(0) == batch)
    let (some, all) = (noised(0.3), noised(1))
    #expect(some.labels == batch.labels && some.lengths == batch.lengths)
    #expect(some == noised(0.3) && some != noised(0.3, seed: 15))
    var (replaced, words) = (0, 0)
    for n in 0..<400 {
      #expect(all.inputs[0, n] == 8)
      for t in 1..<6 {
        let counts = t < batch.lengths[n]
        #expect((20..<30).contains(all.inputs[t, n]) == counts)
        if some.inputs[t, n] != batch.inputs[t, n] {
          replaced += 1
          #expect(some.inputs[t, n] == all.inputs[t, n])
        }
        words += counts ? 1 : 0
      }
    }
    let error = (0.3 * 0.7 / Double(words)).squareRoot()
    #expect(abs(Double(replaced) / Double(words) - 0.3) < 5 * error, "seed 14")
  }

  @Test func `batches of similar lengths`() {
    let frame = SequenceFrame(beginning: 8, end: 9)
    let source = FramedSequences((0..<20).map { Array(repeating: 1, count: $0 % 5) }, frame: frame)
    let order = source.buckets(batch: 4, seed: 1).order(epoch: 0)
    #expect(order.flatMap { $0 }.sorted() == Array(0..<20))
    for numbers in order { #expect(Set(source.batch(numbers).lengths).count == 1) }
  }
}
