import Charts
import Foundation
import LinAlg
import Recurrent

/// Serves requests, one after the other: this engine as a contestant of `Tools/peers`.
struct PeerSession {
  /// What is loaded: runs it that many times.
  private var run: ((_ count: Int) -> Void)?
  /// The same where it computes tensors.
  private var contestant: (any Contestant)?

  /// The answer to one line of input.
  mutating func answer(line: some StringProtocol) -> PeerAnswer {
    do throws(PeerError) {
      return try answer(PeerRequest(line: line))
    } catch {
      return PeerAnswer(error)
    }
  }

  /// Serves one request.
  mutating func answer(_ request: PeerRequest) throws(PeerError) -> PeerAnswer {
    switch request {
    case .hello:
      return PeerAnswer(
        name: "swift-recurrent", version: Bench.configuration.version,
        detail: "\(InstructionSet.current), OpenBLAS \(OpenBLAS.version) \(OpenBLAS.coreType)")
    case .load(let what):
      // The old layer goes first: two would show in the resident size.
      unload()
      let contestant = try Self.load(what)
      self.contestant = contestant
      run = { for _ in 0..<$0 { contestant.call() } }
      return PeerAnswer()
    case .rows:
      return PeerAnswer(rows: KernelRows.names)
    case .loadRow(let name):
      unload()
      run = try KernelRows.make(name)
      return PeerAnswer()
    case .results(let path):
      guard let contestant else { throw .nothingLoaded(request: "results") }
      contestant.call()
      return PeerAnswer(tensors: try PeerData.write(contestant.results(), to: path))
    case .time(let timing):
      guard let run else { throw .nothingLoaded(request: "time") }
      return PeerAnswer(nanoseconds: Self.time(run, timing))
    case .memory:
      guard let bytes = SystemState.peakResidentBytes else {
        throw .badData("the resident size is not known on this system")
      }
      return PeerAnswer(peakResidentBytes: bytes)
    case .window:
      guard let window = InstructionWindow.sample() else {
        throw .badData("how many instructions are in flight is not known on this processor")
      }
      return PeerAnswer(window: window)
    case .unload:
      unload()
      return PeerAnswer()
    }
  }

  private mutating func unload() { (run, contestant) = (nil, nil) }

  private static func time(_ run: (Int) -> Void, _ timing: PeerTiming) -> [Double] {
    var nanoseconds: [Double] = []
    StackPlace.call {
      if timing.warmUp > 0 { run(timing.warmUp) }
      nanoseconds = (0..<timing.samples).map { _ in
        let start = Stopwatch.now(timing.clock)
        run(timing.callsPerSample)
        return 1e9 * Stopwatch.seconds(since: start, timing.clock) / Double(timing.callsPerSample)
      }
    }
    return nanoseconds
  }

  private static func load(_ what: PeerCase) throws(PeerError) -> any Contestant {
    try checkMemory(what.item)
    guard let path = what.data else {
      guard what.weights == nil else { throw .badRequest("'weights' goes with 'data'") }
      do {
        return try LayerContestants.make(what.item, threads: what.threads)
      } catch {
        throw .badRequest("\(what.item): \(error)")
      }
    }
    guard let item = what.item.benchCase else {
      let known = CellKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badRequest("'data' goes with \(known)")
    }
    let data = try PeerData(path: path, for: item)
    let (D, H) = (what.item.shape.D, what.item.shape.H)
    switch item.cell {
    case .lstm:
      var parameters = LSTMParameters<Float>(inputSize: D, hiddenSize: H)
      try data.read(into: &parameters)
      return try contestant(LSTM(parameters: parameters), what, data)
    case .gru:
      var parameters = GRUParameters<Float>(inputSize: D, hiddenSize: H, variant: .resetAfter)
      try data.read(into: &parameters)
      return try contestant(GRU(parameters: parameters), what, data)
    case .rnn:
      var parameters = SimpleRNNParameters<Float>(inputSize: D, hiddenSize: H)
      try data.read(into: &parameters)
      return try contestant(SimpleRNN(parameters: parameters), what, data)
    }
  }

  /// What does not fit is refused: the process would die of it.
  private static func checkMemory(_ item: LayerCase) throws(PeerError) {
    let bytes = BenchCase(cell: .lstm, mode: item.mode, shape: item.shape).workingBytes
    guard let available = SystemState.availableMemory, bytes > available else { return }
    throw .badRequest(
      "\(item) needs about \(Format.bytes(bytes)), \(Format.bytes(available)) are free")
  }

  private static func contestant<Layer: RecurrentLayer<Float>>(
    _ layer: Layer, _ what: PeerCase, _ data: PeerData
  ) throws(PeerError) -> any Contestant {
    let shape = what.item.shape
    let x = try data.sequences(steps: shape.T, batch: shape.N, features: shape.D)
    if let weights = what.weights {
      guard what.lengths == nil else {
        throw .badRequest("'lengths' does not go with 'weights'")
      }
      guard what.item.mode == .inference else {
        throw .badRequest("'weights' goes with inference, not with \(what.item.mode.rawValue)")
      }
      do {
        return PackedContestant(
          try layer.inference(weights: weights), initialState: nil, x: x, threads: what.threads)
      } catch {
        throw .badData("\(error)")
      }
    }
    let dOutputs =
      what.item.mode.includesBackward
      ? try data.sequences(steps: shape.T, batch: shape.N, features: shape.H) : nil
    return EngineContestant(
      layer, initialState: nil, x: x, lengths: what.lengths, dOutputs: dOutputs,
      mode: what.item.mode,
      threads: what.threads, products: .automatic)
  }
}
