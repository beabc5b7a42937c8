import LinAlg

/// A GRU, reset after the product, with one product per gate and step and separate passes.
final class PerGateGRU: PerGateLayer, Contestant {
  /// The activated gates r, z, n, one buffer each, by step.
  private var gates: [AlignedStorage<Float>] = []
  /// `Uₙ·h[t−1] + recurrentBias`, by step.
  private var candidateProducts: AlignedStorage<Float>
  private var dGate, dProduct, dPrevious, dRecurrentBias: AlignedStorage<Float>

  override init(_ workload: Workload) {
    let empty = AlignedStorage<Float>(repeating: 0, count: 0)
    candidateProducts = empty
    (dGate, dProduct, dPrevious, dRecurrentBias) = (empty, empty, empty, empty)
    super.init(workload)
    gates = (0..<3).map { _ in stepBuffer() }
    candidateProducts = stepBuffer()
    (dGate, dProduct, dPrevious) = (buffer(), buffer(), buffer())
    dRecurrentBias = AlignedStorage(repeating: 0, count: H)
  }

  func call() {
    for t in 0..<T { forwardStep(t) }
    guard workload.mode.includesBackward else { return }
    clearGradients()
    dRecurrentBias.pointer.update(repeating: 0, count: H)
    for t in stride(from: T - 1, through: 0, by: -1) { backwardStep(t) }
  }

  private func forwardStep(_ t: Int) {
    let start = at(t)
    let (r, z, n) = (
      gates[0].pointer + start, gates[1].pointer + start, gates[2].pointer + start
    )
    let q = candidateProducts.pointer + start
    preactivation(gate: 0, step: t, to: r)
    preactivation(gate: 1, step: t, to: z)
    Pass.sigmoid(r, count: NH)
    Pass.sigmoid(z, count: NH)
    recurrentProduct(gate: 2, previousHidden(t), beta: 0, to: q)
    Pass.addBias(recurrentBias.pointer, to: q, rows: N, count: H)
    inputProduct(gate: 2, step: t, to: n)
    Pass.addBias(b.pointer + 2 * H, to: n, rows: N, count: H)
    Pass.addProduct(r, q, to: n, count: NH)
    Pass.tanh(n, to: n, count: NH)
    Pass.blend(z, n, previousHidden(t), to: outputs.pointer + t * NH, count: NH)
  }

  private func backwardStep(_ t: Int) {
    let start = at(t)
    let (r, z, n) = (
      gates[0].pointer + start, gates[1].pointer + start, gates[2].pointer + start
    )
    let q = candidateProducts.pointer + start
    let (dh, d, dq, dNext) = (
      dHidden.pointer, dGate.pointer, dProduct.pointer, dPrevious.pointer
    )
    Pass.add(outputGradient(t), to: dh, count: NH)
    Pass.multiply(dh, z, to: dNext, count: NH)

    // d ← dh∘(h − n), the gradient on z; computed as dh∘h − dh∘n in two passes.
    Pass.multiply(dh, previousHidden(t), to: d, count: NH)
    Pass.subtractProduct(dh, n, from: d, count: NH)
    Pass.sigmoidGradient(z, d, count: NH)
    backwardGate(1, t, d)

    // d ← dh∘(1 − z), the gradient on n.
    d.update(from: dh, count: NH)
    Pass.subtractProduct(dh, z, from: d, count: NH)
    Pass.tanhGradient(n, d, count: NH)
    backwardInput(gate: 2, step: t, first: false, d)
    Pass.multiply(d, r, to: dq, count: NH)
    backwardRecurrent(gate: 2, step: t, dq, toHidden: dNext)
    Pass.addRowSum(dq, rows: N, to: dRecurrentBias.pointer, count: H)

    Pass.multiply(d, q, to: dq, count: NH)
    Pass.sigmoidGradient(r, dq, count: NH)
    backwardGate(0, t, dq)
    dh.update(from: dNext, count: NH)
  }

  private func backwardGate(_ gate: Int, _ t: Int, _ d: UnsafePointer<Float>) {
    backwardInput(gate: gate, step: t, first: gate == 1, d)
    backwardRecurrent(gate: gate, step: t, d, toHidden: dPrevious.pointer)
  }

  func results() -> Results {
    var results = commonResults()
    if workload.mode.includesBackward {
      results.set(.dRecurrentBias, dRecurrentBias.elements)
    }
    return results
  }
}
