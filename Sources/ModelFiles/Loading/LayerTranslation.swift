import Autodiff
import LinAlg
import Recurrent

extension TensorFile {
  /// The same layers as another library has them; what belongs to no layer stays as it is.
  ///
  /// Names of parts are kept: `encoder.weight_ih_l0` of PyTorch becomes `encoder/lstm_cell/kernel` of Keras.
  ///
  /// - Parameters:
  ///   - layout: whose layers they become.
  ///   - source: whose they are.
  ///   - candidate: where a GRU resets, which the tensors of ``WeightLayout/onnx`` do not say; nil elsewhere.
  ///   - path: what errors call the file.
  /// - Returns: the tensors, the file's texts, and the layers that were found.
  /// - Throws: what the layout cannot express, with the reason, and tensors that do not fit their layer.
  public func translated(
    to layout: WeightLayout, from source: WeightLayout, candidate: GRUOptions.Candidate? = nil,
    path: String = ""
  ) throws(WeightsError) -> (file: TensorFile, layers: [FoundLayer]) {
    let layers = layers(in: source)
    var result = TensorFile([], metadata: metadata)
    func add(_ tensors: [Tensor]) throws(WeightsError) {
      for tensor in tensors {
        guard result[tensor.name] == nil else {
          throw WeightsError(
            path: path,
            reason: "two tensors would be called '\(tensor.name)', expected names of their own")
        }
        result.append(tensor)
      }
    }
    let taken = Set(layers.flatMap(\.tensors))
    for layer in layers {
      let translation = LayerTranslation(
        file: TensorFile(layer.tensors.compactMap { self[$0] }), path: path, layer: layer,
        layout: layout, candidate: candidate)
      do throws(WeightsError) {
        try add(try translation.tensors())
      } catch {
        guard let reason = error.reason else { throw error.of(path) }
        throw WeightsError(path: path, reason: "\(layer.title) of '\(layer.tensors[0])': \(reason)")
      }
    }
    try add(tensors.filter { !taken.contains($0.name) })
    return (result, layers)
  }
}

/// One layer on its way into another layout.
private struct LayerTranslation {
  /// The layer's tensors alone.
  let file: TensorFile
  let path: String
  let layer: FoundLayer
  let layout: WeightLayout
  let candidate: GRUOptions.Candidate?

  private var type: ElementType? { file.tensors.first?.elementType }

  func tensors() throws(WeightsError) -> [Tensor] {
    if let odd = file.tensors.first(where: { !$0.elementType.isFloatingPoint }) {
      throw WeightsError(
        reason: "'\(odd.name)' has elements of \(odd.elementType.rawValue), expected numbers")
    }
    // Single precision holds the halves, and nothing else holds doubles.
    let isDouble = file.tensors.contains { $0.elementType == .float64 }
    return isDouble ? try tensors(Double.self) : try tensors(Float.self)
  }

  private func tensors<Scalar: RecurrentScalar>(
    _: Scalar.Type
  ) throws(WeightsError) -> [Tensor] {
    switch layer.kind {
    case .lstm: return try recurrent(LSTM<Scalar>.self, nil)
    case .gru: return try recurrent(GRU<Scalar>.self, gruOptions)
    case .rnn: return try recurrent(SimpleRNN<Scalar>.self, nil)
    case .embedding:
      return try written(
        try Embedding<Scalar>(
          from: file, layout: layer.layout, prefix: layer.prefix, path: path))
    case .linear:
      return try written(
        try Linear<Scalar>(
          from: file, layout: layer.layout, prefix: layer.prefix, path: path))
    case .layerNorm:
      var norm = LayerNorm<Scalar>(features: layer.inputSize)
      try norm.readWeights(
        from: file, layout: layer.layout, prefix: layer.prefix, path: path)
      return try written(norm)
    }
  }

  private var gruOptions: GRUOptions? { candidate.map { GRUOptions(candidate: $0) } }

  private func recurrent<Cell: LayerReadable>(
    _: Cell.Type, _ options: Cell.Options?
  ) throws(WeightsError) -> [Tensor] {
    if layer.directions == 2 {
      return try stack(Bidirectional<Cell>.self, options)
    }
    return try stack(Cell.self, options)
  }

  private func stack<Layer: LayerReadable>(
    _: Layer.Type, _ options: Layer.Options?
  ) throws(WeightsError) -> [Tensor] {
    guard layer.isStacked else { return try written(try read(Layer.self, options)) }
    let stack = try read(Stacked<Layer>.self, options)
    // A stack of one is what others call a layer.
    return stack.layers.count == 1 ? try written(stack.layers[0]) : try written(stack)
  }

  private func read<Layer: LayerReadable>(
    _: Layer.Type, _ options: Layer.Options?
  ) throws(WeightsError) -> Layer {
    try Layer(
      from: file, layout: layer.layout, prefix: layer.prefix, options: options, path: path)
  }

  private func written(_ part: some WeightConvertible) throws(WeightsError) -> [Tensor] {
    try part.tensors(layout: layout, prefix: prefix, as: type)
  }

  /// What names begin with in the other layout.
  ///
  /// A Keras layer has a cell in it, and a name of its own where its model gives it none.
  private var prefix: String {
    let kind = kerasName
    var parts = layer.prefix.split(separator: layer.layout.separator).map(String.init)
    // Keras's own names, such as `lstm/lstm_cell/`, are those of a stack: here is a name of its model's.
    if layer.layout == .keras && parts.last == "\(kind)_cell" { parts.removeLast() }
    if layout == .keras && layer.isRecurrent && layer.layers == 1 {
      if layer.directions == 2 {
        if parts.isEmpty { parts = ["bidirectional"] }
      } else {
        if parts.isEmpty { parts = [kind] }
        parts.append("\(kind)_cell")
      }
    }
    return parts.map { $0 + layout.separator }.joined()
  }

  /// What Keras calls such a layer.
  private var kerasName: String { CellKind(rawValue: layer.kind.rawValue)?.kerasName ?? "" }
}
