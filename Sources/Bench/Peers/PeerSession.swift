import Foundation
import LinAlg
import Recurrent

/// Serves requests, one after the other: this engine as a contestant of `Tools/peers`.
struct PeerSession {
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
      contestant = nil
      contestant = try Self.load(what)
      return PeerAnswer()
    case .results(let path):
      let contestant = try loaded("results")
      contestant.call()
      return PeerAnswer(tensors: try PeerData.write(contestant.results(), to: path))
    case .time(let timing):
      return PeerAnswer(nanoseconds: Self.time(try loaded("time"), timing))
    case .memory:
      guard let bytes = SystemState.peakResidentBytes else {
        throw .badData("the resident size is not known on this system")
      }
      return PeerAnswer(peakResidentBytes: bytes)
    case .unload:
      contestant = nil
      return PeerAnswer()
    }
  }

  private func loaded(_ request: String) throws(PeerError) -> any Contestant {
    guard let contestant else { throw .nothingLoaded(request: request) }
    return contestant
  }

  private static func time(_ contestant: any Contestant, _ timing: PeerTiming) -> [Double] {
    for _ in 0..<timing.warmUp { contestant.call() }
    let subject = TimedSubject(call: contestant.call)
    return (0..<timing.samples).map { _ in 1e9 * subject.sample(calls: timing.callsPerSample) }
  }

  private static func load(_ what: PeerCase) throws(PeerError) -> any Contestant {
    let data = try PeerData(path: what.data, for: what.item)
    let (D, H) = (what.item.shape.D, what.item.shape.H)
    switch what.item.cell {
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

  private static func contestant<Layer: RecurrentLayer<Float>>(
    _ layer: Layer, _ what: PeerCase, _ data: PeerData
  ) throws(PeerError) -> EngineContestant<Layer> {
    let shape = what.item.shape
    let x = try data.sequences(steps: shape.T, batch: shape.N, features: shape.D)
    let dOutputs =
      what.item.mode.includesBackward
      ? try data.sequences(steps: shape.T, batch: shape.N, features: shape.H) : nil
    return EngineContestant(
      layer, initialState: nil, x: x, dOutputs: dOutputs, mode: what.item.mode,
      threads: what.threads, products: .automatic)
  }
}
