import Foundation
import LinAlg
import Recurrent
import Synchronization

/// Times streams of one layer that step independently.
struct ServeMeasurement {
  typealias Layer = LSTM<Float>

  let layer: Layer
  let maximumBatch: Int
  let patience: Duration?
  /// What a stream waits before its next step, on average, in seconds.
  let think: Double
  /// How long each way is measured in each turn.
  let seconds: Double
  /// How many steps each stream is waited for, at least.
  static let leastSteps = 3

  init(
    inputs: Int, units: Int, maximumBatch: Int, patience: Duration?, think: Double,
    seconds: Double, using rng: inout SeededGenerator
  ) {
    layer = LSTM(inputSize: inputs, hiddenSize: units, using: &rng)
    self.maximumBatch = maximumBatch
    self.patience = patience
    self.think = think
    self.seconds = seconds
  }

  /// What one way gave in one turn.
  private struct Turn {
    var stepsPerSecond: Double
    var waits: [Double] = []
    var meanBatch = 1.0
  }

  /// The three ways, by turns.
  func rows(streams: Int, threads: Int, turns: Int) throws -> [ServeRow] {
    var found: [ServeRow.Way: [Turn]] = [:]
    var batchSeconds: [Double] = []
    for turn in 0..<turns {
      batchSeconds.append(try secondsOfBatch(min(streams, maximumBatch), threads: threads))
      for way in ServeRow.Way.allCases {
        let seed = UInt64(turn)
        found[way, default: []].append(
          way == .inTurn
            ? inTurn(streams: streams, threads: threads)
            : try served(way, streams: streams, threads: threads, seed: seed))
      }
    }
    return ServeRow.Way.allCases.map { way in
      let turns = found[way] ?? []
      return ServeRow(
        streams: streams, threads: threads, way: way,
        stepsPerSecond: Statistics.median(turns.map(\.stepsPerSecond)) ?? 0,
        waiting: ServeRow.Waiting(turns.flatMap(\.waits)),
        meanBatch: Statistics.median(turns.map(\.meanBatch)) ?? 0,
        batchSeconds: Statistics.median(batchSeconds) ?? 0)
    }
  }

  /// A stream's input, the same in all its steps.
  private func input(_ stream: Int) -> Matrix<Float> {
    var rng = SeededGenerator(seed: UInt64(stream))
    return Matrix(
      rows: 1, columns: layer.inputSize,
      elements: (0..<layer.inputSize).map { _ in Float.random(in: -1...1, using: &rng) })
  }

  // MARK: A batch by itself

  private func secondsOfBatch(_ count: Int, threads: Int) throws -> Double {
    let batcher = StreamBatcher(layer, maximumStreams: count, threads: threads)
    let streams = try (0..<count).map { _ in try batcher.join() }
    let x = Matrix<Float>.zeros(rows: count, columns: layer.inputSize)
    var samples: [Double] = []
    _ = try batcher.step(streams, x)
    let start = Stopwatch.now()
    while samples.count < 5 || Stopwatch.seconds(since: start) < seconds / 4 {
      samples.append(try Stopwatch.seconds { _ = try batcher.step(streams, x) })
    }
    return Statistics.median(samples) ?? 0
  }

  // MARK: Sessions in turn

  private func inTurn(streams: Int, threads: Int) -> Turn {
    let steps = Atomic<Int>(0)
    // Each thread has those that are its own.
    nonisolated(unsafe) let sessions = (0..<threads).map { thread in
      stride(from: thread, to: streams, by: threads).map {
        (session: StreamingSession(layer), x: input($0))
      }
    }
    for (session, x) in sessions.joined() { session.step(x) }
    let start = Stopwatch.now()
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let own = sessions[thread]
      var done = 0
      repeat {
        for (session, x) in own { session.step(x) }
        done += own.count
      } while !own.isEmpty && Stopwatch.seconds(since: start) < seconds
      steps.add(done, ordering: .relaxed)
    }
    return Turn(
      stepsPerSecond: Double(steps.load(ordering: .relaxed)) / Stopwatch.seconds(since: start))
  }

  // MARK: Streams that ask

  /// What one stream saw.
  private struct Client: Sendable {
    var number: Int
    var waits: [Double]
    var last: Matrix<Float>?
  }

  /// What all streams saw.
  private final class Found: Sendable {
    let clients = Mutex<[Client]>([])
    let failure = Mutex<StreamError?>(nil)
    /// Seconds.
    let elapsed = Mutex(0.0)
  }

  private func served(
    _ way: ServeRow.Way, streams: Int, threads: Int, seed: UInt64
  ) throws -> Turn {
    let together = way == .batched
    let batchers = (0..<(together ? 1 : threads)).map { _ in
      StreamBatcher(
        layer, maximumStreams: streams, maximumBatch: together ? maximumBatch : 1,
        patience: together ? patience : .zero, threads: together ? threads : 1)
    }
    let found = Found()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let start = Stopwatch.now()
      await withTaskGroup(of: Client?.self) { group in
        for number in 0..<streams {
          let batcher = batchers[number % batchers.count]
          group.addTask {
            do throws(StreamError) {
              return try await run(number, of: batcher, since: start, seed: seed)
            } catch {
              found.failure.withLock { $0 = error }
              return nil
            }
          }
        }
        for await client in group {
          if let client { found.clients.withLock { $0.append(client) } }
        }
      }
      found.elapsed.withLock { $0 = Stopwatch.seconds(since: start) }
      done.signal()
    }
    done.wait()
    if let failure = found.failure.withLock({ $0 }) { throw BenchError.failure("\(failure)") }
    let all = found.clients.withLock { $0 }
    guard let first = all.first(where: { $0.number == 0 }), isAsAlone(first) else {
      throw BenchError.failure("a stream of \(streams), \(way.rawValue), is not what it is alone")
    }
    let counts = batchers.map(\.counts)
    let steps = counts.reduce(0) { $0 + $1.steps }
    return Turn(
      stepsPerSecond: Double(steps) / found.elapsed.withLock { $0 }, waits: all.flatMap(\.waits),
      meanBatch: Double(steps) / Double(max(1, counts.reduce(0) { $0 + $1.batches })))
  }

  /// One stream that asks for steps until the time is over.
  private func run(
    _ number: Int, of batcher: StreamBatcher<Layer>, since start: UInt64, seed: UInt64
  ) async throws(StreamError) -> Client {
    var rng = SeededGenerator(seed: seed &* 100_003 &+ UInt64(number))
    let stream = try batcher.join()
    let x = input(number)
    var waits: [Double] = []
    var last: Matrix<Float>?
    while waits.count < Self.leastSteps || Stopwatch.seconds(since: start) < seconds {
      if think > 0 {
        // Exponential: streams know nothing of each other.
        let pause = -think * Foundation.log(Double.random(in: 1e-9...1, using: &rng))
        try? await Task.sleep(for: .seconds(pause))
      }
      let asked = Stopwatch.now()
      last = try await stream.step(x)
      waits.append(Stopwatch.seconds(since: asked))
    }
    stream.leave()
    return Client(number: number, waits: waits, last: last)
  }

  /// Whether a stream ends where a session of its own does, bit for bit.
  private func isAsAlone(_ client: Client) -> Bool {
    let (session, x) = (StreamingSession(layer), input(client.number))
    var y: Matrix<Float>?
    for _ in client.waits { y = session.step(x) }
    return y?.elements.map(\.bitPattern) == client.last?.elements.map(\.bitPattern)
  }
}
