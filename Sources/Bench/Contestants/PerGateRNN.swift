import LinAlg

/// A simple RNN with two products per step, one for the input and one for the state.
final class PerGateRNN: PerGateLayer, Contestant {
  private var dGate: AlignedStorage<Float>

  override init(_ workload: Workload) {
    dGate = AlignedStorage(repeating: 0, count: 0)
    super.init(workload)
    dGate = buffer()
  }

  func call() {
    for t in 0..<T {
      let h = outputs.pointer + t * NH
      preactivation(gate: 0, step: t, to: h)
      Pass.tanh(h, to: h, count: NH)
    }
    guard workload.mode.includesBackward else { return }
    clearGradients()
    for t in stride(from: T - 1, through: 0, by: -1) { backwardStep(t) }
  }

  private func backwardStep(_ t: Int) {
    let (dh, d) = (dHidden.pointer, dGate.pointer)
    d.update(from: dh, count: NH)
    Pass.add(outputGradient(t), to: d, count: NH)
    Pass.tanhGradient(outputs.pointer + t * NH, d, count: NH)
    dh.update(repeating: 0, count: NH)
    backwardInput(gate: 0, step: t, first: true, d)
    backwardRecurrent(gate: 0, step: t, d, toHidden: dh)
  }

  func results() -> Results { commonResults() }
}
