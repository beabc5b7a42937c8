import Foundation
import OnnxModels

/// A model, its inputs, and the outputs that it must have.
struct OnnxCase: Sendable, CustomStringConvertible {
  enum Outcome: Equatable {
    case passed
    case failed(String)
    /// What this library says that it does not support.
    case refused(String)
  }

  var name: String
  var model: [UInt8] = []
  /// Serialised tensors, in the order of the model's inputs; nil where the file has none.
  var inputs: [[UInt8]?] = []
  var outputs: [[UInt8]?] = []
  var relative = 0.0
  var absolute = 0.0

  var description: String { name }

  func run(threads: Int = 2) -> Outcome {
    do {
      let model = try OnnxModel(bytes: model)
      var given: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() { given[input.name] = try tensor(inputs, i) }
      let results = try model.run(given, threads: threads)
      for (i, output) in model.outputs.enumerated() {
        guard let result = results[output.name] else {
          return .failed("no output '\(output.name)'")
        }
        if let why = difference(result, try tensor(outputs, i)) {
          return .failed("output '\(output.name)': \(why)")
        }
      }
      return .passed
    } catch let error as OnnxError where error.kind == .unsupported {
      return .refused(error.reason)
    } catch {
      return .failed("\(error)")
    }
  }

  private struct Missing: Error {}

  private func tensor(_ values: [[UInt8]?], _ place: Int) throws -> OnnxTensor {
    guard place < values.count, let bytes = values[place] else { throw Missing() }
    return try OnnxTensor(serialized: bytes)
  }

  /// How two tensors differ; nil where they do not.
  private func difference(_ a: OnnxTensor, _ b: OnnxTensor) -> String? {
    guard a.type == b.type, a.shape == b.shape else { return "\(a), expected \(b)" }
    let (x, y) = (numbers(a), numbers(b))
    for i in x.indices where !isClose(x[i], y[i]) {
      return "element \(i) of \(a) is \(x[i]), expected \(y[i])"
    }
    return nil
  }

  private func isClose(_ x: Double, _ y: Double) -> Bool {
    x == y || (x.isNaN && y.isNaN) || abs(x - y) <= absolute + relative * abs(y)
  }

  private func numbers(_ tensor: OnnxTensor) -> [Double] {
    switch tensor.type {
    case .float32: tensor.elements(as: Float.self).map { Double($0) }
    case .float64: tensor.elements(as: Double.self)
    case .int32: tensor.elements(as: Int32.self).map { Double($0) }
    case .int64: tensor.elements(as: Int64.self).map { Double($0) }
    case .bool: tensor.elements(as: Bool.self).map { $0 ? 1 : 0 }
    }
  }
}
