import Foundation
import LinAlg
import WholeFiles

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
    let bytes: [UInt8]
    do throws(FileFailure) {
      bytes = try WholeFile.read(path, limit: limits.fileBytes)
    } catch {
      throw OnnxError(.unreadable, at: path, error.description)
    }
    do throws(OnnxError) {
      try self.init(bytes: bytes, limits: limits)
    } catch {
      throw OnnxError(
        error.kind, at: error.place.isEmpty ? path : "\(path): \(error.place)", error.reason)
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
    var tensors: [OnnxTensor] = []
    for input in inputs {
      guard let tensor = given[input.name] else {
        throw OnnxError(.input, at: "input '\(input.name)'", "missing, expected \(input)")
      }
      try input.check(tensor)
      tensors.append(tensor)
    }
    if given.count > inputs.count {
      let names = Set(inputs.map(\.name))
      let unknown = given.keys.filter { !names.contains($0) }.sorted()
      throw OnnxError(
        .input, at: "input '\(unknown.first ?? "")'",
        "unknown, the model has \(inputs.map(\.name))")
    }
    let context = RunContext(
      limits: limits, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let results = try plan.run(tensors, context)
    return Dictionary(uniqueKeysWithValues: zip(outputs.map(\.name), results))
  }
}
