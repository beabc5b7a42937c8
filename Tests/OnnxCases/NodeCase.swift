import Foundation
import OnnxModels

/// One case: a model, its inputs, and the outputs that it must have.
struct NodeCase {
  enum Outcome {
    case passed
    case failed(name: String, why: String)
    /// What this library says that it does not support.
    case refused(name: String, why: String)
  }

  let path: String
  let name: String

  func run() -> Outcome {
    do {
      let model = try OnnxModel(contentsOf: "\(path)/model.onnx")
      var inputs: [String: OnnxTensor] = [:]
      for (i, input) in model.inputs.enumerated() { inputs[input.name] = try tensor("input_\(i)") }
      let results = try model.run(inputs, threads: 2)
      let (relative, absolute) = tolerances()
      for (i, output) in model.outputs.enumerated() {
        guard let result = results[output.name] else {
          return .failed(name: name, why: "no output '\(output.name)'")
        }
        if let why = difference(result, try tensor("output_\(i)"), relative, absolute) {
          return .failed(name: name, why: "output '\(output.name)': \(why)")
        }
      }
      return .passed
    } catch let error as OnnxError where error.kind == .unsupported {
      return .refused(name: name, why: error.reason)
    } catch {
      return .failed(name: name, why: "\(error)")
    }
  }

  private func tensor(_ file: String) throws -> OnnxTensor {
    try OnnxTensor(serialized: Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file).pb")))
  }

  private func tolerances() -> (relative: Double, absolute: Double) {
    let text = (try? String(contentsOfFile: "\(path)/tolerance", encoding: .utf8)) ?? ""
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }

  /// How two tensors differ; nil where they do not.
  private func difference(
    _ a: OnnxTensor, _ b: OnnxTensor, _ relative: Double, _ absolute: Double
  ) -> String? {
    guard a.type == b.type, a.shape == b.shape else { return "\(a), expected \(b)" }
    let (x, y) = (numbers(a), numbers(b))
    for i in x.indices {
      let isClose =
        x[i] == y[i] || (x[i].isNaN && y[i].isNaN)
        || abs(x[i] - y[i]) <= absolute + relative * abs(y[i])
      if !isClose { return "element \(i) of \(a) is \(x[i]), expected \(y[i])" }
    }
    return nil
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
