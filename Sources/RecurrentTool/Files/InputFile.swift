import Foundation
import ModelFiles
import OnnxModels

/// Files that are read, with the exit codes of what may be wrong with them.
enum InputFile {
  /// Fails where there is no file at `path` that can be opened.
  ///
  /// - Throws: ``ToolError`` (exit 66).
  static func check(_ path: String) throws(ToolError) {
    var isFolder: ObjCBool = false
    let manager = FileManager.default
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ToolError.noInput("\(path): no such file")
    }
    guard !isFolder.boolValue else {
      throw ToolError.noInput("\(path): is a folder, expected a file")
    }
    guard manager.isReadableFile(atPath: path) else {
      throw ToolError.noInput("\(path): cannot be read")
    }
  }

  /// Whether the name says that it is an ONNX model.
  static func isOnnx(_ path: String) -> Bool { path.lowercased().hasSuffix(".onnx") }

  /// The tensors of a file in any format of ``TensorFile``, or those that an ONNX graph begins with.
  static func tensors(_ path: String) throws(ToolError) -> TensorFile {
    if isOnnx(path) { return try outline(path).allTensors(path: path) }
    try check(path)
    do {
      return try TensorFile(contentsOf: path)
    } catch {
      throw ToolError(error)
    }
  }

  /// What an ONNX file holds.
  static func outline(_ path: String) throws(ToolError) -> OnnxOutline {
    try check(path)
    do {
      return try OnnxOutline(contentsOf: path)
    } catch {
      throw ToolError.data("\(error)")
    }
  }

  /// The model of an ONNX file.
  static func model(_ path: String) throws(ToolError) -> OnnxModel {
    try check(path)
    do {
      return try OnnxModel(contentsOf: path)
    } catch {
      throw ToolError.data("\(error)")
    }
  }
}

extension ToolError {
  /// What a file of numbers holds is wrong.
  init(_ error: ModelFileError) { self = .data(error.description) }
}
