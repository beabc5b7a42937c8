import Testing

@testable import Bench

/// How many instructions are in flight: more than a chain of the probe, fewer than any core holds.
struct InstructionWindowTests {
  @Test func itIsThatOfAProcessor() throws {
    #if arch(x86_64) || arch(arm64)
      let window = try #require(InstructionWindow.measure(samples: 9)?.median)
      #expect((20...3000).contains(window), "\(window)")
    #else
      #expect(InstructionWindow.sample() == nil)
    #endif
  }
}
