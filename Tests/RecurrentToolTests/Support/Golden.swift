import Foundation
import ModelFiles
import OnnxModels

@testable import OnnxCases
@testable import RecurrentTool

/// The committed files of Tests/Golden.
enum Golden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The names of a folder's files.
  static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).sorted()
  }

  /// A model that PyTorch has exported, with inputs and what PyTorch computes of them: `NAME.onnx`,
  /// `in/NAME.npy` and `out/NAME.npy`.
  static func writeModel(_ name: String, to folder: TemporaryFolder) throws -> OnnxModel {
    for one in try OnnxCase.cases(file: path("onnx/models.cases")) where one.name == name {
      _ = try folder.write(one.model, to: "\(name).onnx")
      let model = try OnnxModel(bytes: one.model)
      for (values, part, tensors) in [
        (model.inputs, "in", one.inputs), (model.outputs, "out", one.outputs),
      ] {
        try FileManager.default.createDirectory(
          atPath: folder.path(part), withIntermediateDirectories: true)
        for (value, bytes) in zip(values, tensors) {
          let tensor = Tensor("array", try OnnxTensor(serialized: bytes ?? []))
          _ = try folder.write(tensor, to: "\(part)/\(value.name).npy")
        }
      }
      return model
    }
    throw CaseFileError(reason: "no model '\(name)'")
  }
}
