import LinAlg

/// One stream's place in a ``StreamBatcher``.
final class StreamPlace<Layer: StreamingLayer>: @unchecked Sendable {
  // @unchecked Sendable: `phase` and `completion` are touched under the queue's lock, the rest by whoever the
  // phase gives it to.
  enum Phase {
    /// The stream's owner has it.
    case idle
    /// A step waits.
    case waiting
    /// A step is under way.
    case running
    /// A step is under way, and the stream has left.
    case leaving
    case left
  }
  typealias Completion = @Sendable (Result<Matrix<Layer.Scalar>, StreamError>) -> Void

  var phase = Phase.idle
  var completion: Completion?
  /// The input of a step that waits, `[1, D]`.
  var input: Matrix<Layer.Scalar>?
  /// Of one sequence.
  var state: Layer.State
  var stepCount = 0
  /// The batch that it was answered by, until it asks again.
  var answeredBy: Int?

  init(_ state: Layer.State) {
    self.state = state
    self.state.makeUnique()
  }
}

/// The steps that wait for a ``StreamBatcher``, and the thread that does them.
final class StreamQueue<Layer: StreamingLayer>: Sendable {
  typealias Scalar = Layer.Scalar
  typealias Place = StreamPlace<Layer>

  struct Limits {
    var streams: Int
    var batch: Int
    var waiting: Int
    var patience: Patience
  }

  /// How long a batch waits for streams that have not asked for their step.
  enum Patience {
    /// Some nanoseconds after its first step, for all that have joined.
    case fixed(Int)
    /// A part of the time that the batch before took, for those that it answered.
    case shareOfBatch(@Sendable (Duration) -> Duration)
  }

  private struct Shared {
    var waiting: [Place] = []
    var joined = 0
    var hasThread = false
    var isClosed = false
    /// The number of the last batch.
    var batch = 0
    /// How many streams of the last batch have neither asked again nor left.
    var missing = 0
    /// Whether the thread waits for those that are missing, and need not be woken before all are there.
    var isPatient = false
    var counts = StreamBatcherCounts()
  }

  let limits: Limits
  private let layer: Layer
  private let makeStep: @Sendable () -> GatheredStep<Layer>
  private let shared = Monitor(Shared())

  init(
    _ layer: Layer, limits: Limits, makeStep: @escaping @Sendable () -> GatheredStep<Layer>
  ) {
    self.layer = layer
    self.limits = limits
    self.makeStep = makeStep
  }

  var joined: Int { shared.withLock { $0.joined } }
  var waiting: Int { shared.withLock { $0.waiting.count } }
  var counts: StreamBatcherCounts { shared.withLock { $0.counts } }

  // MARK: Joining and leaving

  func join() throws(StreamError) {
    try shared.withLock { shared throws(StreamError) in
      guard shared.joined < limits.streams else {
        throw StreamError.tooManyStreams(limit: limits.streams)
      }
      shared.joined += 1
    }
  }

  /// Takes the place's waiting step back; one that is under way goes on.
  func leave(_ place: Place) {
    let dropped: Place.Completion? = shared.withLock { shared in
      switch place.phase {
      case .left, .leaving:
        return nil
      case .idle:
        expectNoMore(place, &shared)
        place.phase = .left
      case .running:
        place.phase = .leaving
      case .waiting:
        shared.waiting.removeAll { $0 === place }
        place.input = nil
        place.phase = .left
      }
      shared.joined -= 1
      guard place.phase == .left else { return nil }
      defer { place.completion = nil }
      return place.completion
    }
    // A batch that waits for the streams that are missing may have waited for this one alone.
    shared.signal()
    dropped?(.failure(.hasLeft))
  }

  // MARK: Steps

  /// Gives the place to the caller, whom its step has not to wait for.
  func begin(_ place: Place) throws(StreamError) {
    try shared.withLock { shared throws(StreamError) in
      try checkIdle(place)
      expectNoMore(place, &shared)
      place.phase = .running
    }
  }

  /// Gives the places back, after steps in one batch.
  func end(_ places: [Place]) {
    shared.withLock { shared in
      for place in places { finish(place) }
      shared.counts.add(steps: places.count)
    }
  }

  /// Gives the places back without steps.
  func giveBack(_ places: [Place]) {
    shared.withLock { _ in
      for place in places { rest(place) }
    }
  }

  /// Calls `body` with a place that has no step.
  func withResting<Result>(_ place: Place, _ body: (Place) -> Result) -> Result {
    shared.withLock { _ in
      require(
        place.phase == .idle || place.phase == .left,
        "BatchedStream: a step of the stream waits or is under way")
      return body(place)
    }
  }

  /// Lets a step wait for its batch. `completion` is called once, unless this throws.
  func submit(
    _ place: Place, _ x: Matrix<Scalar>, startsThread: Bool = true,
    completion: @escaping Place.Completion
  ) throws(StreamError) {
    let wakes = try shared.withLock { shared throws(StreamError) in
      try checkIdle(place)
      guard shared.waiting.count < limits.waiting else {
        throw StreamError.queueIsFull(limit: limits.waiting)
      }
      if startsThread && !shared.hasThread {
        guard startThread({ self.serve() }) else { throw StreamError.noThread }
        shared.hasThread = true
      }
      expectNoMore(place, &shared)
      place.phase = .waiting
      place.input = x
      place.completion = completion
      shared.waiting.append(place)
      return !shared.isPatient || isComplete(shared)
    }
    if wakes { shared.signal() }
  }

  /// The place has asked, or will not.
  private func expectNoMore(_ place: Place, _ shared: inout Shared) {
    if place.answeredBy == shared.batch { shared.missing -= 1 }
    place.answeredBy = nil
  }

  private func checkIdle(_ place: Place) throws(StreamError) {
    switch place.phase {
    case .idle: break
    case .waiting, .running: throw StreamError.isStepping
    case .leaving, .left: throw StreamError.hasLeft
    }
  }

  private func finish(_ place: Place) {
    place.stepCount += 1
    rest(place)
  }

  private func rest(_ place: Place) {
    place.phase = place.phase == .leaving ? .left : .idle
  }

  // MARK: The thread

  /// Lets the thread end when nothing waits any more.
  func close() {
    shared.withLock { $0.isClosed = true }
    shared.signal()
  }

  private func serve() {
    let step = makeStep()
    var x = Matrix<Scalar>.zeros(rows: 0, columns: 0)
    var patienceEnds = ContinuousClock.now
    while let places = next(waitingUntil: patienceEnds) {
      let start = ContinuousClock.now
      run(places, step, &x)
      if case .shareOfBatch(let share) = limits.patience {
        let end = ContinuousClock.now
        patienceEnds = end + share(end - start)
      }
    }
  }

  /// Whether a batch that waits for what is missing has all that it waits for.
  private func isComplete(_ shared: Shared) -> Bool {
    if shared.isClosed || shared.waiting.count >= limits.batch { return true }
    return switch limits.patience {
    case .fixed: shared.waiting.count >= shared.joined
    case .shareOfBatch: shared.missing == 0
    }
  }

  /// Waits for what is missing, some nanoseconds at most.
  private func waitForMissing(atMost nanoseconds: Int) {
    shared.withLock { $0.isPatient = true }
    shared.wait(atMost: nanoseconds) { isComplete($0) }
    shared.withLock { $0.isPatient = false }
  }

  /// The steps that have waited longest, as one batch; nil at the end.
  private func next(waitingUntil patienceEnds: ContinuousClock.Instant) -> [Place]? {
    switch limits.patience {
    case .fixed(let nanoseconds):
      if nanoseconds > 0 {
        shared.wait { $0.isClosed || !$0.waiting.isEmpty ? () : nil }
        waitForMissing(atMost: nanoseconds)
      }
    case .shareOfBatch:
      let left = patienceEnds - .now
      if left > .zero { waitForMissing(atMost: left.wholeNanoseconds) }
    }
    return shared.wait { (shared) -> [Place]?? in
      if shared.waiting.isEmpty { return shared.isClosed ? .some(nil) : nil }
      return self.take(&shared)
    }
  }

  private func take(_ shared: inout Shared) -> [Place] {
    let count = min(shared.waiting.count, limits.batch)
    let places = Array(shared.waiting.prefix(count))
    shared.waiting.removeFirst(count)
    for place in places { place.phase = .running }
    return places
  }

  private func run(_ places: [Place], _ step: GatheredStep<Layer>, _ x: inout Matrix<Scalar>) {
    x.renew(rows: places.count, columns: layer.inputSize)
    for (n, place) in places.enumerated() {
      if let input = place.input { x.copyRow(n, from: input, 0) }
      // Its owner may write to it without a copy again.
      place.input = nil
    }
    let outputs = step.run(places, x)
    let results = places.indices.map { n in
      var row = Matrix<Scalar>(uninitializedRows: 1, columns: outputs.columns)
      row.copyRow(0, from: outputs, n)
      return row
    }
    let completions = shared.withLock { shared in
      shared.counts.add(steps: places.count)
      shared.batch += 1
      shared.missing = 0
      return places.map { place in
        finish(place)
        if place.phase == .idle {
          place.answeredBy = shared.batch
          shared.missing += 1
        }
        defer { place.completion = nil }
        return place.completion
      }
    }
    for (completion, row) in zip(completions, results) { completion?(.success(row)) }
  }

  /// Does what waits, as the thread would.
  func runWaiting() {
    let step = makeStep()
    var x = Matrix<Scalar>.zeros(rows: 0, columns: 0)
    while true {
      let places = shared.withLock { take(&$0) }
      if places.isEmpty { return }
      run(places, step, &x)
    }
  }
}

extension Duration {
  /// The nanoseconds of a duration, of an hour at most.
  var wholeNanoseconds: Int {
    let (seconds, attoseconds) = Swift.min(self, .seconds(3600)).components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
