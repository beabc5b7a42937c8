import LinAlg

/// A layer for inference and streaming alone, whose weights are packed once in a ``WeightFormat`` and are
/// kept in no other form.
///
/// ```swift
/// let small = try lstm.inference(weights: .float16)
/// let session = StreamingSession(small)
/// ```
/// A step with few sequences takes as long as reading the weights, so that weights of half the bytes
/// take half the time. A layer that can be trained has its weights twice or three times: as they are
/// trained, and packed for either direction; this one holds one copy, and once the layer that it was made
/// of is gone memory falls accordingly.
///
/// Every kind of layer can be packed, with every option. With ``WeightFormat/float32`` the results are
/// those of the layer, with ``WeightFormat/float16`` and ``WeightFormat/bfloat16`` those of a layer whose
/// weights are the rounded ones, bit for bit, and with every format they depend neither on the number of
/// threads nor on the other sequences of the batch. Parameters that are not weights of products, such as
/// biases, peepholes, gains and learned initial states, stay as they are.
///
/// There are no parameters and no gradients: training needs the layer itself.
public struct PackedLayer<Layer: SequenceLayer>: InferenceLayer {
  /// The type of the numbers that are no weights.
  public typealias Scalar = Layer.Scalar
  /// The layer's state.
  public typealias State = Layer.State
  /// The layer's buffers.
  public typealias Buffers = Layer.Buffers

  /// What the weights are kept in.
  public let weights: WeightFormat
  /// The bytes that all parameters take.
  public let parameterBytes: Int
  private let layer: Layer

  fileprivate init(_ layer: Layer, _ weights: WeightFormat) throws(WeightFormatError) {
    var (layer, parameters) = (layer, layer.parameters)
    try parameters.packWeights(weights)
    layer.parameters = parameters
    (self.layer, self.weights) = (layer, weights)
    parameterBytes = (0..<parameters.blockCount).reduce(0) {
      $0 + parameters[block: $1].byteCount
    }
  }

  /// The kind of the layer; with weights of fewer bytes than its own, these, too.
  public var kind: String {
    weights == .float32 ? layer.kind : "\(layer.kind) with \(weights.rawValue) weights"
  }
  /// `D`, the number of features of an input step.
  public var inputSize: Int { layer.inputSize }
  /// `F`, the number of features of an output step.
  public var outputSize: Int { layer.outputSize }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State { layer.zeroState(batch: batch) }

  /// The state that a nil state stands for.
  public func initialState(batch: Int) -> State { layer.initialState(batch: batch) }

  /// Empty buffers for inference. Products with packed weights are the engine's own, whatever
  /// `products` says.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> Buffers {
    layer.makeWorkspace(products: products)
  }

  /// Runs the layer over a batch of sequences; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: Buffers? = nil
  ) -> RecurrentOutput<State> {
    layer(x, from: state, lengths: lengths, threads: threads, workspace: workspace)
  }
}

extension PackedLayer: StreamingLayer where Layer: CausalLayer {
  /// Advances a batch of streams by one step; see ``StreamingLayer/step(_:_:threads:workspace:)``.
  public func step(
    _ x: Matrix<Scalar>, _ state: inout State, threads: Int? = nil, workspace: Buffers? = nil
  ) {
    layer.step(x, &state, threads: threads, workspace: workspace)
  }

  /// The output of the step after which the state is `state`, `[N, F]`.
  public func output(of state: State) -> Matrix<Scalar> { layer.output(of: state) }
}

extension SequenceLayer where Scalar == Float {
  /// The layer for inference and streaming, with its weights packed in a format; see ``PackedLayer``.
  ///
  /// It has copies of all that it needs of this layer, which may be dropped.
  ///
  /// - Throws: a weight that the format cannot hold, with its place: one that is not finite, or too large
  ///   for ``WeightFormat/float16``. ``WeightFormat/float32`` holds any.
  public func inference(weights: WeightFormat) throws(WeightFormatError) -> PackedLayer<Self> {
    try PackedLayer(self, weights)
  }
}
