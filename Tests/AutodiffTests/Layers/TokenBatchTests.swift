import Autodiff
import Testing

@Suite struct TokenBatchTests {
  @Test func `is time-major and a value`() {
    let batch = TokenBatch(steps: 2, batch: 3, tokens: [0, 1, 2, 10, 11, 12])
    #expect(batch[1, 2] == 12 && batch[0, 1] == 1)
    #expect(batch.shape == [2, 3] && batch.count == 6)
    var copy = batch
    copy[1, 0] = 99
    #expect(batch[1, 0] == 10 && copy[1, 0] == 99)
    #expect(copy != batch)
    copy[1, 0] = 10
    #expect(copy == batch)
    #expect(TokenBatch(repeating: 7, steps: 1, batch: 2).tokens == [7, 7])
    #expect(batch != TokenBatch(steps: 3, batch: 2, tokens: batch.tokens))
  }

  @Test func `wrong counts and places trap`() async {
    let count = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TokenBatch(steps: 2, batch: 3, tokens: [1, 2, 3]) }
    #expect(message(count).contains("3 tokens given for shape [2, 3]"))
    let place = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TokenBatch(repeating: 0, steps: 2, batch: 3)[2, 0] }
    #expect(message(place).contains("index [2, 0] outside shape [2, 3]"))
  }
}
