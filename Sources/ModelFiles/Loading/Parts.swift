import Autodiff
import LinAlg
import Recurrent

// The layers without a state.

/// A piece that is a whole parameter of the one block.
private func whole(_ spec: ParameterSpec, at start: Int) -> WeightPiece {
  WeightPiece(
    rowStride: spec.columns, block: 0, start: start, rows: spec.rows, columns: spec.columns)
}

private func transposed(_ spec: ParameterSpec, at start: Int) -> WeightPiece {
  var piece = whole(spec, at: start)
  (piece.rowStride, piece.columnStride) = (1, spec.rows)
  return piece
}

extension Linear: WeightConvertible {
  /// `weight [K, D]` and `bias [K]`; Keras's `kernel` is `[D, K]`, this package's are `W` and `b`.
  ///
  /// - Throws: for cuDNN, which has no such layer.
  public func weightForms(in layout: WeightLayout) throws(WeightsError) -> WeightForms {
    let specs = parameters.block.specs
    let (W, b) = (specs[0], specs[1])
    let names =
      switch layout {
      case .native: ("W", "b")
      case .keras: ("kernel", "bias")
      case .oneDNN: ("weights", "bias")
      case .pytorch, .onnx, .mlx, .flux, .haste: ("weight", "bias")
      case .cuDNN: throw WeightsError(reason: "cuDNN has no linear layer")
      }
    let weight =
      layout == .keras
      ? TensorForm(name: names.0, shape: [W.columns, W.rows], pieces: [transposed(W, at: 0)])
      : TensorForm(name: names.0, shape: [W.rows, W.columns], pieces: [whole(W, at: 0)])
    return WeightForms(tensors: [
      weight,
      TensorForm(
        name: names.1, shape: [b.columns], pieces: [whole(b, at: W.count)],
        isBias: layout != .native),
    ])
  }

  /// Reads a linear layer out of an opened file; parameters and errors as of a recurrent layer.
  public init(
    from file: TensorFile, layout: WeightLayout, prefix: String = "", path: String = ""
  ) throws(WeightsError) {
    let shape = try Self(parameters: LinearParameters(inputSize: 5, outputSize: 13))
      .matrixShape(in: file, layout, prefix, path)
    let isTransposed = layout == .keras
    self.init(
      parameters: LinearParameters(
        inputSize: shape[isTransposed ? 0 : 1], outputSize: shape[isTransposed ? 1 : 0]))
    try readWeights(from: file, layout: layout, prefix: prefix, path: path)
  }

  /// Reads a linear layer out of a file; parameters and errors as of a recurrent layer.
  public init(
    contentsOf path: String, layout: WeightLayout, prefix: String = ""
  ) throws(WeightsError) {
    try self.init(from: TensorFile.opened(path), layout: layout, prefix: prefix, path: path)
  }
}

extension Embedding: WeightConvertible {
  /// `weight [V, D]`; Keras's `embeddings`, this package's `W`, Flux's `weight [D, V]`.
  ///
  /// - Throws: for oneDNN and cuDNN, which have no such layer.
  public func weightForms(in layout: WeightLayout) throws(WeightsError) -> WeightForms {
    let W = parameters.block.specs[0]
    let name =
      switch layout {
      case .native: "W"
      case .keras: "embeddings"
      case .pytorch, .onnx, .mlx, .flux, .haste: "weight"
      case .oneDNN, .cuDNN:
        throw WeightsError(reason: "\(layout.rawValue) has no embedding")
      }
    return WeightForms(tensors: [
      layout == .flux
        ? TensorForm(name: name, shape: [W.columns, W.rows], pieces: [transposed(W, at: 0)])
        : TensorForm(name: name, shape: [W.rows, W.columns], pieces: [whole(W, at: 0)])
    ])
  }

  /// Reads an embedding out of an opened file; parameters and errors as of a recurrent layer.
  public init(
    from file: TensorFile, layout: WeightLayout, prefix: String = "", path: String = ""
  ) throws(WeightsError) {
    let shape = try Self(parameters: EmbeddingParameters(vocabularySize: 5, features: 13))
      .matrixShape(in: file, layout, prefix, path)
    let isTransposed = layout == .flux
    self.init(
      parameters: EmbeddingParameters(
        vocabularySize: shape[isTransposed ? 1 : 0], features: shape[isTransposed ? 0 : 1]))
    try readWeights(from: file, layout: layout, prefix: prefix, path: path)
  }

  /// Reads an embedding out of a file; parameters and errors as of a recurrent layer.
  public init(
    contentsOf path: String, layout: WeightLayout, prefix: String = ""
  ) throws(WeightsError) {
    try self.init(from: TensorFile.opened(path), layout: layout, prefix: prefix, path: path)
  }
}

extension WeightConvertible {
  /// The extents of the first tensor of this layer, which is a matrix, in a file.
  fileprivate func matrixShape(
    in file: TensorFile, _ layout: WeightLayout, _ prefix: String, _ path: String
  ) throws(WeightsError) -> [Int] {
    let forms: WeightForms
    do {
      forms = try weightForms(in: layout)
    } catch {
      throw error.of(path)
    }
    let name = forms.tensors[0].fullName(prefix)
    guard let shape = file[name]?.shape else { throw WeightsError(path: path, missing: [name]) }
    guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
      throw WeightsError(
        path: path, reason: "tensor '\(name)' has shape \(shape), expected a matrix")
    }
    return shape
  }
}

extension LayerNorm: WeightConvertible {
  /// `weight [F]` and `bias [F]`, by the names that libraries give them.
  ///
  /// - Throws: for cuDNN, which has no such layer.
  public func weightForms(in layout: WeightLayout) throws(WeightsError) -> WeightForms {
    let specs = parameters.block.specs
    let names =
      switch layout {
      case .native: ("gain", "bias")
      case .keras: ("gamma", "beta")
      case .oneDNN: ("scale", "shift")
      case .flux: ("diag.scale", "diag.bias")
      case .pytorch, .onnx, .mlx, .haste: ("weight", "bias")
      case .cuDNN: throw WeightsError(reason: "cuDNN has no layer normalization")
      }
    return WeightForms(tensors: [
      TensorForm(name: names.0, shape: [specs[0].columns], pieces: [whole(specs[0], at: 0)]),
      TensorForm(
        name: names.1, shape: [specs[1].columns], pieces: [whole(specs[1], at: specs[0].count)]),
    ])
  }
}

extension Parameter: WeightConvertible {
  /// The one tensor, which is called as the part is.
  public func weightForms(in layout: WeightLayout) -> WeightForms {
    let W = parameters.block.specs[0]
    return WeightForms(tensors: [
      TensorForm(name: "", shape: [W.rows, W.columns], pieces: [whole(W, at: 0)])
    ])
  }
}
