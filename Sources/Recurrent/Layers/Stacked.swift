import LinAlg

/// Layers of one kind on top of each other: what one puts out, the next one takes in (a deep recurrent
/// network, Graves et al. 2013). Layers of different kinds make a ``Chain``.
///
/// ```
/// y₀ = layer₀(x)      yₖ = layerₖ(dropout(yₖ₋₁))
/// ```
/// ```swift
/// let deep = Stacked(count: 3, inputSize: 64, dropout: 0.2) {
///   LSTM<Float>(inputSize: $0, hiddenSize: 128, using: &rng)
/// }
/// ```
/// The layers have their own parameters, or all above the first share one set (`tied`). Between two
/// layers, and not after the last, a recorded pass drops features (see ``Dropout``), other ones in each
/// step or the same in all steps of a sequence (`dropoutMask`), by the choices of the tape's
/// ``CompositeTape/noise``; inference drops nothing. Each layer has its own state.
public struct Stacked<Layer: SequenceLayer>: SequenceLayer {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// One state for each layer, the first layer's first.
  public typealias State = [Layer.State]

  /// The parameters of all layers.
  public var parameters: StackedParameters<Layer.Parameters>
  /// What is dropped between two layers of a recorded pass.
  public let dropout: Dropout
  /// Whether all layers above the first share one set of parameters.
  public let isTied: Bool
  private let shells: [LayerShell<Layer>]

  /// A stack of layers, each with its own parameters.
  ///
  /// - Parameters:
  ///   - layers: the first takes the inputs.
  ///   - dropout: how likely a feature is to be dropped between two layers.
  ///   - dropoutMask: whether another mask is drawn in each step or one for each sequence.
  /// - Precondition: there is a layer, and each takes as many features as the one before it gives.
  public init(_ layers: [Layer], dropout: Double = 0, dropoutMask: Dropout.Mask = .perStep) {
    require(!layers.isEmpty, "Stacked: no layers")
    for k in 1..<max(layers.count, 1) {
      Self.checkSizes(k, takes: layers[k].inputSize, gives: layers[k - 1].outputSize)
    }
    parameters = StackedParameters(layers.map(\.parameters))
    shells = layers.map { LayerShell($0) }
    self.dropout = Dropout(rate: dropout, mask: dropoutMask)
    isTied = false
  }

  /// A stack of `count` layers in which all above the first are the same one, whose gradients are the sums
  /// over all its places; `dropout` and `dropoutMask` as in ``init(_:dropout:dropoutMask:)``.
  ///
  /// - Precondition: the upper layer takes as many features as the first gives, and as many as it gives
  ///   itself.
  public init(
    first: Layer, tied upper: Layer, count: Int, dropout: Double = 0,
    dropoutMask: Dropout.Mask = .perStep
  ) {
    require(count >= 2, "Stacked: \(count) layers, a tied stack has 2 or more")
    Self.checkSizes(1, takes: upper.inputSize, gives: first.outputSize)
    if count > 2 { Self.checkSizes(2, takes: upper.inputSize, gives: upper.outputSize) }
    parameters = StackedParameters([first.parameters, upper.parameters])
    let shell = LayerShell(upper)
    shells = [LayerShell(first)] + (1..<count).map { _ in shell }
    self.dropout = Dropout(rate: dropout, mask: dropoutMask)
    isTied = true
  }

  /// A stack of `count` layers that `makeLayer` makes, called in their order with each one's number of
  /// inputs; where they are `tied`, all above the first are one, and it is called for that once.
  ///
  /// - Throws: what `makeLayer` throws.
  public init<Failure: Error>(
    count: Int, inputSize: Int, dropout: Double = 0, dropoutMask: Dropout.Mask = .perStep,
    tied: Bool = false,
    _ makeLayer: (_ inputSize: Int) throws(Failure) -> Layer
  ) throws(Failure) {
    require(count >= 1, "Stacked: \(count) layers")
    var layers = [try makeLayer(inputSize)]
    for _ in 1..<max(tied ? min(count, 2) : count, 1) {
      layers.append(try makeLayer(layers[layers.count - 1].outputSize))
    }
    if tied && count > 1 {
      self.init(
        first: layers[0], tied: layers[1], count: count, dropout: dropout,
        dropoutMask: dropoutMask)
    } else {
      self.init(layers, dropout: dropout, dropoutMask: dropoutMask)
    }
  }

  private static func checkSizes(_ k: Int, takes input: Int, gives output: Int) {
    require(
      input == output,
      "Stacked: layer \(k) takes \(input) features, layer \(k - 1) gives \(output)")
  }

  /// How many layers there are.
  public var count: Int { shells.count }

  /// Layer `index`, counted from 0 at the input.
  public subscript(layer index: Int) -> Layer {
    require(
      index >= 0 && index < count, "Stacked: layer \(index) of \(count)")
    return layer(index)
  }

  /// All layers, the one that takes the inputs first.
  public var layers: [Layer] { (0..<count).map { layer($0) } }

  func layer(_ index: Int) -> Layer {
    require(
      parameters.parts.count == partCount,
      "Stacked: parameters of \(parameters.parts.count) parts, expected \(partCount)")
    return shells[index].filled(with: parameters.parts[part(ofLayer: index)])
  }

  /// How many sets of parameters there are.
  private var partCount: Int { isTied ? 2 : shells.count }

  /// Where the parameters of layer `index` are.
  func part(ofLayer index: Int) -> Int { isTied ? min(index, 1) : index }

  /// The kinds of the layers, without repetitions next to each other.
  public var kind: String {
    var kinds: [String] = []
    for layer in layers where layer.kind != kinds.last { kinds.append(layer.kind) }
    return "Stacked<\(kinds.joined(separator: ", "))>"
  }

  /// `D`, the number of features of an input step.
  public var inputSize: Int { layer(0).inputSize }
  /// `F`, the number of features of an output step.
  public var outputSize: Int { layer(count - 1).outputSize }

  /// The states of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State { layers.map { $0.zeroState(batch: batch) } }

  /// The states that a nil state stands for.
  public func initialState(batch: Int) -> State { layers.map { $0.initialState(batch: batch) } }

  /// A tape with room for `steps` steps of `batch` sequences.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> CompositeTape<Self> {
    let tapes = layers.map { $0.makeTape(steps: steps, batch: batch, products: products) }
    return CompositeTape(tapes, StackedContents(tapes))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> CompositeWorkspace<Self> {
    CompositeWorkspace(StackedContents(layers.map { $0.makeWorkspace(products: products) }))
  }

  /// The recording of layer `index` on a tape, counted from 0 at the input.
  public func recording(
    ofLayer index: Int, in tape: CompositeTape<Self>
  ) -> Layer.Recording {
    let layers = tape.contents.layers
    require(
      index >= 0 && index < layers.count, "Stacked: recording of layer \(index) of \(layers.count)")
    return layers[index]
  }

  func checkState(_ state: State?, _ what: StaticString) {
    guard let state else { return }
    require(state.count == count, "\(what) has \(state.count) layers, expected \(count)")
  }
}

extension Stacked: CompositeLayer {
  typealias TapeContents = StackedContents<Layer.Recording, Layer.State>
  typealias WorkspaceContents = StackedContents<Layer.Buffers, Layer.State>
}

/// What a ``Stacked`` layer keeps: what is dropped between the layers, and their states.
final class StackedContents<Part: AnyObject, State: CarriedState>: CompositeContents
where State.Scalar: RecurrentScalar {
  let layers: [Part]
  let dropout: [DropoutTape<State.Scalar>]
  let together: LayersTogether<State>
  var finalState: [State] = []
  var dInitialState: [State] = []

  init(_ layers: [Part]) {
    self.layers = layers
    dropout = layers.dropFirst().map { _ in DropoutTape() }
    together = LayersTogether(layers.count)
    finalState.reserveCapacity(layers.count)
    dInitialState.reserveCapacity(layers.count)
  }

  var byteCount: Int {
    var bytes = 0
    for i in 0..<dropout.count { bytes += dropout[i].byteCount }
    return bytes
  }

  /// Traps unless there is a part for each layer of a stack.
  func checkCount(_ count: Int, _ what: StaticString) {
    require(
      layers.count == count,
      "\(what) was made for \(layers.count) layers, the stack has \(count)")
  }
}
