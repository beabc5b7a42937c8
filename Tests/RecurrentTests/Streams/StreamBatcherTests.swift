import Foundation
import LinAlg
import Testing

@testable import Recurrent

/// Streams that come and go: each as alone, bit for bit, in whatever batches; nothing lost, nothing twice.
@Suite struct StreamBatcherTests {
  /// Inputs of a stream, which its number and the step decide.
  static func input<Scalar: RecurrentScalar>(
    _ stream: Int, _ step: Int, features: Int
  ) -> Matrix<Scalar> {
    var rng = SeededGenerator(seed: UInt64(1000 * stream + step))
    return Matrix(
      rows: 1, columns: features,
      elements: (0..<features).map { _ in Scalar(Double.random(in: -1...1, using: &rng)) })
  }

  static func bits(_ x: Matrix<Float>) -> [UInt32] { x.elements.map(\.bitPattern) }

  /// What a stream gives alone.
  struct Alone<Layer: StreamingLayer> where Layer.Scalar == Float {
    let session: StreamingSession<Layer>
    let number: Int

    init(_ layer: Layer, _ number: Int) {
      session = StreamingSession(layer)
      self.number = number
    }

    /// Whether `y` is the output of the next step.
    func next(is y: Matrix<Float>) -> Bool {
      let x: Matrix<Float> = StreamBatcherTests.input(
        number, session.stepCount, features: session.layer.inputSize)
      return StreamBatcherTests.bits(session.step(x)) == StreamBatcherTests.bits(y)
    }
  }

  // MARK: The batch itself

  /// Any of the streams step together, others join and leave between.
  func randomBatches<Layer: StreamingLayer>(_ layer: Layer, threads: Int, seed: UInt64) throws
  where Layer.Scalar == Float {
    var rng = SeededGenerator(seed: seed)
    let batcher = StreamBatcher(layer, maximumStreams: 40, threads: threads)
    var streams: [(stream: BatchedStream<Layer>, alone: Alone<Layer>)] = []
    var joined = 0
    for round in 0..<60 {
      for _ in 0..<Int.random(in: 0...4, using: &rng) where streams.count < 40 {
        streams.append((try batcher.join(), Alone(layer, joined)))
        joined += 1
      }
      if !streams.isEmpty && Bool.random(using: &rng) {
        streams.remove(at: Int.random(in: 0..<streams.count, using: &rng)).stream.leave()
      }
      let ready = streams.filter { _ in Bool.random(using: &rng) }.shuffled(using: &rng)
      let x = Matrix<Float>(
        rows: ready.count, columns: layer.inputSize,
        elements: ready.flatMap {
          Self.input(
            $0.alone.number, $0.alone.session.stepCount, features: layer.inputSize
          ).elements
        })
      let y = try batcher.step(ready.map(\.stream), x)
      for (n, item) in ready.enumerated() {
        let row = Matrix(rows: 1, columns: y.columns, elements: (0..<y.columns).map { y[n, $0] })
        #expect(item.alone.next(is: row), "round \(round) of seed \(seed), \(ready.count) streams")
      }
      #expect(batcher.streamCount == streams.count)
    }
    for (stream, alone) in streams {
      #expect(stream.state.flat.map(\.bitPattern) == alone.session.state.flat.map(\.bitPattern))
      #expect(stream.stepCount == alone.session.stepCount)
      #expect(stream.snapshot() == alone.session.snapshot())
    }
  }

  @Test(arguments: [1, 2, 3])
  func `each stream of any batch is as alone, bit for bit`(threads: Int) throws {
    try randomBatches(SmallLayers.lstm(3, 17), threads: threads, seed: 81)
    try randomBatches(SmallLayers.gru(3, 9), threads: threads, seed: 82)
    try randomBatches(SmallLayers.stack(), threads: threads, seed: 83)
    try randomBatches(SmallLayers.chain(), threads: threads, seed: 84)
    var learned = LearnedInitialState(SmallLayers.stack() as Stacked<LSTM<Float>>)
    learned.parameters.initial.withUnsafeMutableBufferPointer { initial in
      for i in initial.indices { initial[i] = 0.1 * Float(i) }
    }
    try randomBatches(learned, threads: threads, seed: 85)
    // With weights in fewer bytes.
    let stack: Stacked<LSTM<Float>> = SmallLayers.stack()
    try randomBatches(stack.inference(weights: .int8), threads: threads, seed: 86)
    try randomBatches(stack.inference(weights: .float16), threads: threads, seed: 87)
  }

  @Test func `in double precision it is as alone up to rounding`() throws {
    let layer: LSTM<Double> = SmallLayers.lstm()
    let batcher = StreamBatcher(layer)
    let streams = try (0..<5).map { _ in try batcher.join() }
    let alone = StreamingSession(layer, batch: 5)
    for t in 0..<10 {
      let x = Matrix<Double>(
        rows: 5, columns: 3,
        elements: (0..<5).flatMap { n -> [Double] in
          let row: Matrix<Double> = Self.input(n, t, features: 3)
          return row.elements
        })
      let y = try batcher.step(streams, x)
      #expect(relativeError(y.elements, alone.step(x).elements) < 1e-12)
    }
  }

  @Test func `a stream goes on where another one is`() throws {
    let layer: LSTM<Float> = SmallLayers.lstm()
    let batcher = StreamBatcher(layer)
    let first = try batcher.join()
    let alone = Alone(layer, 7)
    for t in 0..<3 { #expect(alone.next(is: try first.stepAndWait(Self.input(7, t, features: 3)))) }
    first.leave()
    let second = try batcher.join(from: first.state)
    for t in 3..<6 {
      #expect(alone.next(is: try second.stepAndWait(Self.input(7, t, features: 3))))
    }
    #expect(second.stepCount == 3)
  }

  // MARK: The queue

  /// Steps that wait without a thread that does them.
  final class Waiting: @unchecked Sendable {
    let answers = Monitor<[Int: Result<Matrix<Float>, StreamError>]>([:])

    func submit(_ stream: BatchedStream<LSTM<Float>>, _ number: Int, step: Int = 0) throws {
      try stream.batcher.queue.submit(
        stream.place, StreamBatcherTests.input(number, step, features: 3), startsThread: false
      ) { answer in
        self.answers.withLock {
          #expect($0[number] == nil, "answered twice")
          $0[number] = answer
        }
      }
    }

    func take() -> [Int: Result<Matrix<Float>, StreamError>] {
      answers.withLock { answers in
        defer { answers = [:] }
        return answers
      }
    }
  }

  @Test func `a full queue says so, and the step can be asked for again`() throws {
    let layer: LSTM<Float> = SmallLayers.lstm()
    let batcher = StreamBatcher(layer, maximumBatch: 2, maximumWaiting: 3)
    let streams = try (0..<4).map { _ in try batcher.join() }
    let alone = (0..<4).map { Alone(layer, $0) }
    let waiting = Waiting()
    for n in 0..<3 { try waiting.submit(streams[n], n) }
    #expect(batcher.waitingCount == 3)
    #expect(throws: StreamError.queueIsFull(limit: 3)) { try waiting.submit(streams[3], 3) }
    #expect(throws: StreamError.isStepping) { try waiting.submit(streams[1], 1) }
    batcher.queue.runWaiting()
    let answers = waiting.take()
    #expect(answers.count == 3)
    for n in 0..<3 { #expect(alone[n].next(is: try #require(answers[n]).get())) }
    #expect(batcher.counts == counts(steps: [2, 1]))
    try waiting.submit(streams[3], 3)
    batcher.queue.runWaiting()
    #expect(alone[3].next(is: try #require(waiting.take()[3]).get()))
    #expect(batcher.waitingCount == 0)
  }

  func counts(steps: [Int]) -> StreamBatcherCounts {
    var counts = StreamBatcherCounts()
    for steps in steps { counts.add(steps: steps) }
    return counts
  }

  @Test func `those that waited longest go first`() throws {
    let batcher = StreamBatcher(SmallLayers.lstm() as LSTM<Float>, maximumBatch: 3)
    let streams = try (0..<7).map { _ in try batcher.join() }
    let order = Monitor<[Int]>([])
    for n in [4, 0, 6, 2, 5, 1, 3] {
      try batcher.queue.submit(
        streams[n].place, Self.input(n, 0, features: 3), startsThread: false
      ) { _ in order.withLock { $0.append(n) } }
    }
    batcher.queue.runWaiting()
    #expect(order.withLock { $0 } == [4, 0, 6, 2, 5, 1, 3])
    #expect(batcher.counts == counts(steps: [3, 3, 1]))
  }

  @Test func `who leaves does not change the order of the others`() throws {
    let batcher = StreamBatcher(SmallLayers.lstm() as LSTM<Float>, maximumBatch: 2)
    let streams = try (0..<6).map { _ in try batcher.join() }
    let order = Monitor<[Int]>([])
    for n in [2, 5, 0, 4, 1, 3] {
      try batcher.queue.submit(
        streams[n].place, Self.input(n, 0, features: 3), startsThread: false
      ) { answer in if (try? answer.get()) != nil { order.withLock { $0.append(n) } } }
    }
    for n in [5, 4] { streams[n].leave() }
    batcher.queue.runWaiting()
    #expect(order.withLock { $0 } == [2, 0, 1, 3])
    #expect(batcher.counts == counts(steps: [2, 2]))
  }

  @Test func `who leaves while a step waits takes it back`() throws {
    let layer: LSTM<Float> = SmallLayers.lstm()
    let batcher = StreamBatcher(layer)
    let streams = try (0..<3).map { _ in try batcher.join() }
    let waiting = Waiting()
    for n in 0..<3 { try waiting.submit(streams[n], n) }
    streams[1].leave()
    streams[1].leave()
    #expect(batcher.streamCount == 2)
    #expect(throws: StreamError.hasLeft) { try waiting.take()[1]?.get() }
    #expect(streams[1].stepCount == 0)
    #expect(streams[1].state.flat == layer.initialState(batch: 1).flat)
    batcher.queue.runWaiting()
    let answers = waiting.take()
    #expect(answers.keys.sorted() == [0, 2])
    for n in [0, 2] {
      #expect(Alone(layer, n).next(is: try #require(answers[n]).get()))
    }
    #expect(throws: StreamError.hasLeft) { try waiting.submit(streams[1], 1) }
    #expect(throws: StreamError.hasLeft) {
      try batcher.step([streams[0], streams[1]], .zeros(rows: 2, columns: 3))
    }
    // The other one was not advanced, and can be.
    #expect(streams[0].stepCount == 1)
    _ = try batcher.step([streams[0]], .zeros(rows: 1, columns: 3))
    #expect(streams[0].stepCount == 2)
    #expect(throws: StreamError.isStepping) {
      try batcher.step([streams[0], streams[0]], .zeros(rows: 2, columns: 3))
    }
  }

  @Test func `who leaves while a step is under way has left when it is done`() throws {
    let batcher = StreamBatcher(SmallLayers.lstm() as LSTM<Float>)
    let streams = try (0..<2).map { _ in try batcher.join() }
    for stream in streams { try batcher.queue.begin(stream.place) }
    streams[0].leave()
    #expect(batcher.streamCount == 1)
    #expect(throws: StreamError.hasLeft) { try batcher.queue.begin(streams[0].place) }
    batcher.queue.end(streams.map(\.place))
    #expect(streams.map(\.stepCount) == [1, 1])
    #expect(batcher.streamCount == 1)
    #expect(throws: StreamError.hasLeft) { try batcher.queue.begin(streams[0].place) }
    try batcher.queue.begin(streams[1].place)
    batcher.queue.giveBack([streams[1].place])
    // One that was taken is answered, also where it leaves before it hears of it.
    let answers = Monitor<[Int]>([])
    let waiting = try (0..<2).map { _ in try batcher.join() }
    for n in 0..<2 {
      try batcher.queue.submit(
        waiting[n].place, Self.input(n, 0, features: 3), startsThread: false
      ) { answer in
        waiting[1 - n].leave()
        if (try? answer.get()) != nil { answers.withLock { $0.append(n) } }
      }
    }
    batcher.queue.runWaiting()
    #expect(answers.withLock { $0 } == [0, 1])
    #expect(batcher.streamCount == 1)
  }

  @Test func `there is room for so many streams, and a forgotten one makes room`() throws {
    let batcher = StreamBatcher(SmallLayers.gru() as GRU<Float>, maximumStreams: 2)
    let first = try batcher.join()
    do {
      let second = try batcher.join()
      #expect(throws: StreamError.tooManyStreams(limit: 2)) { try batcher.join() }
      withExtendedLifetime(second) {}
    }
    #expect(batcher.streamCount == 1)
    _ = try batcher.join()
    first.leave()
    #expect(first.stepCount == 0)
  }

  // MARK: Threads and tasks

  /// Threads whose streams join, step, and leave, more of them than a batch or the queue takes.
  @Test(arguments: [(1, 0), (2, nil), (1, nil), (1, 200)] as [(Int, Int?)])
  func `threads get what they would get alone`(threads: Int, patience: Int?) {
    let layer: LSTM<Float> = SmallLayers.lstm(3, 33)
    let batcher = StreamBatcher(
      layer, maximumStreams: 9, maximumBatch: 4, maximumWaiting: 5,
      patience: patience.map { .microseconds($0) }, threads: threads)
    let clients = 12
    let done = Monitor((finished: 0, steps: 0, full: 0, wrong: 0))
    for client in 0..<clients {
      let started = startThread {
        var rng = SeededGenerator(seed: UInt64(client))
        var (steps, full, wrong) = (0, 0, 0)
        for life in 0..<4 {
          let number = client * 10 + life
          guard let stream = Self.persist({ () throws(StreamError) in try batcher.join() }, &full)
          else { break }
          let alone = Alone(layer, number)
          for t in 0..<Int.random(in: 0...30, using: &rng) {
            let x: Matrix<Float> = Self.input(number, t, features: 3)
            let y = Self.persist({ () throws(StreamError) in try stream.stepAndWait(x) }, &full)
            if let y, alone.next(is: y) { steps += 1 } else { wrong += 1 }
          }
          stream.leave()
        }
        done.withLock {
          $0.finished += 1
          $0.steps += steps
          $0.full += full
          $0.wrong += wrong
        }
        done.signal()
      }
      #expect(started)
    }
    let result = done.wait { $0.finished == clients ? $0 : nil }
    #expect(result.wrong == 0)
    #expect(result.steps == batcher.counts.steps)
    #expect(batcher.counts.largestBatch <= 4)
    #expect(batcher.streamCount == 0 && batcher.waitingCount == 0)
  }

  /// Asks again while there is no room.
  static func persist<Value>(
    _ body: () throws(StreamError) -> Value, _ full: inout Int
  ) -> Value? {
    while true {
      do throws(StreamError) {
        return try body()
      } catch {
        switch error {
        case .queueIsFull, .tooManyStreams: full += 1
        default: return nil
        }
      }
    }
  }

  @Test func `tasks get what they would get alone, also beside some that break off`() async throws {
    let layer: Stacked<LSTM<Float>> = SmallLayers.stack()
    let batcher = StreamBatcher(layer, maximumBatch: 16)
    let wrong = await withTaskGroup(of: Int.self) { group in
      for client in 0..<50 {
        group.addTask {
          guard let stream = try? batcher.join() else { return 1 }
          let alone = Alone(layer, client)
          // Some leave while their step waits, or is under way, or between two.
          let leaver = client % 5 != 0 ? nil : Task.detached { stream.leave() }
          for t in 0..<20 {
            do throws(StreamError) {
              let y = try await stream.step(Self.input(client, t, features: 3))
              if !alone.next(is: y) { return 1 }
            } catch {
              await leaver?.value
              let isRight = error == .hasLeft && leaver != nil
              return isRight && alone.session.stepCount == stream.stepCount ? 0 : 1
            }
          }
          await leaver?.value
          return 0
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
    #expect(batcher.waitingCount == 0 && batcher.streamCount == 0)
  }

  /// Whoever waits for ever is ended by the alarm.
  @Test func `a step that waits wakes the thread`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      let batcher = StreamBatcher(SmallLayers.lstm() as LSTM<Float>)
      let stream = try batcher.join()
      for _ in 0..<100 {
        _ = try stream.stepAndWait(.zeros(rows: 1, columns: 3))
        // So that the thread sleeps in between.
        try await Task.sleep(for: .milliseconds(1))
      }
      guard batcher.counts.batches == 100 else { exit(EXIT_FAILURE) }
    }
  }

  @Test func `patience waits for those missing, and for nobody else`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      let batcher = StreamBatcher(
        SmallLayers.lstm() as LSTM<Float>, maximumBatch: 4, patience: .seconds(3600))
      let streams = try (0..<4).map { _ in try batcher.join() }
      func step(_ streams: [BatchedStream<LSTM<Float>>]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for stream in streams {
            group.addTask { _ = try await stream.step(.zeros(rows: 1, columns: 3)) }
          }
          try await group.waitForAll()
        }
      }
      for _ in 0..<20 { try await step(streams) }
      guard (batcher.counts.batches, batcher.counts.steps) == (20, 80) else { exit(2) }
      // A full batch waits for nobody.
      let fifth = try batcher.join()
      try await step(streams)
      fifth.leave()
      guard batcher.counts.batches == 21 else { exit(3) }
      // The last one missing leaves.
      async let others: Void = step(Array(streams[0..<3]))
      while batcher.waitingCount < 3 { try await Task.sleep(for: .milliseconds(1)) }
      try await Task.sleep(for: .milliseconds(20))
      streams[3].leave()
      try await others
      guard (batcher.counts.batches, batcher.counts.steps) == (22, 87) else { exit(4) }
    }
  }

  @Test func `a batch waits for those that the one before has answered, and for nobody else`() async
  {
    await #expect(processExitsWith: .success) {
      alarm(60)
      let batcher = StreamBatcher(
        SmallLayers.lstm() as LSTM<Float>, maximumStreams: 9, maximumBatch: 9,
        maximumWaiting: nil, patience: .shareOfBatch { _ in .seconds(3600) }, threads: 1)
      let streams = try (0..<4).map { _ in try batcher.join() }
      let idle = try batcher.join()
      @Sendable func steps(_ count: Int, _ stream: BatchedStream<LSTM<Float>>) async throws {
        for _ in 0..<count { _ = try await stream.step(.zeros(rows: 1, columns: 3)) }
      }
      func waitForThree() async throws {
        while batcher.waitingCount < 3 { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(20))
        guard batcher.waitingCount == 3 else { exit(2) }
      }
      try await steps(1, streams[3])
      async let others: Void = withThrowingTaskGroup(of: Void.self) { group in
        for stream in streams[0..<3] {
          group.addTask {
            try await steps(20, stream)
            stream.leave()
          }
        }
        try await group.waitForAll()
      }
      // The one that was answered before.
      try await waitForThree()
      try await steps(9, streams[3])
      try await waitForThree()
      guard (batcher.counts.batches, batcher.counts.steps) == (10, 37) else { exit(3) }
      // It leaves, and those that are left go on together.
      streams[3].leave()
      try await others
      guard (batcher.counts.batches, batcher.counts.steps) == (21, 70) else { exit(4) }
      guard idle.stepCount == 0, batcher.streamCount == 1 else { exit(5) }
    }
  }

  /// Two of three are a full batch while the third has not asked, who is then missing to no later one.
  @Test func `who is missing from a full batch is not missing from the next`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      let batcher = StreamBatcher(
        SmallLayers.lstm() as LSTM<Float>, maximumStreams: 3, maximumBatch: 2,
        maximumWaiting: nil, patience: .shareOfBatch { _ in .seconds(3600) }, threads: 1)
      let streams = try (0..<3).map { _ in try batcher.join() }
      @Sendable func step(_ n: Int) async throws {
        _ = try await streams[n].step(.zeros(rows: 1, columns: 3))
      }
      /// Both in one batch, the second of them when the first waits.
      func together(_ first: Int, _ second: Int) async throws {
        async let one: Void = step(first)
        while batcher.waitingCount < 1 { try await Task.sleep(for: .milliseconds(1)) }
        try await step(second)
        try await one
      }
      // Stream 0 is alone, then missing until it asks; then 1 is, which never does.
      try await step(0)
      try await together(1, 0)
      try await together(0, 2)
      guard (batcher.counts.batches, batcher.counts.steps) == (3, 5) else { exit(2) }
      for n in [0, 2] { streams[n].leave() }
      // Nobody whom the last batch answered is missing.
      try await step(1)
      guard (batcher.counts.batches, batcher.counts.steps) == (4, 6) else { exit(3) }
    }
  }

  @Test func `a batcher that nobody refers to ends its thread`() throws {
    let layer: LSTM<Float> = SmallLayers.lstm()
    weak var queue: StreamQueue<LSTM<Float>>?
    do {
      let batcher = StreamBatcher(layer)
      queue = batcher.queue
      _ = try batcher.join().stepAndWait(Self.input(0, 0, features: 3))
      // The stream has left, and the thread sleeps.
      Thread.sleep(forTimeInterval: 0.05)
      withExtendedLifetime(batcher) {}
    }
    // The thread lets go of the queue when it ends.
    for _ in 0..<5_000 where queue != nil { Thread.sleep(forTimeInterval: 0.001) }
    #expect(queue == nil)
  }

  // MARK: Mistakes

  @Test func `inputs of another shape trap with both`() async {
    let wide = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let stream = try StreamBatcher(SmallLayers.lstm() as LSTM<Float>).join()
      _ = try stream.stepAndWait(.zeros(rows: 1, columns: 4))
    }
    #expect(standardError(of: wide).contains("shape [1, 4], expected [1, D] = [1, 3]"))
    let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let batcher = StreamBatcher(SmallLayers.lstm() as LSTM<Float>)
      _ = try batcher.step([batcher.join()], .zeros(rows: 2, columns: 3))
    }
    #expect(standardError(of: rows).contains("shape [2, 3], expected [N, D] = [1, 3]"))
    let state = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let layer = SmallLayers.lstm() as LSTM<Float>
      _ = try StreamBatcher(layer).join(from: layer.initialState(batch: 2))
    }
    #expect(
      standardError(of: state).contains(
        "hidden of the state to join with has shape [2, 4], expected [1, 4]"))
    let stranger = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let layer = SmallLayers.lstm() as LSTM<Float>
      _ = try StreamBatcher(layer).step(
        [StreamBatcher(layer).join()], .zeros(rows: 1, columns: 3))
    }
    #expect(standardError(of: stranger).contains("a stream of another batcher"))
  }
}
