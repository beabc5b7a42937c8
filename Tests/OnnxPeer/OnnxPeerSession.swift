import Foundation
import LinAlg
import OnnxModels

/// Serves requests about one model, one after the other.
struct OnnxPeerSession {
  private struct Request: Decodable {
    var request: String
    var model: String?
    var inputs: [String: String]?
    var threads: Int?
    var path: String?
    var warmUp: Int?
    var callsPerSample: Int?
    var samples: Int?
  }

  /// What is answered, with the fields that its request asks for.
  struct Answer: Encodable, Equatable {
    struct Tensor: Encodable, Equatable {
      var name: String
      var count: Int
    }

    var ok = true
    var error: String?
    var name: String?
    var version: String?
    var detail: String?
    /// `results`: what the file holds, in order.
    var tensors: [Tensor]?
    /// `time`: the nanoseconds of one run, for each sample.
    var nanoseconds: [Double]?
  }

  /// Why a request is not served; the process goes on.
  private struct Refusal: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// A model with what it is run on.
  private struct Loaded {
    let model: OnnxModel
    let inputs: [String: OnnxTensor]
    let threads: Int

    func run() throws(OnnxError) -> [String: OnnxTensor] {
      try model.run(inputs, threads: threads)
    }
  }

  private var loaded: Loaded?

  /// The answer to one line of input.
  mutating func answer(line: String) -> Answer {
    do {
      return try answer(JSONDecoder().decode(Request.self, from: Data(line.utf8)))
    } catch {
      return Answer(ok: false, error: "\(error)")
    }
  }

  private mutating func answer(_ request: Request) throws -> Answer {
    func given<Value>(_ value: Value?, _ name: String) throws -> Value {
      guard let value else { throw Refusal("'\(request.request)' needs '\(name)'") }
      return value
    }
    func count(_ value: Int?, _ name: String, from least: Int = 1) throws -> Int {
      let value = try given(value, name)
      guard (least...1_000_000).contains(value) else {
        throw Refusal("'\(name)' is \(value), expected \(least) to 1000000")
      }
      return value
    }
    switch request.request {
    case "hello":
      return Answer(
        name: "swift-recurrent", version: "OnnxModels",
        detail: "\(InstructionSet.current), OpenBLAS \(OpenBLAS.version) \(OpenBLAS.coreType)")
    case "load":
      loaded = nil
      var inputs: [String: OnnxTensor] = [:]
      for (name, path) in try given(request.inputs, "inputs") {
        inputs[name] = try OnnxTensor(serialized: Data(contentsOf: URL(fileURLWithPath: path)))
      }
      loaded = Loaded(
        model: try OnnxModel(contentsOf: given(request.model, "model")), inputs: inputs,
        threads: try count(request.threads, "threads"))
      return Answer()
    case "results":
      return Answer(
        tensors: try Self.write(given(loaded, "load"), to: given(request.path, "path")))
    case "time":
      return Answer(
        nanoseconds: try Self.time(
          given(loaded, "load"), warmUp: count(request.warmUp, "warmUp", from: 0),
          calls: count(request.callsPerSample, "callsPerSample"),
          samples: count(request.samples, "samples")))
    case "unload":
      loaded = nil
      return Answer()
    default:
      throw Refusal("unknown request '\(request.request)'")
    }
  }

  /// Writes what one run gives, and says what was written.
  private static func write(_ loaded: Loaded, to path: String) throws -> [Answer.Tensor] {
    let results = try loaded.run()
    var (bytes, tensors) = (Data(), [Answer.Tensor]())
    for output in loaded.model.outputs {
      guard let tensor = results[output.name], tensor.type == .float32 else {
        throw Refusal("output '\(output.name)' is not float32")
      }
      tensor.withElements(as: Float.self) { bytes.append(Data(buffer: $0)) }
      tensors.append(Answer.Tensor(name: output.name, count: tensor.count))
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    return tensors
  }

  private static func time(
    _ loaded: Loaded, warmUp: Int, calls: Int, samples: Int
  ) throws -> [Double] {
    let clock = ContinuousClock()
    for _ in 0..<warmUp { _ = try loaded.run() }
    var nanoseconds: [Double] = []
    for _ in 0..<samples {
      let start = clock.now
      for _ in 0..<calls { _ = try loaded.run() }
      nanoseconds.append((clock.now - start) / .nanoseconds(1) / Double(calls))
    }
    return nanoseconds
  }
}
