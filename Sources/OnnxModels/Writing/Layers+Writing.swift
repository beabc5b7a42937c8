import Autodiff
import LinAlg
import Recurrent

// Layers made of layers, and what stands before and behind them.

extension Reversed: OnnxWritableLayer where Layer: OnnxWritableLayer {
  /// Those of the layer.
  public var onnxStateSizes: [Int] { layer.onnxStateSizes }

  /// Adds the layer's nodes; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try layer.write(
      to: &writer, x: x, from: state, lengths: lengths, isReversed: !isReversed)
  }
}

extension Bidirectional: OnnxWritableLayer
where Layer: OnnxWritableLayer, Layer.Scalar: OnnxScalar {
  /// Those of both directions.
  public var onnxStateSizes: [Int] {
    forwardLayer.onnxStateSizes + backwardLayer.onnxStateSizes
  }

  /// Adds the nodes of both directions; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let count = forwardLayer.onnxStateSizes.count
    let f = try forwardLayer.write(
      to: &writer, x: x, from: state.map { Array($0.prefix(count)) }, lengths: lengths,
      isReversed: isReversed)
    let b = try backwardLayer.write(
      to: &writer, x: x, from: state.map { Array($0.dropFirst(count)) }, lengths: lengths,
      isReversed: !isReversed)
    let both = [f.outputs, b.outputs] as [OnnxReference?]
    let outputs: OnnxReference
    switch merge {
    case .concatenate: outputs = writer.one("Concat", both, ["axis": .int(2)])
    case .sum: outputs = writer.one("Add", both)
    case .product: outputs = writer.one("Mul", both)
    case .mean:
      outputs = writer.one(
        "Mul", [writer.one("Add", both), writer.number(0.5, as: Scalar.self)])
    }
    return OnnxLayerValues(outputs: outputs, finalState: f.finalState + b.finalState)
  }
}

extension Stacked: OnnxWritableLayer where Layer: OnnxWritableLayer {
  /// Those of all layers.
  public var onnxStateSizes: [Int] { layers.flatMap(\.onnxStateSizes) }

  /// Adds the nodes of all layers; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``. Dropout
  /// between them is left out, as in inference.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    var (y, finals, rest) = (x, [OnnxReference](), state?[...])
    for layer in layers {
      let count = layer.onnxStateSizes.count
      let values = try layer.write(
        to: &writer, x: y, from: rest.map { Array($0.prefix(count)) }, lengths: lengths,
        isReversed: isReversed)
      rest = rest?.dropFirst(count)
      y = values.outputs
      finals += values.finalState
    }
    return OnnxLayerValues(outputs: y, finalState: finals)
  }
}

extension Chain: OnnxWritableLayer where Lower: OnnxWritableLayer, Upper: OnnxWritableLayer {
  /// Those of both layers.
  public var onnxStateSizes: [Int] { lower.onnxStateSizes + upper.onnxStateSizes }

  /// Adds the nodes of both layers; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``. Dropout
  /// between them is left out, as in inference.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let (lower, upper) = (lower, upper)
    let count = lower.onnxStateSizes.count
    let below = try lower.write(
      to: &writer, x: x, from: state.map { Array($0.prefix(count)) }, lengths: lengths,
      isReversed: isReversed)
    let above = try upper.write(
      to: &writer, x: below.outputs, from: state.map { Array($0.dropFirst(count)) },
      lengths: lengths, isReversed: isReversed)
    return OnnxLayerValues(
      outputs: above.outputs, finalState: below.finalState + above.finalState)
  }
}

extension LearnedInitialState: OnnxWritableLayer
where Layer: OnnxWritableLayer, Layer.Scalar: OnnxScalar {
  /// Those of the layer.
  public var onnxStateSizes: [Int] { layer.onnxStateSizes }

  /// Adds the layer's nodes, which begin at what was learned where no state is given; see
  /// ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try layer.write(
      to: &writer, x: x, from: state ?? learned(x, &writer), lengths: lengths,
      isReversed: isReversed)
  }

  /// The learned state for each sequence of `x`.
  private func learned(_ x: OnnxReference, _ writer: inout OnnxGraphWriter) -> [OnnxReference] {
    let initial = parameters.initial
    var rest = initial.specs.indices.flatMap { initial[tensor: $0].elements }[...]
    let batch = writer.slice(writer.one("Shape", [x]), axis: 0, 1..<2)
    return onnxStateSizes.map { size in
      let part = OnnxTensor(shape: [1, size], rest.prefix(size))
      rest = rest.dropFirst(size)
      let shape = writer.concatenate([batch, writer.integers([size])], axis: 0)
      return writer.one("Expand", [writer.constant(part, name: "initial"), shape])
    }
  }
}

extension OnnxGraphWriter {
  /// Adds an embedding: the rows of tokens of type `int64`, with one axis more.
  public mutating func append<S>(
    _ embedding: Embedding<S>, to tokens: OnnxReference
  ) -> OnnxReference where S: OnnxScalar {
    let table = embedding.parameters.block[tensor: 0]
    let weights = constant(
      OnnxTensor(shape: [embedding.vocabularySize, embedding.features], table.elements),
      name: "embedding")
    return one("Gather", [weights, tokens])
  }

  /// Adds an affine map of the fastest axis.
  public mutating func append<S>(
    _ linear: Linear<S>, to x: OnnxReference
  ) -> OnnxReference where S: OnnxScalar {
    let (W, b) = (linear.parameters.block[tensor: 0], linear.parameters.block[tensor: 1])
    let product = one("MatMul", [x, turned(W, name: "W")])
    return one("Add", [product, constant(OnnxTensor(shape: [b.count], b.elements), name: "b")])
  }

  /// Adds a normalization of the fastest axis.
  public mutating func append<S>(
    _ norm: LayerNorm<S>, to x: OnnxReference
  ) -> OnnxReference where S: OnnxScalar {
    layerNorm(norm.parameters.block, epsilon: norm.epsilon, to: x)
  }

  /// `gain∘(x − mean x) / √(variance x + ε) + bias`: gain and bias are the tensors of the block.
  mutating func layerNorm<S>(
    _ block: ParameterBlock<S>, epsilon: Double, to x: OnnxReference
  ) -> OnnxReference where S: OnnxScalar {
    let (gain, bias) = (block[tensor: 0], block[tensor: 1])
    let normal = standardized(x, axis: -1, epsilon: epsilon, as: S.self)
    let scale = constant(OnnxTensor(shape: [gain.count], gain.elements), name: "gain")
    let b = constant(OnnxTensor(shape: [bias.count], bias.elements), name: "b")
    return one("Add", [one("Mul", [normal, scale]), b])
  }
}
