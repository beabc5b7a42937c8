import LinAlg
import Recurrent
import Testing

/// A wrong shape in the caller's code traps, and the message holds what was given and expected.
@Suite struct TrapTests {
  func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `inputs of the wrong width`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let lstm = TapeTests.lstm()
      _ = lstm(TapeTests.batch(features: 6))
    }
    #expect(message(result).contains("[4, 3, 6], expected D = 5"))
  }

  @Test func `no threads`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = TapeTests.lstm()(TapeTests.batch(), threads: 0)
    }
    #expect(message(result).contains("threads is 0, expected 1 or more"))
  }

  @Test func `a state of the wrong batch`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let lstm = TapeTests.lstm()
      _ = lstm(TapeTests.batch(), from: lstm.zeroState(batch: 2))
    }
    #expect(message(result).contains("[2, 7], expected [N, H] = [3, 7]"))
  }

  @Test func `a tape that is too small`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let lstm = TapeTests.lstm()
      _ = lstm.forward(TapeTests.batch(), recording: lstm.makeTape(steps: 3, batch: 3))
    }
    #expect(message(result).contains("[4, 3], the tape has room for [3, 3]"))
  }

  @Test func `a tape that is spent`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let lstm = TapeTests.lstm()
      let tape = lstm.makeTape(steps: 4, batch: 3)
      var gradients = lstm.parameters.zeros()
      lstm.forward(TapeTests.batch(), recording: tape)
      for _ in 0..<2 {
        lstm.backward(
          TapeTests.batch(features: 7), through: tape, accumulatingInto: &gradients)
      }
    }
    #expect(message(result).contains("each recording serves once"))
  }

  @Test func `upstream gradients of the wrong shape`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let lstm = TapeTests.lstm()
      let tape = lstm.makeTape(steps: 4, batch: 3)
      var gradients = lstm.parameters.zeros()
      lstm.forward(TapeTests.batch(), recording: tape)
      lstm.backward(TapeTests.batch(features: 5), through: tape, accumulatingInto: &gradients)
    }
    #expect(message(result).contains("[4, 3, 5], expected [T, N, H] = [4, 3, 7]"))
  }

  @Test func `a length beyond the last step`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = TapeTests.lstm()(TapeTests.batch(), lengths: [1, 5, 0])
    }
    #expect(message(result).contains("sequence 1 has length 5, expected 0...4"))
  }
}
