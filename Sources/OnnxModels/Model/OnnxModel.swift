import Foundation
import LinAlg
import Recurrent

/// A model of an ONNX file, ready to run.
///
/// ```swift
/// let model = try OnnxModel(contentsOf: "tagger.onnx")
/// let results = try model.run(["tokens": OnnxTensor(shape: [7, 2], tokens)])
/// let scores = results["scores"]?.elements(as: Float.self)
/// ```
///
/// Everything is looked at when the file is loaded: what this library does not support is named with its
/// node then. Constants are computed and the weights of layers packed once. A model is a value that never
/// changes, and many threads may run the same one at once.
///
/// A run keeps what it worked with for the next one: a run with inputs of the same shapes as the run before
/// allocates nothing but its outputs. That is as much memory as a run needs, for each of the runs that were
/// under way at the same time; ``freeBuffers()`` gives it back.
public struct OnnxModel: Sendable {
  /// What a run must be given.
  public let inputs: [OnnxValue]
  /// What a run gives.
  public let outputs: [OnnxValue]
  /// What the file asks for and may not exceed.
  public let limits: OnnxLimits
  /// The version of ONNX's operator set.
  public let opset: Int
  private let plan: GraphPlan
  private let runs = ModelRuns()

  /// How many nodes a run computes.
  var stepCount: Int { plan.steps.count }

  /// The names of the operators that this library runs, of operator sets 13 to 28; older versions of an
  /// operator are run where they are the same.
  public static var operators: [String] { OperatorTable.names }

  /// The model of a file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: what it may ask for.
  /// - Throws: what is wrong with the file, or what this library does not support.
  public init(contentsOf path: String, limits: OnnxLimits = OnnxLimits()) throws(OnnxError) {
    let bytes = try limits.read(path)
    do throws(OnnxError) {
      try self.init(bytes: bytes, limits: limits)
    } catch {
      throw error.ofFile(path)
    }
  }

  /// The model of a file's bytes.
  ///
  /// - Parameters:
  ///   - bytes: a serialised `ModelProto`.
  ///   - limits: what it may ask for.
  /// - Throws: what is wrong with them, or what this library does not support.
  public init(bytes: [UInt8], limits: OnnxLimits = OnnxLimits()) throws(OnnxError) {
    let proto = try Onnx_ModelProto(file: bytes, limits)
    opset = try Self.opset(proto)
    self.limits = limits

    let graph = proto.graph
    let constants = Set(graph.initializer.map(\.name))
    var inputs: [OnnxValue] = []
    for input in graph.input where !constants.contains(input.name) {
      inputs.append(OnnxValue(input, try OnnxValue.elementType(input)))
    }
    let compiler = GraphCompiler(
      ModelCompiler(opset: opset, limits: limits, fileBytes: bytes.count))
    plan = try compiler.compile(graph, inputs: inputs.map { ($0.name, $0.type) })
    self.inputs = inputs
    outputs = zip(graph.output, plan.outputTypes).map { OnnxValue($0, $1) }
    var seen = Set<String>()
    for output in outputs where !seen.insert(output.name).inserted {
      throw OnnxError(.malformed, at: "output '\(output.name)'", "it is listed twice")
    }
  }

  private static func opset(_ proto: Onnx_ModelProto) throws(OnnxError) -> Int {
    let versions = proto.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }
      .map { Int($0.version) }
    guard let version = versions.first, versions.count == 1 else {
      throw OnnxError(.malformed, "\(versions.count) versions of ONNX's operator set, expected one")
    }
    guard version >= 1 && version <= OperatorTable.newestOpset else {
      throw OnnxError(
        .unsupported, "operator set \(version), the newest known is \(OperatorTable.newestOpset)")
    }
    return version
  }

  /// Runs the model.
  ///
  /// - Parameters:
  ///   - given: a tensor for each of ``inputs``, by name.
  ///   - threads: how many threads the run may use, the caller's among them; nil means one for each
  ///     processor. The results do not depend on it.
  /// - Returns: a tensor for each of ``outputs``, by name.
  /// - Throws: an input that is missing, unknown or does not fit, or what a node cannot do with its inputs.
  public func run(
    _ given: [String: OnnxTensor], threads: Int? = nil
  ) throws(OnnxError) -> [String: OnnxTensor] {
    for input in inputs {
      guard let tensor = given[input.name] else {
        throw OnnxError(.input, at: "input '\(input.name)'", "missing, expected \(input)")
      }
      try input.check(tensor)
    }
    if given.count > inputs.count {
      let names = Set(inputs.map(\.name))
      let unknown = given.keys.filter { !names.contains($0) }.sorted()
      throw OnnxError(
        .input, at: "input '\(unknown.first ?? "")'",
        "unknown, the model has \(inputs.map(\.name))")
    }
    let run = runs.take() ?? ModelRun(plan, limits)
    let (context, memory) = (run.context, run.memory)
    context.threads = allowedThreads(threads)
    for i in 0..<inputs.count { memory.frame.values[plan.inputs[i]] = given[inputs[i].name] }
    // What a run leaves that fails is not used again.
    try plan.run(memory, context)
    var results = [String: OnnxTensor](minimumCapacity: outputs.count)
    for i in 0..<outputs.count { results[outputs[i].name] = try plan.output(i, memory) }
    plan.clear(memory, context)
    context.endRun()
    runs.give(run)
    return results
  }

  /// Gives back the memory that runs have kept for the next ones.
  public func freeBuffers() { runs.removeAll() }
}
