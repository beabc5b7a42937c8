import Autodiff
import Foundation
import LinAlg
import SequenceModels
import Synchronization
import Testing

@Suite struct PreparedBatchesTests {
  struct Flaw: Error, Equatable { var index: Int }

  @Test(arguments: [0, 1, 2, 50], [1, 3, 100])
  func `come in order, each once`(count: Int, ahead: Int) throws {
    let batches = PreparedBatches(count: count, ahead: ahead) { index in
      // Every other one takes longer, so that order is not an accident.
      if index % 2 == 0 { try? spin(100) }
      return index
    }
    var taken: [Int] = []
    while let batch = try batches.next() { taken.append(batch) }
    #expect(taken == Array(0..<count))
    #expect(try batches.next() == nil)
  }

  /// Batches that are ready or being prepared, as seen by who prepares them.
  @Test(arguments: [1, 2, 5]) func `no more are prepared than may be`(ahead: Int) throws {
    let (started, taken, most) = (Shared(0), Shared(0), Shared(0))
    let batches = PreparedBatches(count: 40, ahead: ahead) { index in
      started.value += 1
      most.value = max(most.value, started.value - taken.value)
      return index
    }
    // It fills up before anything is taken, and goes no further.
    while started.value < ahead { try spin(10) }
    try spin(2000)
    #expect(started.value == ahead)
    while let _ = try batches.next() {
      taken.value += 1
      try spin(20)
    }
    // One that was taken and not yet counted as taken.
    #expect(most.value <= ahead + 1)
    #expect(started.value == 40)
  }

  @Test func `the next one is prepared while the present one is used`() throws {
    let prepared = Shared(0)
    let batches = PreparedBatches(count: 10) { index in
      prepared.value = index + 1
      return index
    }
    while let batch = try batches.next() {
      // Without a call of next.
      while prepared.value < min(batch + 2, 10) { try spin(10) }
    }
  }

  @Test func `an error arrives in its place and ends the batches`() throws {
    let prepared = Shared(0)
    let batches = PreparedBatches(count: 10, ahead: 4) { index in
      prepared.value += 1
      if index == 3 { throw Flaw(index: index) }
      return index
    }
    for index in 0..<3 { #expect(try batches.next() == index) }
    #expect(throws: Flaw(index: 3)) { try batches.next() }
    #expect(try batches.next() == nil)
    #expect(prepared.value == 4)
  }

  @Test func `cancelling waits for what is being prepared and drops the rest`() throws {
    let (isPreparing, prepared) = (Shared(0), Shared(0))
    let batches = PreparedBatches(count: 100, ahead: 3) { index in
      isPreparing.value = 1
      try? spin(2000)
      prepared.value += 1
      isPreparing.value = 0
      return index
    }
    while isPreparing.value == 0 { try spin(10) }
    batches.cancel()
    #expect(isPreparing.value == 0)
    let count = prepared.value
    #expect(try batches.next() == nil)
    try spin(1000)
    #expect(prepared.value == count)
    batches.cancel()
  }

  @Test func `one that waits is woken by a cancellation`() async throws {
    let isPreparing = Shared(0)
    let release = Shared(0)
    let batches = PreparedBatches(count: 2) { index in
      isPreparing.value = 1
      while release.value == 0 { try spin(10) }
      return index
    }
    while isPreparing.value == 0 { try spin(10) }
    let consumer = Task.detached { try batches.next() }
    let canceller = Task.detached { batches.cancel() }
    #expect(try await consumer.value == nil)
    release.value = 1
    await canceller.value
  }

  final class Witness: Sendable {}

  @Test func `what is dropped prepares nothing further and frees what it holds`() throws {
    let prepared = Shared(0)
    weak var witness: Witness?
    do {
      let held = Witness()
      witness = held
      let batches = PreparedBatches(count: 100, ahead: 2) { index in
        prepared.value += 1
        return withExtendedLifetime(held) { index }
      }
      #expect(try batches.next() == 0)
    }
    var turns = 0
    while witness != nil && turns < 100_000 {
      try spin(10)
      turns += 1
    }
    #expect(witness == nil)
    #expect(prepared.value <= 3)
  }

  @Test func `batches of a source`() throws {
    let source = LabelledSequences(
      (0..<9).map { Array(repeating: Token($0), count: $0) }, labels: (0..<9).map { Token($0) },
      padding: Padding(with: 0))
    let order = source.buckets(batch: 2, seed: 3).order(epoch: 0)
    let batches = PreparedBatches(of: source, in: order)
    for numbers in order { #expect(try batches.next() == source.batch(numbers)) }
    #expect(try batches.next() == nil)
    let streams = TokenStreams((0..<23).map { Token($0) }, batch: 3, steps: 3)
    let windows = PreparedBatches(count: streams.windowCount) { streams[$0] }
    for index in 0..<streams.windowCount { #expect(try windows.next() == streams[index]) }
  }

  @Test func `a count that cannot be traps`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PreparedBatches(count: 3, ahead: 0) { $0 } }
    #expect(message(result).contains("3 batches, 0 of them ahead"))
  }
}

/// A number that threads share.
final class Shared: Sendable {
  private let stored: Mutex<Int>
  init(_ value: Int) { stored = Mutex(value) }
  var value: Int {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }
}

/// Sleeps for some microseconds.
func spin(_ microseconds: UInt32) throws { usleep(microseconds) }
