import ModelFiles
import OnnxModels

/// What a file holds, as `inspect` tells it.
struct FileReport: Encodable, Equatable {
  struct TensorReport: Encodable, Equatable {
    var name: String
    var type: String
    var shape: [Int]
    /// How many numbers are NaN, and infinite; nil where the numbers were not looked at.
    var nans: Int?
    var infinities: Int?
  }

  struct LayerReport: Encodable, Equatable {
    /// What the names of its tensors begin with.
    var prefix: String
    var kind: String
    var layers: Int
    var directions: Int
    var inputSize: Int?
    var hiddenSize: Int?
    var outputSize: Int?
    var description: String
  }

  struct CheckpointReport: Encodable, Equatable {
    var version: String
    var isWhole: Bool
    var epoch: Int?
    var batch: Int?
    var steps: Int?
    /// Nil where it is no finite number, which JSON has no words for.
    var learningRate: Double?
    var hasBest: Bool
    var texts: [String]
  }

  struct ValueReport: Encodable, Equatable {
    var name: String
    var type: String
    /// The size of each axis, its name where it has any, or `?`; nil where there may be any axes.
    var shape: [String]?
  }

  struct GraphReport: Encodable, Equatable {
    var producer: String
    var opsets: [String: Int]
    var inputs: [ValueReport]
    var outputs: [ValueReport]
    var operators: [String: Int]
    /// Why `recurrent run` cannot run it; nil where it can.
    var refusal: String?
  }

  var file: String
  /// `safetensors`, `npy`, `npz`, `pytorch` or `onnx`.
  var format: String
  var tensors: [TensorReport]
  /// How many floating-point numbers there are; of a checkpoint, the model's.
  var parameterCount: Int
  /// Whose names and shapes recurrent layers have, as far as they tell.
  var layout: String?
  var layers: [LayerReport]
  var metadata: [String: String]
  var checkpoint: CheckpointReport?
  var graph: GraphReport?

  /// The tensors with numbers that are not finite.
  var faults: [TensorReport] {
    tensors.filter { $0.nans ?? 0 > 0 || $0.infinities ?? 0 > 0 }
  }
}

extension FileReport {
  /// Looks at the file at `path`.
  ///
  /// - Throws: ``ToolError``: exit 66 where there is none, 65 where it is none of the formats or damaged.
  init(contentsOf path: String, progress: Progress) throws(ToolError) {
    if InputFile.isOnnx(path) {
      try self.init(try InputFile.outline(path), path: path, progress: progress)
    } else {
      try self.init(try InputFile.tensors(path), path: path, progress: progress)
    }
    progress.end()
  }

  private init(_ file: TensorFile, path: String, progress: Progress) throws(ToolError) {
    self.file = path
    metadata = file.metadata
    do throws(ModelFileError) {
      format = try TensorFile.Format(contentsOf: path).rawValue
      tensors = []
      for (i, tensor) in file.tensors.enumerated() {
        progress.show("looking at tensor", i, of: file.tensors.count)
        tensors.append(try TensorReport(tensor))
      }
      checkpoint = try CheckpointSummary(file).map(CheckpointReport.init)
    } catch {
      throw ToolError(error)
    }
    let model = checkpoint == nil ? file : Self.model(ofCheckpoint: file)
    parameterCount = Self.parameterCount(model)
    let layout = checkpoint == nil ? model.guessedLayout : .native
    self.layout = layout?.rawValue
    layers = layout.map { model.layers(in: $0).map(LayerReport.init) } ?? []
  }

  private init(_ outline: OnnxOutline, path: String, progress: Progress) throws(ToolError) {
    file = path
    format = "onnx"
    metadata = [:]
    let known = try outline.tensors(path: path).file
    parameterCount = Self.parameterCount(known)
    tensors = []
    for (i, initializer) in outline.initializers.enumerated() {
      progress.show("looking at tensor", i, of: outline.initializers.count)
      if let tensor = known[initializer.name] {
        do {
          tensors.append(try TensorReport(tensor))
        } catch {
          throw ToolError(error)
        }
      } else {
        tensors.append(
          TensorReport(
            name: initializer.name, type: initializer.type.uppercased(), shape: initializer.shape))
      }
    }
    layers = outline.recurrentNodes.map(LayerReport.init)
    layout = layers.isEmpty ? nil : WeightLayout.onnx.rawValue
    var graph = GraphReport(outline)
    do {
      _ = try OnnxModel(contentsOf: path)
    } catch {
      graph.refusal = error.description
    }
    self.graph = graph
  }

  /// The model of a checkpoint, beside which the optimizer's moments look alike. Its rows are matrices there.
  private static func model(ofCheckpoint file: TensorFile) -> TensorFile {
    TensorFile(
      file.tensors.filter { $0.name.hasPrefix("model.") }.map { tensor in
        let isRow = tensor.name.split(separator: ".").last?.first?.isLowercase == true
        guard isRow, tensor.shape.count == 2, tensor.shape[0] == 1 else { return tensor }
        return tensor.reshaped([tensor.shape[1]])
      })
  }

  private static func parameterCount(_ file: TensorFile) -> Int {
    file.tensors.reduce(0) { $0 + ($1.elementType.isFloatingPoint ? $1.count : 0) }
  }
}

extension FileReport.TensorReport {
  fileprivate init(_ tensor: Tensor) throws(ModelFileError) {
    let faults = try tensor.faults()
    self.init(
      name: tensor.name, type: tensor.elementType.rawValue, shape: tensor.shape,
      nans: faults.nans, infinities: faults.infinities)
  }
}

extension FileReport.LayerReport {
  fileprivate init(_ layer: FoundLayer) {
    self.init(
      prefix: layer.prefix, kind: layer.kind.rawValue, layers: layer.layers,
      directions: layer.directions, inputSize: layer.inputSize, hiddenSize: layer.hiddenSize,
      outputSize: layer.outputSize, description: layer.description)
  }

  fileprivate init(_ node: OnnxOutline.RecurrentNode) {
    self.init(
      prefix: node.name, kind: node.type.lowercased(), layers: 1, directions: node.directions,
      inputSize: node.inputSize, hiddenSize: node.hiddenSize,
      outputSize: node.hiddenSize.map { $0.multipliedReportingOverflow(by: node.directions).0 },
      description: node.description)
  }
}

extension FileReport.CheckpointReport {
  fileprivate init(_ summary: CheckpointSummary) {
    self.init(
      version: summary.version, isWhole: summary.isWhole, epoch: summary.epoch,
      batch: summary.batch, steps: summary.stepCount,
      learningRate: summary.learningRate.flatMap { $0.isFinite ? $0 : nil },
      hasBest: summary.hasBest, texts: summary.texts)
  }
}

extension FileReport.GraphReport {
  fileprivate init(_ outline: OnnxOutline) {
    self.init(
      producer: outline.producer, opsets: outline.opsets,
      inputs: outline.inputs.map(FileReport.ValueReport.init),
      outputs: outline.outputs.map(FileReport.ValueReport.init), operators: outline.operators)
  }
}

extension FileReport.ValueReport {
  fileprivate init(_ value: OnnxOutline.Value) {
    let shape = value.shape?.map { size in
      switch size {
      case .fixed(let size): String(size)
      case .named(let name): name
      case .any: "?"
      }
    }
    self.init(name: value.name, type: value.type, shape: shape)
  }
}
