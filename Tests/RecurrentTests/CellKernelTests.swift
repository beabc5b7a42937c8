import CKernels
import LinAlg
import Testing

/// The pointwise kernels of every instruction set that this machine has, against the same source in
/// double precision, on every remainder of the vector width. All operands end at a guard page, and have
/// guard elements before them.
@Suite struct CellKernelTests {
  /// A buffer in both precisions with equal contents.
  final class Operand {
    static var guardCount: Int { 16 }
    static var guardValue: Float { 12345 }
    let count: Int
    private let memory: GuardedFloats
    let single: UnsafeMutablePointer<Float>
    let double: UnsafeMutablePointer<Double>

    init(_ count: Int, in range: ClosedRange<Float> = -1...1, using rng: inout SeededGenerator) {
      self.count = count
      let total = count + Self.guardCount
      guard let memory = GuardedFloats(capacity: total) else {
        preconditionFailure("no memory between guard pages")
      }
      self.memory = memory
      // Where the end is, so that no kernel may rely on alignment.
      single = memory.floats(total, at: .end)
      double = .allocate(capacity: total)
      single.initialize(repeating: Self.guardValue, count: total)
      double.initialize(repeating: 0, count: total)
      for i in 0..<count {
        self.f[i] = Float.random(in: range, using: &rng)
        self.d[i] = Double(self.f[i])
      }
    }

    deinit {
      double.deallocate()
    }

    var f: UnsafeMutablePointer<Float> { single + Self.guardCount }
    var d: UnsafeMutablePointer<Double> { double + Self.guardCount }

    /// The largest error relative to 1; infinite if a guard element has changed.
    var error: Double {
      for i in 0..<Self.guardCount where single[i] != Self.guardValue { return .infinity }
      return (0..<count).reduce(0) { worst, i in
        f[i].isFinite ? max(worst, abs(Double(f[i]) - d[i]) / max(1, abs(d[i]))) : .infinity
      }
    }
  }

  static let sizes = Array(1...35) + [47, 48, 49, 64, 67, 128, 129]

  @Test(arguments: TestedSet.all)
  func `every cell kernel on every remainder`(set: TestedSet) {
    var rng = SeededGenerator(seed: 5)
    for H in Self.sizes {
      for N in [1, 3] {
        for withLengths in [false, true] {
          let lengths: [Int64] = (0..<N).map { Int64($0) * 2 }
          lengths.withUnsafeBufferPointer { buffer in
            let l = withLengths ? buffer.baseAddress : nil
            for withState in [false, true] {
              check(set, N, H, l, withState: withState, using: &rng)
            }
          }
        }
      }
    }
  }

  /// Runs each kernel in both precisions at step 1 and compares everything it may write.
  func check(
    _ set: TestedSet, _ N: Int, _ H: Int, _ lengths: UnsafePointer<Int64>?, withState: Bool,
    using rng: inout SeededGenerator
  ) {
    let (single, double) = (set.f32, set.f64)
    func make(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> Operand {
      Operand(count, in: range, using: &rng)
    }
    let b = make(4 * H)
    // All units, or a range of them: the others stay as they are.
    let (first, last) = withState ? (0, H) : (H / 3, H - H / 4)
    let state = withState ? make(N * H) : nil
    let dy = withState ? make(N * H) : nil
    let unit: ClosedRange<Float> = 0.05...0.95
    func expect(_ name: String, _ operands: Operand...) {
      for (i, operand) in operands.enumerated() {
        let error = operand.error
        #expect(
          error < 2e-6,
          "\(set) \(name) N\(N) H\(H) lengths \(lengths != nil) operand \(i): \(error)"
        )
      }
    }

    let (a1, h) = (make(N * H, -4...4), make(N * H))
    single.rnn_tanh_forward(N, H, first, last, a1.f, b.f, h.f, lengths, 1)
    double.rnn_tanh_forward(N, H, first, last, a1.d, b.d, h.d, lengths, 1)
    expect("rnn_tanh_forward", h, a1)
    single.rnn_relu_forward(N, H, first, last, a1.f, b.f, h.f, lengths, 1)
    double.rnn_relu_forward(N, H, first, last, a1.d, b.d, h.d, lengths, 1)
    expect("rnn_relu_forward", h, a1)

    let (dh, y) = (make(N * H), make(N * H, -0.9...0.9))
    single.rnn_tanh_backward(N, H, first, last, a1.f, y.f, dy?.f, dh.f, lengths, 1)
    double.rnn_tanh_backward(N, H, first, last, a1.d, y.d, dy?.d, dh.d, lengths, 1)
    expect("rnn_tanh_backward", a1, dh)
    single.rnn_relu_backward(N, H, first, last, a1.f, y.f, dy?.f, dh.f, lengths, 1)
    double.rnn_relu_backward(N, H, first, last, a1.d, y.d, dy?.d, dh.d, lengths, 1)
    expect("rnn_relu_backward", a1, dh)

    let (gates, c) = (make(4 * N * H, -4...4), make(N * H))
    single.lstm_forward(N, H, first, last, gates.f, b.f, state?.f, c.f, h.f, lengths, 1)
    double.lstm_forward(N, H, first, last, gates.d, b.d, state?.d, c.d, h.d, lengths, 1)
    expect("lstm_forward", gates, c, h)

    let (saved, dc, dh2) = (make(4 * N * H, unit), make(N * H), make(N * H))
    single.lstm_backward(N, H, first, last, saved.f, state?.f, c.f, dy?.f, dh2.f, dc.f, lengths, 1)
    double.lstm_backward(N, H, first, last, saved.d, state?.d, c.d, dy?.d, dh2.d, dc.d, lengths, 1)
    expect("lstm_backward", saved, dh2, dc)

    let after = make(4 * N * H, -4...4)
    single.gru_after_forward(N, H, first, last, after.f, b.f, state?.f, h.f, lengths, 1)
    double.gru_after_forward(N, H, first, last, after.d, b.d, state?.d, h.d, lengths, 1)
    expect("gru_after_forward", after, h)
    let (savedAfter, dh3) = (make(4 * N * H, unit), make(N * H))
    single.gru_after_backward(
      N, H, first, last, savedAfter.f, state?.f, dy?.f, dh3.f, lengths, 1)
    double.gru_after_backward(
      N, H, first, last, savedAfter.d, state?.d, dy?.d, dh3.d, lengths, 1)
    expect("gru_after_backward", savedAfter, dh3)

    let before = make(4 * N * H, -4...4)
    single.gru_before_forward_reset(N, H, first, last, before.f, b.f, state?.f, lengths, 1)
    double.gru_before_forward_reset(N, H, first, last, before.d, b.d, state?.d, lengths, 1)
    expect("gru_before_forward_reset", before)
    single.gru_before_forward_candidate(N, H, first, last, before.f, b.f, state?.f, h.f, lengths, 1)
    double.gru_before_forward_candidate(N, H, first, last, before.d, b.d, state?.d, h.d, lengths, 1)
    expect("gru_before_forward_candidate", before, h)
    let (savedBefore, dh4, dm) = (make(4 * N * H, unit), make(N * H), make(N * H))
    single.gru_before_backward_candidate(
      N, H, first, last, savedBefore.f, state?.f, dy?.f, dh4.f, lengths, 1)
    double.gru_before_backward_candidate(
      N, H, first, last, savedBefore.d, state?.d, dy?.d, dh4.d, lengths, 1)
    expect("gru_before_backward_candidate", savedBefore, dh4)
    single.gru_before_backward_reset(
      N, H, first, last, savedBefore.f, state?.f, dm.f, dh4.f, lengths, 1)
    double.gru_before_backward_reset(
      N, H, first, last, savedBefore.d, state?.d, dm.d, dh4.d, lengths, 1)
    expect("gru_before_backward_reset", savedBefore, dh4)
  }

  @Test(arguments: TestedSet.all)
  func `a NaN output of relu has a NaN gradient`(set: TestedSet) {
    for H in [1, 5, 16, 37] {
      var gates = [Float](repeating: 0, count: H)
      var h = [Float](repeating: -1, count: H)
      h[H / 2] = .nan
      var dh = [Float](repeating: 2, count: H)
      set.f32.rnn_relu_backward(1, H, 0, H, &gates, h, nil, &dh, nil, 0)
      for j in 0..<H { #expect(j == H / 2 ? gates[j].isNaN : gates[j] == 0) }
      var (wide, output) = (gates.map(Double.init), h.map(Double.init))
      var carry = [Double](repeating: 2, count: H)
      set.f64.rnn_relu_backward(1, H, 0, H, &wide, &output, nil, &carry, nil, 0)
      for j in 0..<H { #expect(j == H / 2 ? wide[j].isNaN : wide[j] == 0) }
    }
  }
}
