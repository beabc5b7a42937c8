import LinAlg
import Recurrent

/// A recurrent layer that can be made of a file alone: its sizes are those of the tensors.
public protocol LayerReadable<Scalar>: CellConvertible {
  /// What cells can be besides their sizes.
  associatedtype Options: Sendable

  /// A layer of zeros with the sizes of a file's tensors.
  ///
  /// - Parameters:
  ///   - place: where the tensors are.
  ///   - options: what the cells are; nil tells by the tensors.
  /// - Throws: what is missing, or has a shape that is none of such a layer.
  init(zerosAt place: LayerPlace, options: Options?) throws(WeightsError)

  /// Whether a file has a layer there.
  ///
  /// - Throws: what the layout cannot express.
  static func isPresent(at place: LayerPlace, options: Options?) throws(WeightsError) -> Bool
}

extension LayerReadable {
  /// Reads a layer out of an opened file.
  ///
  /// - Parameters:
  ///   - file: an opened file.
  ///   - layout: whose weights they are.
  ///   - prefix: what the names of the layer's tensors begin with, such as `encoder.`.
  ///   - options: what the cells are; nil tells by the tensors, which know of projections, peepholes and, but
  ///     for ONNX, of where a GRU resets, and not of activations.
  ///   - path: what errors call the file.
  /// - Throws: ``WeightsError`` with all tensors that are missing, unexpected or misshaped.
  public init(
    from file: TensorFile, layout: WeightLayout, prefix: String = "", options: Options? = nil,
    path: String = ""
  ) throws(WeightsError) {
    try self.init(zerosAt: LayerPlace(file, path, layout, prefix), options: options)
    try fill(from: file, layout, prefix, path)
  }

  /// Reads a layer out of a file.
  ///
  /// ```swift
  /// let tagger = try LSTM<Float>(
  ///   contentsOf: "model.safetensors", layout: .pytorch, prefix: "encoder.")
  /// ```
  /// - Parameters:
  ///   - path: of a file in any format of ``TensorFile``.
  ///   - layout: whose weights they are.
  ///   - prefix: what the names of the layer's tensors begin with.
  ///   - options: what the cells are, as of ``init(from:layout:prefix:options:path:)``.
  /// - Throws: ``WeightsError`` with all tensors that are missing, unexpected or misshaped, or why the file
  ///   cannot be read.
  public init(
    contentsOf path: String, layout: WeightLayout, prefix: String = "", options: Options? = nil
  ) throws(WeightsError) {
    try self.init(
      from: TensorFile.opened(path), layout: layout, prefix: prefix, options: options, path: path)
  }

  /// As ``WeightConvertible/readWeights(from:layout:prefix:path:)``, of a layer that nobody else holds.
  mutating func fill(
    from file: TensorFile, _ layout: WeightLayout, _ prefix: String, _ path: String
  ) throws(WeightsError) {
    try parameters.read(weightForms(in: layout), from: file, prefix, path)
  }
}

extension LSTM: LayerReadable {
  /// What cells can be besides their sizes.
  public typealias Options = LSTMOptions

  /// A layer of zeros with the sizes of a file's tensors.
  public init(zerosAt place: LayerPlace, options: LSTMOptions?) throws(WeightsError) {
    var known: LSTMOptions
    if let options { known = options } else { known = try Self.options(at: place) }
    let isProjected = known.projection != nil
    let (D, H, P) = try place.sizes(Self.sample(known))
    if isProjected { known.projection = P }
    do throws(LayerOptionsError) {
      self.init(
        parameters: try LSTMParameters(inputSize: D, hiddenSize: H, options: known))
    } catch {
      throw WeightsError(path: place.path, reason: "\(error)")
    }
  }

  /// Whether a file has a layer there.
  public static func isPresent(
    at place: LayerPlace, options: LSTMOptions?
  ) throws(WeightsError) -> Bool {
    try place.hasLayer(sample(options ?? LSTMOptions()))
  }

  /// Whether the cell has peepholes or a projection, by the tensors that are there.
  private static func options(at place: LayerPlace) throws(WeightsError) -> LSTMOptions {
    var known = LSTMOptions()
    if [.onnx, .oneDNN].contains(place.layout) {
      known.memory = .diagonal()
      let last = place.layout == .onnx ? "P" : "weights_peephole"
      if try place.shape(ofLast: last, Self.sample(known)) == nil { known.memory = .none }
    }
    if [.pytorch, .oneDNN, .cuDNN, .native].contains(place.layout) {
      known.projection = SampleSizes.output
      let name =
        switch place.layout {
        case .pytorch: "weight_hr_l\(place.layer)"
        case .oneDNN: "weights_projection"
        case .cuDNN: "linear_8.weight"
        default: "W_p"
        }
      if try place.shape(ofLast: name, Self.sample(known)) == nil { known.projection = nil }
    }
    return known
  }

  /// What a cell of the kind is whose tensors are there, with sizes that tell extents apart.
  static func cell(at place: LayerPlace) throws(WeightsError) -> CellPlace {
    try sample(options(at: place))
  }

  /// The cell with sizes that tell extents apart.
  private static func sample(_ options: LSTMOptions) throws(WeightsError) -> CellPlace {
    var options = options
    if options.projection != nil { options.projection = SampleSizes.output }
    do throws(LayerOptionsError) {
      return CellPlace(
        LSTM(
          parameters: try LSTMParameters(
            inputSize: SampleSizes.input, hiddenSize: SampleSizes.hidden, options: options)))
    } catch {
      throw WeightsError(reason: "\(error)")
    }
  }
}

extension GRU: LayerReadable {
  /// What cells can be besides their sizes.
  public typealias Options = GRUOptions

  /// A layer of zeros with the sizes of a file's tensors.
  public init(zerosAt place: LayerPlace, options: GRUOptions?) throws(WeightsError) {
    let known: GRUOptions
    if let options { known = options } else { known = try Self.options(at: place) }
    let (D, H, _) = try place.sizes(Self.sample(known))
    do throws(LayerOptionsError) {
      self.init(parameters: try GRUParameters(inputSize: D, hiddenSize: H, options: known))
    } catch {
      throw WeightsError(path: place.path, reason: "\(error)")
    }
  }

  /// Whether a file has a layer there.
  public static func isPresent(
    at place: LayerPlace, options: GRUOptions?
  ) throws(WeightsError) -> Bool {
    try place.hasLayer(sample(options ?? GRUOptions()))
  }

  /// What a cell of the kind is whose tensors are there, with sizes that tell extents apart.
  static func cell(at place: LayerPlace) throws(WeightsError) -> CellPlace {
    // What ONNX's tensors do not say does not change them.
    try sample(place.layout == .onnx ? GRUOptions() : options(at: place))
  }

  /// Where the gate resets, by the shapes of biases and by names.
  private static func options(at place: LayerPlace) throws(WeightsError) -> GRUOptions {
    let (after, before) = (GRUOptions(), GRUOptions(candidate: .resetBefore))
    switch place.layout {
    case .onnx:
      throw WeightsError(
        path: place.path,
        reason: """
          ONNX's tensors do not say where a GRU resets, expected options: .resetAfter with \
          linear_before_reset=1, else .resetBefore
          """)
    case .keras:
      return try place.shape(ofLast: "bias", sample(after))?.count == 1 ? before : after
    case .oneDNN:
      let shape = try place.shape(ofLast: "bias", sample(after))
      return shape?.count == 4 && shape?[2] == 3 ? before : after
    case .flux:
      return try place.shape(ofLast: "Wh_h\u{303}", sample(before)) != nil ? before : after
    case .native:
      return try place.shape(ofLast: "b_hn", sample(after)) == nil ? before : after
    case .pytorch, .cuDNN, .mlx, .haste: return after
    }
  }

  /// The cell with sizes that tell extents apart.
  private static func sample(_ options: GRUOptions) throws(WeightsError) -> CellPlace {
    do throws(LayerOptionsError) {
      return CellPlace(
        GRU(
          parameters: try GRUParameters(
            inputSize: SampleSizes.input, hiddenSize: SampleSizes.hidden, options: options)))
    } catch {
      throw WeightsError(reason: "\(error)")
    }
  }
}

extension SimpleRNN: LayerReadable {
  /// What cells can be besides their sizes.
  public typealias Options = RNNOptions

  /// A layer of zeros with the sizes of a file's tensors.
  public init(zerosAt place: LayerPlace, options: RNNOptions?) throws(WeightsError) {
    let options = options ?? RNNOptions()
    let (D, H, _) = try place.sizes(Self.sample(options))
    do throws(LayerOptionsError) {
      self.init(
        parameters: try SimpleRNNParameters(inputSize: D, hiddenSize: H, options: options))
    } catch {
      throw WeightsError(path: place.path, reason: "\(error)")
    }
  }

  /// Whether a file has a layer there.
  public static func isPresent(
    at place: LayerPlace, options: RNNOptions?
  ) throws(WeightsError) -> Bool {
    try place.hasLayer(sample(options ?? RNNOptions()))
  }

  /// What a cell of the kind is whose tensors are there, with sizes that tell extents apart.
  static func cell(at place: LayerPlace) throws(WeightsError) -> CellPlace {
    try sample(RNNOptions())
  }

  /// The cell with sizes that tell extents apart.
  private static func sample(_ options: RNNOptions) throws(WeightsError) -> CellPlace {
    do throws(LayerOptionsError) {
      return CellPlace(
        SimpleRNN(
          parameters: try SimpleRNNParameters(
            inputSize: SampleSizes.input, hiddenSize: SampleSizes.hidden, options: options)))
    } catch {
      throw WeightsError(reason: "\(error)")
    }
  }
}

extension Bidirectional: LayerReadable where Layer: LayerReadable {
  /// What cells can be besides their sizes.
  public typealias Options = Layer.Options

  /// A layer of zeros with the sizes of a file's tensors, whose directions are concatenated.
  public init(zerosAt place: LayerPlace, options: Layer.Options?) throws(WeightsError) {
    let forward = try Layer(zerosAt: try Self.both(place), options: options)
    self.init(forward: forward, backward: forward)
  }

  /// Whether a file has a layer there.
  public static func isPresent(
    at place: LayerPlace, options: Layer.Options?
  ) throws(WeightsError) -> Bool {
    try Layer.isPresent(at: both(place), options: options)
  }

  private static func both(_ place: LayerPlace) throws(WeightsError) -> LayerPlace {
    guard !place.isBidirectional else {
      throw WeightsError(path: place.path, reason: "layouts have no directions of directions")
    }
    var place = place
    place.isBidirectional = true
    return place
  }
}

extension Stacked: LayerReadable where Layer: LayerReadable {
  /// What cells can be besides their sizes.
  public typealias Options = Layer.Options

  /// A stack of zeros of as many layers as the file has, without dropout.
  public init(zerosAt place: LayerPlace, options: Layer.Options?) throws(WeightsError) {
    var place = try Self.stack(place)
    var layers = [try Layer(zerosAt: place, options: options)]
    place.layer = 1
    while try Layer.isPresent(at: place, options: options) {
      let layer = try Layer(zerosAt: place, options: options)
      guard layer.inputSize == layers[place.layer - 1].outputSize else {
        throw WeightsError(
          path: place.path,
          reason: """
            layer \(place.layer) takes \(layer.inputSize) features, expected the \
            \(layers[place.layer - 1].outputSize) that layer \(place.layer - 1) gives
            """)
      }
      layers.append(layer)
      place.layer += 1
    }
    self.init(layers)
  }

  /// Whether a file has a layer there.
  public static func isPresent(
    at place: LayerPlace, options: Layer.Options?
  ) throws(WeightsError) -> Bool {
    try Layer.isPresent(at: stack(place), options: options)
  }

  private static func stack(_ place: LayerPlace) throws(WeightsError) -> LayerPlace {
    guard !place.isStacked && !place.isBidirectional else {
      throw WeightsError(path: place.path, reason: "layouts have stacks of both directions alone")
    }
    var place = place
    place.isStacked = true
    return place
  }
}
