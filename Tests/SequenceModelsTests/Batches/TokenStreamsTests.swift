import Autodiff
import SequenceModels
import Testing

@Suite struct TokenStreamsTests {
  @Test(arguments: [2, 3, 8, 20, 41, 42, 43, 100], [1, 2, 5, 7])
  func `every token but the first is a target once`(count: Int, batch: Int) {
    guard count > batch else { return }
    // Token i is the number i: what precedes it is i − 1.
    let streams = TokenStreams((0..<count).map { Token($0) }, batch: batch, steps: 4)
    var targets: [Token] = []
    var previous: [Token?] = Array(repeating: nil, count: batch)
    for w in 0..<streams.windowCount {
      let window = streams[w]
      #expect(window.inputs.shape == window.targets.shape)
      #expect(window.inputs.batch == batch && (1...4).contains(window.inputs.steps))
      for t in 0..<window.inputs.steps {
        for n in 0..<batch {
          let (input, target) = (window.inputs[t, n], window.targets[t, n])
          guard target != TokenStreams.ignored else {
            // A stream has one step less than the longest one at most.
            #expect(w == streams.windowCount - 1 && t == window.inputs.steps - 1)
            continue
          }
          #expect(target == input + 1)
          if let last = previous[n] { #expect(input == last, "stream \(n) goes on") }
          previous[n] = target
          targets.append(target)
        }
      }
    }
    #expect(targets.sorted() == (1..<count).map { Token($0) })
    #expect(streams.targetCount == count - 1)
  }

  @Test func `loading a window into the same memory gives the same window`() {
    let streams = TokenStreams((0..<23).map { Token($0) }, batch: 3, steps: 3)
    var window = TokenWindow()
    for w in [0, 2, 1, 2, 0] {
      streams.load(w, into: &window)
      #expect(window == streams[w])
    }
    let kept = window
    streams.load(1, into: &window)
    #expect(kept == streams[0], "a window that is still held is not overwritten")
  }

  @Test func `too few tokens trap`() async {
    let few = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TokenStreams([1, 2, 3], batch: 3, steps: 1) }
    #expect(message(few).contains("3 tokens are too few for 3 streams"))
    let window = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TokenStreams([1, 2, 3], batch: 1, steps: 1)[2] }
    #expect(message(window).contains("window 2 of 2"))
  }
}
