import LinAlg

/// An LSTM with one product per gate and step and a separate pass for every pointwise operation.
final class PerGateLSTM: PerGateLayer, Contestant {
  /// The activated gates i, f, g, o, one buffer each, by step.
  private var gates: [AlignedStorage<Float>] = []
  /// The cell states and their tanh, by step.
  private var cells, cellTanh: AlignedStorage<Float>
  private var dCell, dGate, scratch: AlignedStorage<Float>

  override init(_ workload: Workload) {
    let empty = AlignedStorage<Float>(repeating: 0, count: 0)
    (cells, cellTanh, dCell, dGate, scratch) = (empty, empty, empty, empty, empty)
    super.init(workload)
    gates = (0..<4).map { _ in stepBuffer() }
    (cells, cellTanh) = (stepBuffer(), stepBuffer())
    (dCell, dGate, scratch) = (buffer(), buffer(), buffer())
  }

  func call() {
    for t in 0..<T { forwardStep(t) }
    guard workload.mode.includesBackward else { return }
    clearGradients()
    dCell.pointer.update(repeating: 0, count: NH)
    for t in stride(from: T - 1, through: 0, by: -1) { backwardStep(t) }
  }

  /// `c[t−1]`. In inference the one cell buffer holds it, but at the first step.
  private func previousCell(_ t: Int) -> UnsafePointer<Float> {
    UnsafePointer(t == 0 ? initialCell.pointer : cells.pointer + at(t - 1))
  }

  private func forwardStep(_ t: Int) {
    let start = at(t)
    let (i, f) = (gates[0].pointer + start, gates[1].pointer + start)
    let (g, o) = (gates[2].pointer + start, gates[3].pointer + start)
    let (c, tanhC) = (cells.pointer + start, cellTanh.pointer + start)
    for gate in 0..<4 { preactivation(gate: gate, step: t, to: gates[gate].pointer + start) }
    Pass.sigmoid(i, count: NH)
    Pass.sigmoid(f, count: NH)
    Pass.tanh(g, to: g, count: NH)
    Pass.sigmoid(o, count: NH)
    Pass.multiply(f, previousCell(t), to: c, count: NH)
    Pass.addProduct(i, g, to: c, count: NH)
    Pass.tanh(c, to: tanhC, count: NH)
    Pass.multiply(o, tanhC, to: outputs.pointer + t * NH, count: NH)
  }

  private func backwardStep(_ t: Int) {
    let start = at(t)
    let (i, f) = (gates[0].pointer + start, gates[1].pointer + start)
    let (g, o) = (gates[2].pointer + start, gates[3].pointer + start)
    let tanhC = cellTanh.pointer + start
    let (dh, dc, d) = (dHidden.pointer, dCell.pointer, dGate.pointer)
    Pass.add(outputGradient(t), to: dh, count: NH)

    // Through h = o∘tanh(c) into the cell state.
    Pass.multiply(dh, o, to: scratch.pointer, count: NH)
    Pass.tanhGradient(tanhC, scratch.pointer, count: NH)
    Pass.add(scratch.pointer, to: dc, count: NH)
    Pass.multiply(dh, tanhC, to: scratch.pointer, count: NH)
    dh.update(repeating: 0, count: NH)

    Pass.multiply(dc, g, to: d, count: NH)
    Pass.sigmoidGradient(i, d, count: NH)
    backwardGate(0, t, d)
    Pass.multiply(dc, previousCell(t), to: d, count: NH)
    Pass.sigmoidGradient(f, d, count: NH)
    backwardGate(1, t, d)
    Pass.multiply(dc, i, to: d, count: NH)
    Pass.tanhGradient(g, d, count: NH)
    backwardGate(2, t, d)
    Pass.sigmoidGradient(o, scratch.pointer, count: NH)
    backwardGate(3, t, scratch.pointer)

    Pass.multiply(dc, f, to: dc, count: NH)
  }

  private func backwardGate(_ gate: Int, _ t: Int, _ d: UnsafePointer<Float>) {
    backwardInput(gate: gate, step: t, first: gate == 0, d)
    backwardRecurrent(gate: gate, step: t, d, toHidden: dHidden.pointer)
  }

  func results() -> Results {
    var results = commonResults()
    results.set(.finalCell, cells.elements[at(T - 1)..<at(T - 1) + NH])
    if workload.mode.includesBackward { results.set(.dInitialCell, dCell.elements) }
    return results
  }
}
