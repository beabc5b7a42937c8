import Autodiff
import LinAlg
import Recurrent

// Layers made of layers, and what stands before and behind them.

extension Reversed: OnnxWritableLayer where Layer: OnnxWritableLayer {
  /// That of the layer.
  public var onnxStateCount: Int { layer.onnxStateCount }

  /// Adds the layer's nodes; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    try layer.write(
      to: &writer, x: x, from: state, lengths: lengths, isReversed: !isReversed)
  }
}

extension Bidirectional: OnnxWritableLayer where Layer: OnnxWritableLayer {
  /// That of both directions.
  public var onnxStateCount: Int {
    forwardLayer.onnxStateCount + backwardLayer.onnxStateCount
  }

  /// Adds the nodes of both directions; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    let count = forwardLayer.onnxStateCount
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
      let half: OnnxTensor = Scalar.self == Float.self ? OnnxTensor(Float(0.5)) : OnnxTensor(0.5)
      outputs = writer.one(
        "Mul", [writer.one("Add", both), writer.constant(half, name: "half")])
    }
    return OnnxLayerValues(outputs: outputs, finalState: f.finalState + b.finalState)
  }
}

extension Stacked: OnnxWritableLayer where Layer: OnnxWritableLayer {
  /// That of all layers.
  public var onnxStateCount: Int { layers.reduce(0) { $0 + $1.onnxStateCount } }

  /// Adds the nodes of all layers; see ``OnnxWritableLayer/write(to:x:from:lengths:isReversed:)``. Dropout
  /// between them is left out, as in inference.
  public func write(
    to writer: inout OnnxGraphWriter, x: OnnxReference, from state: [OnnxReference]?,
    lengths: OnnxReference?, isReversed: Bool
  ) throws(OnnxError) -> OnnxLayerValues {
    var (y, finals, rest) = (x, [OnnxReference](), state?[...])
    for layer in layers {
      let count = layer.onnxStateCount
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
    let (K, D) = (linear.outputSize, linear.inputSize)
    let rows = W.elements
    let turned = (0..<D).flatMap { d in (0..<K).map { k in rows[k * D + d] } }
    let product = one("MatMul", [x, constant(OnnxTensor(shape: [D, K], turned), name: "W")])
    return one("Add", [product, constant(OnnxTensor(shape: [K], b.elements), name: "b")])
  }
}
