import Foundation
import LinAlg
import Testing

@testable import Bench

/// The engine as a contestant of `Tools/peers`: it computes with the numbers of the file, and refuses
/// what it cannot serve.
struct PeerSessionTests {
  static let shape = Shape(T: 4, N: 3, D: 5, H: 6)

  /// A workload from zero states, as the comparison has it, and its file.
  private static func workload(
    _ item: BenchCase, in folder: TemporaryFolder, seed: UInt64
  ) throws -> (Workload, path: String) {
    var workload = Workload(item, seed: seed)
    let states = item.shape.N * item.shape.H
    workload.initialHidden = Array(repeating: 0, count: states)
    if item.cell == .lstm { workload.initialCell = Array(repeating: 0, count: states) }
    let path = folder.path("case.f32")
    try PeerData.write(workload, to: path)
    return (workload, path)
  }

  private static func load(_ item: BenchCase, _ path: String, threads: Int = 1) -> PeerRequest {
    .load(PeerCase(item: LayerCase(item), threads: threads, data: path))
  }

  private static func floats(_ path: String) throws -> [Float] {
    try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
  }

  @Test func itServesWeightsOfFewerBytes() throws {
    let folder = try TemporaryFolder()
    let item = BenchCase(cell: .lstm, mode: .inference, shape: Self.shape)
    let (workload, path) = try Self.workload(item, in: folder, seed: 12)
    var session = PeerSession()
    for kind in ContestantKind.narrow {
      let line = """
        {"request": "load", "cell": "lstm", "mode": "inference", "T": 4, "N": 3, "D": 5, "H": 6, \
        "threads": 1, "data": "\(path)", "weights": "\(kind.name)"}
        """
      #expect(session.answer(line: line) == PeerAnswer())
      _ = try session.answer(.results(path: folder.path("r.f32")))
      let reference = kind.make(workload)
      reference.call()
      let outputs = try #require(reference.results().tensors[.outputs])
      #expect(
        try Self.floats(folder.path("r.f32")).prefix(outputs.count).map(Double.init) == outputs)
    }
    let training = PeerCase(
      item: LayerCase(BenchCase(cell: .lstm, mode: .training, shape: Self.shape)), threads: 1,
      data: path, weights: .int8)
    #expect(throws: PeerError.badRequest("'weights' goes with inference, not with training")) {
      try session.answer(.load(training))
    }
  }

  @Test(arguments: CellKind.allCases, Mode.allCases)
  func itComputesWhatTheScalarLoopsCompute(_ cell: CellKind, _ mode: Mode) throws {
    let folder = try TemporaryFolder()
    let item = BenchCase(cell: cell, mode: mode, shape: Self.shape)
    let (workload, path) = try Self.workload(item, in: folder, seed: 11)
    let reference = NaiveContestant(workload)
    reference.call()
    let expected = reference.results().tensors

    var session = PeerSession()
    for threads in [1, 2] {
      #expect(try session.answer(Self.load(item, path, threads: threads)) == PeerAnswer())
      let answer = try session.answer(.results(path: folder.path("r.f32")))
      let tensors = try #require(answer.tensors)
      #expect(Set(tensors.map(\.name)) == Set(expected.keys.map(\.rawValue)))
      var numbers = try Self.floats(folder.path("r.f32"))[...]
      for tensor in tensors {
        let name = try #require(TensorName(rawValue: tensor.name))
        let values = numbers.prefix(tensor.count)
        numbers = numbers.dropFirst(tensor.count)
        let reference = try #require(expected[name])
        let scale = reference.reduce(0) { max($0, abs($1)) }
        #expect(values.count == reference.count)
        #expect(
          zip(values, reference).allSatisfy { abs(Double($0) - $1) <= 1e-5 * scale },
          "\(cell) \(mode) \(name), seed 11")
      }
      #expect(numbers.isEmpty)
    }
  }

  @Test(arguments: CellKind.allCases)
  func sequencesEndWhereTheirLengthsSay(_ cell: CellKind) throws {
    let folder = try TemporaryFolder()
    let lengths = [2, 4, 1]
    let item = BenchCase(cell: cell, mode: .training, shape: Self.shape, lengths: .uniform)
    let (workload, path) = try Self.workload(item, in: folder, seed: 15)
    let expected = RaggedOracle.results(workload, lengths).tensors
    var session = PeerSession()
    let load = PeerCase(item: LayerCase(item), threads: 1, data: path, lengths: lengths)
    #expect(try session.answer(.load(load)) == PeerAnswer())
    let answer = try session.answer(.results(path: folder.path("r.f32")))
    var numbers = try Self.floats(folder.path("r.f32"))[...]
    for tensor in try #require(answer.tensors) {
      let reference = try #require(TensorName(rawValue: tensor.name).flatMap { expected[$0] })
      let values = numbers.prefix(tensor.count).map { Double($0) }
      numbers = numbers.dropFirst(tensor.count)
      #expect(Verification.error(values, reference) < 1e-5, "\(cell) \(tensor.name), seed 15")
    }
    #expect(numbers.isEmpty)
  }

  @Test func itTimesAsManySamplesAsAsked() throws {
    let folder = try TemporaryFolder()
    let item = BenchCase(cell: .lstm, mode: .training, shape: Self.shape)
    let (_, path) = try Self.workload(item, in: folder, seed: 12)
    var session = PeerSession()
    _ = try session.answer(Self.load(item, path))
    let timing = PeerTiming(warmUp: 1, callsPerSample: 2, samples: 3)
    let times = try #require(try session.answer(.time(timing)).nanoseconds)
    #expect(times.count == 3 && times.allSatisfy { $0 > 0 })
    let bytes = try #require(try session.answer(.memory).peakResidentBytes)
    #expect(bytes > 1 << 20)
  }

  @Test func whatNeedsALayerIsRefusedWithoutOne() throws {
    let folder = try TemporaryFolder()
    let item = BenchCase(cell: .gru, mode: .inference, shape: Self.shape)
    let (_, path) = try Self.workload(item, in: folder, seed: 13)
    var session = PeerSession()
    let time = PeerRequest.time(PeerTiming(warmUp: 0, callsPerSample: 1, samples: 1))
    #expect(throws: PeerError.nothingLoaded(request: "time")) { try session.answer(time) }
    _ = try session.answer(Self.load(item, path))
    _ = try session.answer(time)
    _ = try session.answer(.unload)
    #expect(throws: PeerError.nothingLoaded(request: "results")) {
      try session.answer(.results(path: folder.path("r.f32")))
    }
    #expect(folder.contents == ["case.f32"])
  }

  @Test func filesThatDoNotFitAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    var session = PeerSession()
    let item = BenchCase(cell: .lstm, mode: .inference, shape: Self.shape)
    let (_, path) = try Self.workload(item, in: folder, seed: 14)

    let missing = #expect(throws: PeerError.self) {
      try session.answer(Self.load(item, folder.path("none.f32")))
    }
    #expect(try #require(missing).message.contains("none.f32: No such file"))

    // A GRU has fewer gates: the same numbers are too many.
    let other = BenchCase(cell: .gru, mode: .inference, shape: Self.shape)
    let size = try #require(PeerData.byteCount(item))
    let misfit = #expect(throws: PeerError.self) { try session.answer(Self.load(other, path)) }
    let message = try #require(misfit).message
    #expect(
      message.contains(
        "case.f32: \(size) bytes, expected \(try #require(PeerData.byteCount(other)))"))

    _ = try session.answer(Self.load(item, path))
    let nowhere = folder.path("no/where.f32")
    let reason = "\(nowhere): cannot be written: No such file or directory"
    #expect(throws: PeerError.cannotWrite(reason)) {
      try session.answer(.results(path: nowhere))
    }
    #expect(folder.contents == ["case.f32"])
  }

  /// The largest shape has 2⁶¹ numbers of four bytes.
  @Test func aShapeWhoseBytesOverflowIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "case.f32")
    let side = Shape.largestPart
    for cell in CellKind.allCases {
      let item = BenchCase(
        cell: cell, mode: .inference, shape: Shape(T: side, N: side, D: side, H: side))
      #expect(PeerData.byteCount(item) == nil)
      var session = PeerSession()
      #expect(throws: PeerError.self) { try session.answer(Self.load(item, path)) }
      #expect(throws: PeerError.self) { _ = try PeerData(path: path, for: item) }
      let drawn = PeerRequest.load(PeerCase(item: LayerCase(item), threads: 1))
      #expect(throws: PeerError.self) { try session.answer(drawn) }
    }
  }

  @Test func everyRowCanBeTimed() throws {
    var session = PeerSession()
    let names = try #require(try session.answer(.rows).rows)
    #expect(Set(names).count == names.count)
    #expect(names.contains(KernelRows.yardstick))
    for name in names {
      _ = try session.answer(.loadRow(name))
      let timing = PeerTiming(warmUp: 1, callsPerSample: 2, samples: 1, clock: .processor)
      let times = try #require(try session.answer(.time(timing)).nanoseconds)
      #expect(times.count == 1 && times.allSatisfy { $0.isFinite }, "\(name)")
    }
    #expect(throws: PeerError.self) { try session.answer(.loadRow("nothing")) }
    #expect(throws: PeerError.nothingLoaded(request: "time")) {
      try session.answer(.time(PeerTiming(warmUp: 0, callsPerSample: 1, samples: 1)))
    }
  }

  @Test(arguments: LayerKind.allCases, Mode.allCases)
  func everyLayerRuns(_ layer: LayerKind, _ mode: Mode) throws {
    let folder = try TemporaryFolder()
    let item = LayerCase(layer: layer, mode: mode, shape: Shape(T: 3, N: 2, D: 4, H: 6))
    var session = PeerSession()
    _ = try session.answer(.load(PeerCase(item: item, threads: 1)))
    let path = folder.path("r.f32")
    let tensors = try #require(try session.answer(.results(path: path)).tensors)
    #expect(tensors.map(\.name) == (mode.includesBackward ? ["outputs", "dx"] : ["outputs"]))
    let numbers = try Self.floats(path)
    #expect(numbers.allSatisfy(\.isFinite) && numbers.contains { $0 != 0 })
    // Only the cells that everybody has come with numbers.
    if item.benchCase == nil {
      let withData = PeerRequest.load(PeerCase(item: item, threads: 1, data: path))
      #expect(throws: PeerError.self) { try session.answer(withData) }
    }
  }

  @Test func aLineIsAnsweredWhateverItIs() {
    var session = PeerSession()
    let hello = session.answer(line: #"{"request": "hello"}"#)
    #expect(hello.ok && hello.name == "swift-recurrent")
    #expect(hello.detail?.contains("OpenBLAS") == true)
    #expect(!session.answer(line: "nonsense").ok)
    #expect(session.answer(line: #"{"request": "unload"}"#).ok)
  }
}
