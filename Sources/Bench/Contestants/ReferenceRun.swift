import RealModule
import ReferenceLoops

/// One workload for `ReferenceLoops`, in a given precision.
struct ReferenceRun<Scalar: Real & BinaryFloatingPoint> {
  enum Layer {
    case lstm(ReferenceLSTM<Scalar>)
    case gru(ReferenceGRU<Scalar>)
    case rnn(ReferenceRNN<Scalar>)
  }

  private let layer: Layer
  private let shape: Shape
  private let x: [Scalar]
  private let initialHidden: [Scalar]
  private let initialCell: [Scalar]
  private let dOutputs: [Scalar]?

  /// A layer at work on `x`, `[T, N, D]`; the initial states are `[N, H]`, `dOutputs` is `[T, N, H]` or,
  /// without a backward pass, nil.
  init(
    _ layer: Layer, _ shape: Shape, x: [Scalar], initialHidden: [Scalar], initialCell: [Scalar],
    dOutputs: [Scalar]?
  ) {
    self.layer = layer
    self.shape = shape
    self.x = x
    self.initialHidden = initialHidden
    self.initialCell = initialCell
    self.dOutputs = dOutputs
  }

  init(_ workload: Workload) {
    shape = workload.shape
    let (D, H) = (shape.D, shape.H)
    let W = workload.W.map { Scalar($0) }
    let U = workload.U.map { Scalar($0) }
    let b = workload.b.map { Scalar($0) }
    layer =
      switch workload.cell {
      case .lstm:
        .lstm(ReferenceLSTM(inputSize: D, hiddenSize: H, W: W, U: U, b: b))
      case .gru:
        .gru(
          ReferenceGRU(
            inputSize: D, hiddenSize: H, variant: .resetAfter, W: W, U: U, b: b,
            recurrentBias: workload.recurrentBias.map { Scalar($0) }))
      case .rnn:
        .rnn(
          ReferenceRNN(inputSize: D, hiddenSize: H, activation: .tanh, W: W, U: U, b: b))
      }
    x = workload.inputs.map { Scalar($0) }
    initialHidden = workload.initialHidden.map { Scalar($0) }
    initialCell = workload.initialCell.map { Scalar($0) }
    dOutputs =
      workload.mode.includesBackward ? workload.outputGradients.map { Scalar($0) } : nil
  }

  /// Runs the loops once.
  func run() -> [TensorName: [Scalar]] {
    let (T, N) = (shape.T, shape.N)
    switch layer {
    case .lstm(let lstm):
      let trace = lstm.forward(
        x, steps: T, batch: N, initialHidden: initialHidden, initialCell: initialCell)
      let outputs: [TensorName: [Scalar]] = [
        .outputs: trace.outputs, .finalHidden: trace.finalHidden, .finalCell: trace.finalCell,
      ]
      guard let dOutputs else { return outputs }
      let d = lstm.backward(trace, dOutputs: dOutputs)
      let gradients: [TensorName: [Scalar]] = [
        .dx: d.dx, .dW: d.dW, .dU: d.dU, .db: d.db, .dInitialHidden: d.dInitialHidden,
        .dInitialCell: d.dInitialCell,
      ]
      return outputs.merging(gradients) { first, _ in first }
    case .gru(let gru):
      let trace = gru.forward(x, steps: T, batch: N, initialHidden: initialHidden)
      let outputs: [TensorName: [Scalar]] = [
        .outputs: trace.outputs, .finalHidden: trace.finalHidden,
      ]
      guard let dOutputs else { return outputs }
      let d = gru.backward(trace, dOutputs: dOutputs)
      let gradients: [TensorName: [Scalar]] = [
        .dx: d.dx, .dW: d.dW, .dU: d.dU, .db: d.db, .dInitialHidden: d.dInitialHidden,
        .dRecurrentBias: d.dRecurrentBias,
      ]
      return outputs.merging(gradients) { first, _ in first }
    case .rnn(let rnn):
      let trace = rnn.forward(x, steps: T, batch: N, initialHidden: initialHidden)
      let outputs: [TensorName: [Scalar]] = [
        .outputs: trace.outputs, .finalHidden: trace.finalHidden,
      ]
      guard let dOutputs else { return outputs }
      let d = rnn.backward(trace, dOutputs: dOutputs)
      let gradients: [TensorName: [Scalar]] = [
        .dx: d.dx, .dW: d.dW, .dU: d.dU, .db: d.db, .dInitialHidden: d.dInitialHidden,
      ]
      return outputs.merging(gradients) { first, _ in first }
    }
  }

  /// The tensors of ``run()`` as results.
  func results(_ tensors: [TensorName: [Scalar]]) -> Results {
    var results = Results(steps: shape.T, batch: shape.N)
    for (name, elements) in tensors { results.tensors[name] = elements.map { Double($0) } }
    return results
  }
}
