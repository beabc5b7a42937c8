import LinAlg
import Recurrent

/// What a layer gives on a graph.
public struct LayerNodes<Scalar: RecurrentScalar> {
  /// Every output, `[T, N, F]`; zero after the end of a sequence.
  public let outputs: Node<Scalar>
  /// The state of each sequence after its last step, one row for each: the parts of the layer's state side by
  /// side, `[1, N, S]`. For an LSTM `h` and `c`, for a stack the parts of its layers, one layer after the
  /// other.
  public let finalState: Node<Scalar>

  /// The outputs and the state of something that is made of layers.
  public init(outputs: Node<Scalar>, finalState: Node<Scalar>) {
    (self.outputs, self.finalState) = (outputs, finalState)
  }
}

extension SequenceLayer {
  /// Runs the layer over all steps as one node.
  ///
  /// - Parameters:
  ///   - x: `[T, N, D]`.
  ///   - state: the state before the first step, `[1, N, S]` as ``LayerNodes/finalState`` has it; nil means
  ///     the layer's own beginning.
  ///   - lengths: how many steps of each sequence count; nil means all.
  /// - Returns: the outputs and the final state, both with gradients.
  /// - Precondition: shapes as stated, lengths in `0...T`.
  public func callAsFunction(
    _ x: Node<Scalar>, from state: Node<Scalar>? = nil, lengths: [Int]? = nil
  ) -> LayerNodes<Scalar> {
    let graph = x.graph
    let operation = graph.next(
      LayerOperation<Self>.self, fits: { $0.fits(self, x.shape) }, make: { LayerOperation(self) })
    return operation(self, x, state, lengths, on: graph)
  }

  /// `S`, the number of scalars of a sequence's state: the widths of its parts together.
  public var stateSize: Int {
    let state = zeroState(batch: 1)
    return (0..<state.partCount).reduce(0) { $0 + state.part($1).columns }
  }
}

extension CausalLayer {
  /// Runs one step as one node: for decoders, whose next input depends on this output.
  ///
  /// - Parameters:
  ///   - x: the inputs of the step, `[1, N, D]`.
  ///   - state: the state before the step; nil means the layer's own beginning.
  /// - Returns: the output `[1, N, F]` and the state after the step `[1, N, S]`.
  public func step(_ x: Node<Scalar>, from state: Node<Scalar>? = nil) -> LayerNodes<Scalar> {
    require(x.shape.steps == 1, "step: x has shape \(x.shape), expected one step")
    return self(x, from: state)
  }
}

/// A whole layer with its tape, or with its workspace where the pass is not recorded.
private final class LayerOperation<Layer: SequenceLayer>: Operation<Layer.Scalar> {
  typealias Scalar = Layer.Scalar

  /// The layer during the pass.
  private var layer: Layer?
  private var lengths: [Int]?
  /// The layouts of the layer's blocks, by which it is known again.
  private let layouts: [ParameterLayout]
  /// A set of parameters without memory, into which the graph's gradients are moved for the way back.
  private var gradients: Layer.Parameters
  private let placeholder = ParameterBlock<Scalar>([])
  private var tape: Layer.Recording?
  private var room = (steps: 0, batch: 0)
  private var workspace: Layer.Buffers?
  /// The first of the places of the gradients, or nil where the layer is frozen.
  private var place: Int?
  /// Gradients of a frozen layer, which nobody reads.
  private var unread: Layer.Parameters?
  private var initialState: Layer.State?
  private var dFinalState: Layer.State?
  private let widths: [Int]
  private let stateSize: Int
  private var hasState = false

  override var name: StaticString { "layer" }

  override func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> {
    layer.map { .layer($0, lengths: lengths) } ?? .other("\(name)")
  }

  init(_ layer: Layer) {
    let parameters = layer.parameters
    layouts = (0..<parameters.blockCount).map { parameters[block: $0].layout }
    gradients = parameters
    for i in 0..<gradients.blockCount { gradients[block: i] = placeholder }
    let state = layer.zeroState(batch: 1)
    widths = (0..<state.partCount).map { state.part($0).columns }
    stateSize = widths.reduce(0, +)
  }

  /// Whether this was made for the same kind of layer, and has room for the shape.
  func fits(_ layer: Layer, _ shape: NodeShape) -> Bool {
    let parameters = layer.parameters
    guard parameters.blockCount == layouts.count else { return false }
    for i in 0..<layouts.count where parameters[block: i].layout !== layouts[i] { return false }
    return true
  }

  override var byteCount: Int { tape?.byteCount ?? 0 }

  func callAsFunction(
    _ layer: Layer, _ x: Node<Scalar>, _ state: Node<Scalar>?, _ lengths: [Int]?,
    on graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    let shape = x.shape
    require(
      shape.features == layer.inputSize,
      "layer: x has shape \(shape), expected [T, N, D] with D = \(layer.inputSize)")
    // The tape holds it: memory that is given back while it is held could not be used again.
    take(x, isRead: true, on: graph)
    if let state {
      require(
        state.shape == NodeShape(steps: 1, batch: shape.batch, features: stateSize),
        """
        layer: the state has shape \(state.shape), expected [1, N, S] = \
        [1, \(shape.batch), \(stateSize)]
        """)
      take(state, isRead: false, on: graph)
      write(graph.values(inputs[1]), batch: shape.batch, into: &initialState, of: layer)
    }
    hasState = state != nil
    (self.layer, self.lengths) = (layer, lengths)
    place = nil
    if graph.isRecording {
      place = places(of: layer, graph)
      if place != nil { takeTrained() }
    }
    let result =
      graph.isRecording && needsGradient
      ? record(layer, x, lengths, shape, graph) : evaluate(layer, x, lengths, graph)
    graph.finish(self)
    return result
  }

  private func record(
    _ layer: Layer, _ x: Node<Scalar>, _ lengths: [Int]?, _ shape: NodeShape,
    _ graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    if tape == nil || shape.steps > room.steps || shape.batch > room.batch {
      room = (max(shape.steps, room.steps), max(shape.batch, room.batch))
      tape = layer.makeTape(steps: room.steps, batch: room.batch)
    }
    guard let tape else { failRequirement("layer: no tape") }
    tape.noise = graph.nextNoise()
    let run = layer.forward(
      x.value, from: hasState ? initialState : nil, lengths: lengths, threads: graph.threads,
      recording: tape)
    // The tape's own memory, which it will not write to before the next pass.
    let outputs = give(run.outputs, on: graph)
    return LayerNodes(outputs: outputs, finalState: giveState(run.finalState, graph))
  }

  private func evaluate(
    _ layer: Layer, _ x: Node<Scalar>, _ lengths: [Int]?, _ graph: Graph<Scalar>
  ) -> LayerNodes<Scalar> {
    if workspace == nil { workspace = layer.makeWorkspace() }
    let shape = x.shape
    let outputs = give(
      NodeShape(steps: shape.steps, batch: shape.batch, features: layer.outputSize), on: graph)
    let run = layer(
      x.value, from: hasState ? initialState : nil, lengths: lengths, threads: graph.threads,
      workspace: workspace)
    // Out of the workspace, whose memory serves the next call.
    run.outputs.withUnsafeBufferPointer { from in
      if let start = from.baseAddress {
        ElementWork.copy(start, to: graph.output(self.outputs[0]))
          .run(count: from.count, threads: graph.threads)
      }
    }
    return LayerNodes(outputs: outputs, finalState: giveState(run.finalState, graph))
  }

  /// Where the gradients of the layer's blocks are.
  private func places(of layer: Layer, _ graph: Graph<Scalar>) -> Int? {
    let parameters = layer.parameters
    var first: Int?
    for i in 0..<layouts.count {
      guard let place = graph.trained.place(of: parameters[block: i], name) else { return nil }
      if i == 0 { first = place }
      require(
        place == (first ?? place) + i,
        "layer: its parameters are spread over parts of the model; a layer belongs to one")
    }
    return first
  }

  /// A node of the parts of a state side by side.
  private func giveState(_ state: Layer.State, _ graph: Graph<Scalar>) -> Node<Scalar> {
    let batch = state.part(0).rows
    let node = give(NodeShape(steps: 1, batch: batch, features: stateSize), on: graph)
    read(state, batch: batch, into: graph.output(node.slot.index))
    return node
  }

  private func read(
    _ state: Layer.State, batch: Int, into rows: UnsafeMutablePointer<Scalar>
  ) {
    var column = 0
    for i in 0..<widths.count {
      let width = widths[i]
      state.part(i).withUnsafeBufferPointer { part in
        guard let part = part.baseAddress else { return }
        for n in 0..<batch {
          (rows + n * stateSize + column).update(from: part + n * width, count: width)
        }
      }
      column += width
    }
  }

  /// Makes `state` what the rows say, into the memory that it has.
  private func write(
    _ rows: UnsafePointer<Scalar>, batch: Int, into state: inout Layer.State?, of layer: Layer
  ) {
    if state?.batch != batch { state = layer.zeroState(batch: batch) }
    var column = 0
    for i in 0..<widths.count {
      let width = widths[i]
      state?.withMutablePart(i) { part in
        part.withUnsafeMutableBufferPointer { part in
          guard let part = part.baseAddress else { return }
          for n in 0..<batch {
            (part + n * width).update(from: rows + n * stateSize + column, count: width)
          }
        }
      }
      column += width
    }
  }

  override func backward(_ graph: Graph<Scalar>) {
    guard let layer, let tape else { failRequirement("layer: nothing is recorded") }
    let dState = graph.gradient(outputs[1])
    if let dState {
      write(dState, batch: graph.shape(outputs[1]).batch, into: &dFinalState, of: layer)
    }
    let dOutputs = graph.slots[outputs[0]].gradient
    if let place {
      for i in 0..<layouts.count {
        gradients[block: i] = graph.trained.gradients.blocks[place + i]
        graph.trained.gradients.blocks[place + i] = placeholder
      }
      let d = layer.backward(
        dOutputs, finalState: dState == nil ? nil : dFinalState, through: tape,
        threads: graph.threads, accumulatingInto: &gradients)
      for i in 0..<layouts.count {
        graph.trained.gradients.blocks[place + i] = gradients[block: i]
        gradients[block: i] = placeholder
      }
      contribute(d, graph)
    } else {
      var unread = self.unread ?? layer.parameters.zeros()
      self.unread = nil
      let d = layer.backward(
        dOutputs, finalState: dState == nil ? nil : dFinalState, through: tape,
        threads: graph.threads, accumulatingInto: &unread)
      self.unread = unread
      contribute(d, graph)
    }
  }

  private func contribute(_ d: InputGradients<Layer.State>, _ graph: Graph<Scalar>) {
    graph.contribute(to: inputs[0]) { dx in
      d.x.withUnsafeBufferPointer { from in
        if let start = from.baseAddress {
          ElementWork.copy(start, to: dx).run(count: from.count, threads: graph.threads)
        }
      }
    }
    if hasState {
      graph.contribute(to: inputs[1]) { dState in
        read(d.initialState, batch: d.initialState.part(0).rows, into: dState)
      }
    }
  }

  override func letGo(_ graph: Graph<Scalar>) {
    (layer, lengths) = (nil, nil)
    tape?.discard()
  }
}
