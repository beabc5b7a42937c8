import CKernels
import LinAlg
import Testing

/// The pointwise kernels of every instruction set that this machine has, against the same source in
/// double precision, on every remainder of the vector width. All operands end at a guard page, and have
/// guard elements before them.
@Suite struct CellKernelTests {
  static let instructionSets = [CK_ISA_PORTABLE, CK_ISA_AVX2, CK_ISA_AVX512].filter {
    ck_kernels_for($0) != nil
  }

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

  @Test(arguments: instructionSets.map(\.rawValue))
  func `every cell kernel on every remainder`(isa: UInt32) throws {
    let table = try #require(ck_kernels_for(ck_isa(isa)))
    let k = table.pointee
    var rng = SeededGenerator(seed: 5)
    for H in Self.sizes {
      for N in [1, 3] {
        for withLengths in [false, true] {
          let lengths: [Int64] = (0..<N).map { Int64($0) * 2 }
          lengths.withUnsafeBufferPointer { buffer in
            let l = withLengths ? buffer.baseAddress : nil
            for withState in [false, true] {
              check(k, N, H, l, withState: withState, using: &rng)
            }
          }
        }
      }
    }
  }

  /// Runs each kernel in both precisions at step 1 and compares everything it may write.
  func check(
    _ k: ck_kernels, _ N: Int, _ H: Int, _ lengths: UnsafePointer<Int64>?, withState: Bool,
    using rng: inout SeededGenerator
  ) {
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
          "\(String(cString: k.name)) \(name) N\(N) H\(H) lengths \(lengths != nil) operand \(i): \(error)"
        )
      }
    }

    let (a1, h) = (make(N * H, -4...4), make(N * H))
    k.rnn_tanh_forward_f32(N, H, first, last, a1.f, b.f, h.f, lengths, 1)
    k.rnn_tanh_forward_f64(N, H, first, last, a1.d, b.d, h.d, lengths, 1)
    expect("rnn_tanh_forward", h, a1)
    k.rnn_relu_forward_f32(N, H, first, last, a1.f, b.f, h.f, lengths, 1)
    k.rnn_relu_forward_f64(N, H, first, last, a1.d, b.d, h.d, lengths, 1)
    expect("rnn_relu_forward", h, a1)

    let (dh, y) = (make(N * H), make(N * H, -0.9...0.9))
    k.rnn_tanh_backward_f32(N, H, first, last, a1.f, y.f, dy?.f, dh.f, lengths, 1)
    k.rnn_tanh_backward_f64(N, H, first, last, a1.d, y.d, dy?.d, dh.d, lengths, 1)
    expect("rnn_tanh_backward", a1, dh)
    k.rnn_relu_backward_f32(N, H, first, last, a1.f, y.f, dy?.f, dh.f, lengths, 1)
    k.rnn_relu_backward_f64(N, H, first, last, a1.d, y.d, dy?.d, dh.d, lengths, 1)
    expect("rnn_relu_backward", a1, dh)

    let (gates, c) = (make(4 * N * H, -4...4), make(N * H))
    k.lstm_forward_f32(N, H, first, last, gates.f, b.f, state?.f, c.f, h.f, lengths, 1)
    k.lstm_forward_f64(N, H, first, last, gates.d, b.d, state?.d, c.d, h.d, lengths, 1)
    expect("lstm_forward", gates, c, h)

    let (saved, dc, dh2) = (make(4 * N * H, unit), make(N * H), make(N * H))
    k.lstm_backward_f32(N, H, first, last, saved.f, state?.f, c.f, dy?.f, dh2.f, dc.f, lengths, 1)
    k.lstm_backward_f64(N, H, first, last, saved.d, state?.d, c.d, dy?.d, dh2.d, dc.d, lengths, 1)
    expect("lstm_backward", saved, dh2, dc)

    let after = make(4 * N * H, -4...4)
    k.gru_after_forward_f32(N, H, first, last, after.f, b.f, state?.f, h.f, lengths, 1)
    k.gru_after_forward_f64(N, H, first, last, after.d, b.d, state?.d, h.d, lengths, 1)
    expect("gru_after_forward", after, h)
    let (savedAfter, dh3) = (make(4 * N * H, unit), make(N * H))
    k.gru_after_backward_f32(
      N, H, first, last, savedAfter.f, state?.f, dy?.f, dh3.f, lengths, 1)
    k.gru_after_backward_f64(
      N, H, first, last, savedAfter.d, state?.d, dy?.d, dh3.d, lengths, 1)
    expect("gru_after_backward", savedAfter, dh3)

    let before = make(4 * N * H, -4...4)
    k.gru_before_forward_reset_f32(N, H, first, last, before.f, b.f, state?.f, lengths, 1)
    k.gru_before_forward_reset_f64(N, H, first, last, before.d, b.d, state?.d, lengths, 1)
    expect("gru_before_forward_reset", before)
    k.gru_before_forward_candidate_f32(N, H, first, last, before.f, b.f, state?.f, h.f, lengths, 1)
    k.gru_before_forward_candidate_f64(N, H, first, last, before.d, b.d, state?.d, h.d, lengths, 1)
    expect("gru_before_forward_candidate", before, h)
    let (savedBefore, dh4, dm) = (make(4 * N * H, unit), make(N * H), make(N * H))
    k.gru_before_backward_candidate_f32(
      N, H, first, last, savedBefore.f, state?.f, dy?.f, dh4.f, lengths, 1)
    k.gru_before_backward_candidate_f64(
      N, H, first, last, savedBefore.d, state?.d, dy?.d, dh4.d, lengths, 1)
    expect("gru_before_backward_candidate", savedBefore, dh4)
    k.gru_before_backward_reset_f32(
      N, H, first, last, savedBefore.f, state?.f, dm.f, dh4.f, lengths, 1)
    k.gru_before_backward_reset_f64(
      N, H, first, last, savedBefore.d, state?.d, dm.d, dh4.d, lengths, 1)
    expect("gru_before_backward_reset", savedBefore, dh4)
  }
}
