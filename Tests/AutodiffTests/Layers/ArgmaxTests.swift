import Autodiff
import Recurrent
import Testing

@Suite struct ArgmaxTests {
  @Test func `the feature of the largest value`() {
    let scores = SequenceBatch<Double>(
      steps: 2, batch: 2, features: 3,
      elements: [
        -3, -1, -2,  // negative
        5, 5, 4,  // the first of equals
        .nan, 1, 2,  // what is no number is not the largest
        .nan, .nan, .nan,
      ])
    #expect(scores.argmax() == TokenBatch(steps: 2, batch: 2, tokens: [1, 0, 2, 0]))
    #expect(
      SequenceBatch<Float>(steps: 0, batch: 3, features: 2, elements: []).argmax().shape == [0, 3])
  }

  @Test func `without features it traps`() async {
    let failure = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceBatch<Float>(steps: 1, batch: 2, features: 0, elements: []).argmax() }
    #expect(message(failure).contains("no features in shape [1, 2, 0]"))
  }
}
