import Foundation
import LinAlg
import SequenceModels
import WholeFiles

/// Serves requests about one model, one after the other.
struct ModelSession {
  private var model: (any TrainedModel)?

  /// What is answered: one JSON object a line, with the fields that its request asks for.
  struct Answer: Encodable, Equatable {
    struct Tensor: Encodable, Equatable {
      var name: String
      var rows: Int
      var columns: Int
    }

    var ok = true
    var error: String?
    var name: String?
    var version: String?
    var detail: String?
    /// `weights`: what the file holds, in order.
    var tensors: [Tensor]?
    /// `train`: the loss before each update.
    var losses: [Double]?
    /// `time`: the nanoseconds of one update, for each sample.
    var nanoseconds: [Double]?
  }

  /// The answer to one line of input.
  mutating func answer(line: String) -> Answer {
    do {
      return try answer(JSONDecoder().decode(ModelRequest.self, from: Data(line.utf8)))
    } catch let error as DecodingError {
      let (place, reason) = InputFile.describe(error)
      let text = place.isEmpty ? reason : "'\(place.joined(separator: "."))' \(reason)"
      return Answer(ok: false, error: "bad request: \(text)")
    } catch let error as BenchError {
      return Answer(ok: false, error: error.message)
    } catch {
      return Answer(ok: false, error: "\(error)")
    }
  }

  private mutating func answer(_ request: ModelRequest) throws -> Answer {
    func given<Value>(_ value: Value?, _ name: String) throws -> Value {
      guard let value else { throw BenchError.data("'\(request.request)' needs '\(name)'") }
      return value
    }
    func count(_ value: Int?, _ name: String, from least: Int = 1) throws -> Int {
      let value = try given(value, name)
      guard (least...1_000_000).contains(value) else {
        throw BenchError.data("'\(name)' is \(value), expected \(least) to 1000000")
      }
      return value
    }
    switch request.request {
    case .hello:
      return Answer(
        name: "swift-recurrent", version: Bench.configuration.version,
        detail: "\(InstructionSet.current), OpenBLAS \(OpenBLAS.version) \(OpenBLAS.coreType)")
    case .load:
      model = nil
      let path = try given(request.path, "path")
      let batches = try Self.batches(path)
      let dropout = request.dropout ?? 0
      guard (0..<1).contains(dropout) else {
        throw BenchError.data("'dropout' is \(dropout), expected 0 up to 1")
      }
      model = TrainedModels.make(
        try given(request.model, "model"), try given(request.sizes, "sizes"), dropout: dropout,
        threads: try count(request.threads, "threads"), batches: batches)
      return Answer()
    case .weights:
      let weights = try given(model, "load").weights
      let bytes = weights.flatMap { $0.elements.withUnsafeBytes { Array($0) } }
      do {
        try WholeFile.write(bytes, to: try given(request.path, "path"))
      } catch let error as FileFailure {
        throw BenchError.cannotWrite(error.description)
      }
      return Answer(
        tensors: weights.map { .init(name: $0.name, rows: $0.rows, columns: $0.columns) })
    case .train:
      let model = try given(model, "load")
      return Answer(
        losses: try (0..<count(request.updates, "updates")).map { _ in try model.update() })
    case .time:
      let model = try given(model, "load")
      for _ in 0..<(try count(request.updates, "updates", from: 0)) { _ = try model.update() }
      let updates = try count(request.updatesPerSample, "updatesPerSample")
      return Answer(
        nanoseconds: try (0..<count(request.samples, "samples")).map { _ in
          let start = Stopwatch.now()
          for _ in 0..<updates { _ = try model.update() }
          return Double(Stopwatch.now() - start) / Double(updates)
        })
    }
  }

  private static func batches(_ path: String) throws -> [ModelBatch] {
    do {
      let bytes = try WholeFile.read(path, limit: 1 << 30)
      let batches = try JSONDecoder().decode([ModelBatch].self, from: Data(bytes))
      if batches.isEmpty { throw BenchError.data("\(path): no batches") }
      return batches
    } catch let error as FileFailure {
      throw BenchError.data(error.description)
    } catch let error as DecodingError {
      let (place, reason) = InputFile.describe(error)
      throw BenchError.data("\(path): \(place.joined(separator: ".")): \(reason)")
    }
  }
}
