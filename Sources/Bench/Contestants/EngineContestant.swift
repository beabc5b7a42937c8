import LinAlg
import Recurrent

/// The engine's layers behind the contestants' protocol, called as an application calls them.
final class EngineContestant<Layer: RecurrentLayer>: Contestant where Layer.Scalar == Float {
  private var layer: Layer
  private let threads: Int
  private let x: SequenceBatch<Float>
  private let lengths: [Int]?
  private let initialState: Layer.State?
  private let dOutputs: SequenceBatch<Float>?
  private let workspace: Workspace<Layer.State>?
  private let tape: Tape<Layer.State>?
  private var gradients: Layer.Parameters

  private var output: RecurrentOutput<Layer.State>?
  private var inputGradients: InputGradients<Layer.State>?

  /// - Parameters:
  ///   - initialState: the state before the first step, or nil for zeros.
  ///   - lengths: how many steps each sequence has; nil means all.
  ///   - dOutputs: the gradient of the loss with respect to the outputs; used in training alone.
  init(
    _ layer: Layer, initialState: Layer.State?, x: SequenceBatch<Float>, lengths: [Int]? = nil,
    dOutputs: SequenceBatch<Float>?, mode: Mode, threads: Int, products: ProductStrategy
  ) {
    self.layer = layer
    self.threads = threads
    self.initialState = initialState
    self.x = x
    self.lengths = lengths
    self.dOutputs = mode.includesBackward ? dOutputs : nil
    workspace = mode == .inference ? Workspace(products: products) : nil
    tape =
      mode == .inference
      ? nil : layer.makeTape(steps: x.steps, batch: x.batch, products: products)
    gradients = layer.parameters.zeros()
  }

  convenience init(
    _ layer: Layer, initialState: Layer.State, workload: Workload, products: ProductStrategy
  ) {
    let (T, N, D, H) = (
      workload.shape.T, workload.shape.N, workload.shape.D, workload.shape.H
    )
    self.init(
      layer, initialState: initialState,
      x: SequenceBatch(steps: T, batch: N, features: D, elements: workload.inputs),
      lengths: workload.lengths,
      dOutputs: workload.mode.includesBackward
        ? SequenceBatch(steps: T, batch: N, features: H, elements: workload.outputGradients) : nil,
      mode: workload.mode, threads: workload.threads, products: products)
  }

  var tapeBytes: Int? { tape?.recordedByteCount }

  func call() {
    // Results share the workspace's or the tape's memory: dropped first, they let it be used again.
    output = nil
    inputGradients = nil
    guard let tape else {
      output = layer(
        x, from: initialState, lengths: lengths, threads: threads, workspace: workspace)
      return
    }
    // An optimizer has changed the weights since the last step: they are packed anew.
    _ = layer.parameters.uniquePointer()
    output = layer.forward(
      x, from: initialState, lengths: lengths, threads: threads, recording: tape)
    guard let dOutputs else { return }
    gradients.setToZero()
    inputGradients = layer.backward(
      dOutputs, through: tape, threads: threads, accumulatingInto: &gradients)
  }

  func results() -> Results {
    var results = Results(steps: x.steps, batch: x.batch)
    if let output {
      output.outputs.withUnsafeBufferPointer { results.set(.outputs, $0) }
      results.set(state: output.finalState, hidden: .finalHidden, cell: .finalCell)
    }
    if let inputGradients {
      inputGradients.x.withUnsafeBufferPointer { results.set(.dx, $0) }
      results.set(
        state: inputGradients.initialState, hidden: .dInitialHidden, cell: .dInitialCell)
      let names: [TensorName] = [.dW, .dU, .db, .dRecurrentBias]
      for (index, name) in names.enumerated() where index < gradients.block.specs.count {
        gradients.block[tensor: index].withUnsafeBufferPointer { results.set(name, $0) }
      }
    }
    return results
  }
}

extension Results {
  fileprivate mutating func set(
    state: some RecurrentState<Float>, hidden: TensorName, cell: TensorName
  ) {
    state.hidden.withUnsafeBufferPointer { set(hidden, $0) }
    if let state = state as? LSTMState<Float> {
      state.cell.withUnsafeBufferPointer { set(cell, $0) }
    }
  }
}

/// The engine's layers with packed weights, for inference alone.
final class PackedContestant<Layer: SequenceLayer>: Contestant where Layer.Scalar == Float {
  private let layer: PackedLayer<Layer>
  private let threads: Int
  private let x: SequenceBatch<Float>
  private let initialState: Layer.State?
  private let workspace: Layer.Buffers
  private var output: RecurrentOutput<Layer.State>?

  /// - Parameter initialState: the state before the first step, or nil for zeros.
  init(
    _ layer: PackedLayer<Layer>, initialState: Layer.State?, x: SequenceBatch<Float>, threads: Int
  ) {
    (self.layer, self.initialState, self.x, self.threads) = (layer, initialState, x, threads)
    workspace = layer.makeWorkspace()
  }

  func call() {
    output = nil
    output = layer(x, from: initialState, threads: threads, workspace: workspace)
  }

  func results() -> Results {
    var results = Results(steps: x.steps, batch: x.batch)
    guard let output else { return results }
    output.outputs.withUnsafeBufferPointer { results.set(.outputs, $0) }
    if let state = output.finalState as? any RecurrentState<Float> {
      results.set(state: state, hidden: .finalHidden, cell: .finalCell)
    }
    return results
  }
}

/// Sets the engine up with the weights of a workload.
enum EngineContestants {
  /// - Parameter weights: what the weights are kept in, for a workload of inference.
  static func make(
    _ workload: Workload, products: ProductStrategy, weights: WeightFormat? = nil
  ) -> any Contestant {
    func contestant<Layer: RecurrentLayer<Float>>(
      _ layer: Layer, initialState: Layer.State
    ) -> any Contestant {
      guard let weights else {
        return EngineContestant(
          layer, initialState: initialState, workload: workload, products: products)
      }
      guard let packed = try? layer.inference(weights: weights) else {
        preconditionFailure("weights in ±1 do not fit \(weights)")
      }
      return PackedContestant(
        packed, initialState: initialState,
        x: SequenceBatch(
          steps: workload.shape.T, batch: workload.shape.N, features: workload.shape.D,
          elements: workload.inputs), threads: workload.threads)
    }
    let (N, D, H) = (workload.shape.N, workload.shape.D, workload.shape.H)
    let hidden = Matrix(rows: N, columns: H, elements: workload.initialHidden)
    switch workload.cell {
    case .lstm:
      var parameters = LSTMParameters<Float>(inputSize: D, hiddenSize: H)
      load(workload, into: &parameters, gates: 4)
      let cell = Matrix(rows: N, columns: H, elements: workload.initialCell)
      return contestant(
        LSTM(parameters: parameters), initialState: LSTMState(hidden: hidden, cell: cell))
    case .gru:
      var parameters = GRUParameters<Float>(inputSize: D, hiddenSize: H, variant: .resetAfter)
      load(workload, into: &parameters, gates: 3)
      parameters.recurrentBias = Matrix(rows: 1, columns: H, elements: workload.recurrentBias)
      return contestant(
        GRU(parameters: parameters), initialState: HiddenState(hidden: hidden))
    case .rnn:
      var parameters = SimpleRNNParameters<Float>(inputSize: D, hiddenSize: H)
      load(workload, into: &parameters, gates: 1)
      return contestant(
        SimpleRNN(parameters: parameters), initialState: HiddenState(hidden: hidden))
    }
  }

  private static func load(
    _ workload: Workload, into parameters: inout some GatedParameters<Float>, gates: Int
  ) {
    let (D, H) = (workload.shape.D, workload.shape.H)
    parameters.W = Matrix(rows: gates * H, columns: D, elements: workload.W)
    parameters.U = Matrix(rows: gates * H, columns: H, elements: workload.U)
    parameters.b = Matrix(rows: 1, columns: gates * H, elements: workload.b)
  }
}
