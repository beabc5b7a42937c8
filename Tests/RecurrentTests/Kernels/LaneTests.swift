import CKernels
import CTestSupport
import LinAlg
import Testing

/// The 16-lane kernels with pairs of AVX2's operations, which every test of a kernel runs, against
/// those of AVX-512, on machines that have it: the same bits in random calls of every kernel. So what
/// the tests say about one is true of the other.
@Suite struct LaneTests {
  typealias Call = @Sendable (KernelOperands, ck_kernels, ck_pack_format) -> Void

  /// For each kernel of the lists a call with random operands.
  static let calls: [String: Call] = {
    var calls: [String: Call] = [:]
    for i in 0..<CK_ACTIVATION_COUNT.rawValue {
      calls[kernelName(2 * Int(i))] = { o, k, _ in
        let n = o.int(0...70)
        withUnsafePointer(to: k) {
          $0[ck_activation(i)].value(
            o.floats(n, in: -20...20, specials: true), o.floats(n), n, 0.2, 0.5)
        }
      }
      calls[kernelName(2 * Int(i) + 1)] = { o, k, _ in
        let n = o.int(0...70)
        withUnsafePointer(to: k) {
          $0[ck_activation(i)].gradient(
            o.floats(n, in: -1...1, specials: true), o.floats(n, specials: true), o.floats(n), n,
            0.2, 0.5)
        }
      }
    }
    return calls.merging(spans) { $1 }.merging(cells) { $1 }.merging(updates) { $1 }
      .merging(products) { $1 }
  }()

  static func kernelName(_ index: Int) -> String {
    ck_kernel_name(index).map { String(cString: $0) } ?? ""
  }

  static let spans: [String: Call] = [
    "log": { o, k, _ in
      let n = o.int(0...70)
      k.log(o.floats(n, in: 0...9, specials: true), o.floats(n), n)
    },
    "log_backward": { o, k, _ in
      let n = o.int(0...70)
      k.log_backward(o.floats(n, specials: true), o.floats(n), o.floats(n), n)
    },
    "softmax_rows": { o, k, _ in
      let (rows, columns) = (o.int(1...4), o.int(1...70))
      k.softmax_rows(
        o.floats(rows * columns, in: -30...30), o.floats(rows * columns), rows, columns)
    },
    "log_softmax_rows": { o, k, _ in
      let (rows, columns) = (o.int(1...4), o.int(1...70))
      k.log_softmax_rows(
        o.floats(rows * columns, in: -30...30), o.floats(rows * columns), rows, columns)
    },
    "softmax_rows_backward": { o, k, _ in
      let (rows, columns) = (o.int(1...4), o.int(1...70))
      let n = rows * columns
      k.softmax_rows_backward(o.floats(n), o.floats(n), o.floats(n), rows, columns)
    },
    "log_softmax_rows_backward": { o, k, _ in
      let (rows, columns) = (o.int(1...4), o.int(1...70))
      let n = rows * columns
      k.log_softmax_rows_backward(o.floats(n), o.floats(n), o.floats(n), rows, columns)
    },
    "pair_sum": { o, k, _ in
      let n = o.int(0...70)
      k.pair_sum(o.floats(n), o.floats(n), o.floats(n), n)
    },
    "pair_mean": { o, k, _ in
      let n = o.int(0...70)
      k.pair_mean(o.floats(n), o.floats(n), o.floats(n), n)
    },
    "pair_product": { o, k, _ in
      let n = o.int(0...70)
      k.pair_product(o.floats(n), o.floats(n), o.floats(n), n)
    },
    "column_sums": { o, k, _ in
      let (rows, m, gap) = (o.int(0...13), o.int(1...70), o.int(0...3))
      k.column_sums(rows, m, o.floats(rows * (m + gap)), m + gap, o.floats(m))
    },
    "placed_column_sums": { o, k, _ in
      let (count, m) = (o.int(0...13), o.int(1...70))
      let places = (0..<Int64(count)).filter { _ in o.flag() == 1 }
      places.withUnsafeBufferPointer {
        k.placed_column_sums(
          places.count, m, o.floats(places.count * m), m, places.isEmpty ? nil : $0.baseAddress, 0,
          count, o.floats(m))
      }
    },
    "standardize": { o, k, _ in
      let c = Cell(o)
      let (lda, ldy) = (c.H + 2, c.H + 1)
      k.standardize(
        c.N, c.H, c.first, c.last, o.floats(c.N * lda), lda, o.floats(c.N * ldy), ldy, 1e-5)
    },
    "standardize_backward": { o, k, _ in
      let c = Cell(o)
      let (lda, ldda) = (c.H + 2, c.H + 1)
      k.standardize_backward(
        c.N, c.H, c.first, c.last, o.floats(c.N * lda), o.floats(c.N * lda), lda,
        o.floats(c.N * ldda), ldda, 1e-5, o.flag())
    },
    "program": { o, k, _ in
      let c = Cell(o)
      var code = [ck_instruction](repeating: ck_instruction(), count: 2)
      for i in code.indices {
        code[i].opcode = UInt16(o.int(0...Int(CK_OP_COUNT.rawValue) - 1))
        (code[i].dst, code[i].a, code[i].b, code[i].c) = (3, i == 0 ? 0 : 3, 1, 2)
        (code[i].alpha, code[i].beta) = (0.2, 0.5)
      }
      let spaces = [CK_SPACE_GATES, CK_SPACE_HIDDEN, CK_SPACE_CELL, CK_SPACE_SCRATCH]
      let operands = spaces.map { ck_operand(offset: 0, space: Int32($0.rawValue)) }
      var bases = ck_bases()
      for space in spaces {
        ck_bases_set(&bases, space, o.floats(c.N * c.H, specials: true), c.H)
      }
      var noise = ck_noise(seed: 7, sequences: nil, first_sequence: 3, first_step: 1)
      withUnsafePointer(to: &noise) { noise in
        bases.noise = o.flag() == 0 ? nil : noise
        code.withUnsafeBufferPointer { code in
          operands.withUnsafeBufferPointer { operands in
            guard let code = code.baseAddress, let operands = operands.baseAddress else { return }
            var program = ck_program(
              code: code, operands: operands, count: 2, padding_count: 0, operand_count: 4,
              register_count: 0)
            k.program(&program, &bases, c.N, c.first, c.last, nil, 1)
          }
        }
      }
    },
  ]

  /// The sizes of a step, and the lengths of its rows.
  struct Cell {
    let N, H, first, last: Int
    let lengths: UnsafePointer<Int64>?

    init(_ o: KernelOperands) {
      (N, H) = (o.int(1...4), o.int(1...70))
      first = o.int(0...H - 1)
      last = o.int(first + 1...H)
      lengths = o.rowLengths(N)
    }
  }

  static let cells: [String: Call] = [
    "rnn_tanh_forward": { o, k, _ in
      let c = Cell(o)
      k.rnn_tanh_forward(
        c.N, c.H, c.first, c.last, o.floats(c.N * c.H), o.floats(c.H), o.floats(c.N * c.H),
        c.lengths, 1)
    },
    "rnn_relu_forward": { o, k, _ in
      let c = Cell(o)
      k.rnn_relu_forward(
        c.N, c.H, c.first, c.last, o.floats(c.N * c.H), o.floats(c.H), o.floats(c.N * c.H),
        c.lengths, 1)
    },
    "rnn_tanh_backward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.rnn_tanh_backward(
        c.N, c.H, c.first, c.last, o.floats(n), o.floats(n), o.optional(n), o.floats(n), c.lengths,
        1)
    },
    "rnn_relu_backward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.rnn_relu_backward(
        c.N, c.H, c.first, c.last, o.floats(n), o.floats(n, specials: true), o.optional(n),
        o.floats(n), c.lengths, 1)
    },
    "lstm_forward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.lstm_forward(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.floats(4 * c.H), o.optional(n), o.floats(n),
        o.floats(n), c.lengths, 1)
    },
    "lstm_backward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.lstm_backward(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.optional(n), o.floats(n), o.optional(n),
        o.floats(n), o.floats(n), c.lengths, 1)
    },
    "gru_after_forward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_after_forward(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.floats(3 * c.H), o.optional(n), o.floats(n),
        c.lengths, 1)
    },
    "gru_after_backward": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_after_backward(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.optional(n), o.optional(n), o.floats(n),
        c.lengths, 1)
    },
    "gru_before_forward_reset": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_before_forward_reset(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.floats(3 * c.H), o.optional(n), c.lengths, 1)
    },
    "gru_before_forward_candidate": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_before_forward_candidate(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.floats(3 * c.H), o.optional(n), o.floats(n),
        c.lengths, 1)
    },
    "gru_before_backward_candidate": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_before_backward_candidate(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.optional(n), o.optional(n), o.floats(n),
        c.lengths, 1)
    },
    "gru_before_backward_reset": { o, k, _ in
      let c = Cell(o)
      let n = c.N * c.H
      k.gru_before_backward_reset(
        c.N, c.H, c.first, c.last, o.floats(4 * n), o.optional(n), o.floats(n), o.floats(n),
        c.lengths, 1)
    },
  ]

  static let updates: [String: Call] = [
    "sum_squares": { o, k, _ in
      let n = o.int(0...70)
      var sum = 0.0
      k.sum_squares(n, o.floats(n), &sum)
      o.floats(1)[0] = Float(sum)
    },
    "sgd": { o, k, _ in
      let n = o.int(0...70)
      k.sgd(n, o.floats(n), o.floats(n), 0.3, 0.1)
    },
    "momentum": { o, k, _ in
      let n = o.int(0...70)
      k.momentum(n, o.floats(n), o.floats(n), o.floats(n), 0.3, 0.9, 0.1, o.flag())
    },
    "adam": { o, k, _ in
      let n = o.int(0...70)
      k.adam(
        n, o.floats(n), o.floats(n), o.floats(n), o.floats(n, in: 0...1), 0.9, 0.99, 0.02, 1.5,
        1e-8, 0.95, 0.1)
    },
    "dropout": { o, k, _ in
      let n = o.int(0...70)
      k.dropout(n, o.floats(n), o.floats(n), UInt64(o.int(0...1 << 40)), 40_000, 1.5)
    },
    "row_examples": { o, k, _ in
      let (D, count) = (o.int(1...70), o.int(0...5))
      var (inputs, inputStarts, outputs, outputStarts) = (
        [Int32](), [Int32(0)], [Int32](), [Int32(0)]
      )
      for _ in 0..<count {
        for _ in 0..<o.int(1...3) { inputs.append(Int32(o.int(0...4))) }
        for _ in 0..<o.int(0...7) {
          outputs.append(Int32(o.int(0...4)) ^ (o.int(0...1) == 0 ? 0 : -1))
        }
        inputStarts.append(Int32(inputs.count))
        outputStarts.append(Int32(outputs.count))
      }
      var places = [Int](repeating: 0, count: 7)
      k.row_examples(
        count, D, inputStarts, inputs, outputStarts, outputs, o.floats(5 * D), o.floats(5 * D),
        o.floats(outputs.count), o.floats(D), o.floats(7), &places, 0.1)
    },
  ]

  static let products: [String: Call] = [
    "pack": { o, _, p in
      let (K, M) = (o.int(0...40), o.int(1...70))
      p.pack(
        K, M, o.floats(K * (M + 1)), K / 2, o.floats(K * (M + 1)), M + 1,
        o.floats(packedSize(p, K, M)))
    },
    "pack_transposed": { o, _, p in
      let (K, M) = (o.int(0...40), o.int(1...70))
      p.pack_transposed(
        K, M, o.floats(M * (K + 1)), M / 2, o.floats(M * (K + 1)), K + 1,
        o.floats(packedSize(p, K, M)))
    },
    "packed_product": { o, _, p in
      let (N, K, M) = (o.int(1...27), o.int(0...70), o.int(1...130))
      let packed = o.floats(packedSize(p, K, M))
      let b = o.floats(K * M)
      p.pack(K, M, b, K, b, M, packed)
      p.packed_product(
        N, M, K, o.floats(N * (K + 1)), K + 1, packed, o.floats(N * (M + 2)), M + 2, o.flag(),
        o.flag(), o.flag())
    },
    "narrow": { o, _, p in _ = narrowed(o, p, K: o.int(0...40), M: o.int(1...70)) },
    "narrow_product": { o, _, p in
      let (N, K, M) = (o.int(1...27), o.int(0...70), o.int(1...130))
      let (format, narrow) = narrowed(o, p, K: K, M: M)
      format.narrow_product(
        N, M, K, o.floats(N * (K + 1)), K + 1, narrow, o.floats(N * (M + 2)), M + 2, o.flag(),
        o.flag(), o.flag())
    },
    "weight_gradient": { o, _, p in
      let (M, K, rows) = (o.int(1...40), o.int(1...70), o.int(0...40))
      var size = 0
      p.weight_gradient_scratch(M, K, rows, &size)
      p.weight_gradient(
        M, K, rows, o.floats(rows * (M + 1)), M + 1, o.floats(rows * (K + 2)), K + 2,
        o.floats(M * (K + 3)), M / 2, o.floats(M * (K + 3)), K + 3, o.floats(size))
    },
    "weight_gradient_scratch": { o, _, p in
      var size = 0
      p.weight_gradient_scratch(o.int(0...300), o.int(0...300), o.int(0...300), &size)
      o.floats(1)[0] = Float(size)
    },
  ]

  /// Weights in one of the formats of fewer bytes.
  static func narrowed(
    _ o: KernelOperands, _ p: ck_pack_format, K: Int, M: Int
  ) -> (ck_narrow_format, UnsafeMutablePointer<Float>) {
    let format = p.narrow[o.int(0...Int(CK_NARROW_COUNT.rawValue) - 1)]
    let packed = o.floats(packedSize(p, K, M))
    let b = o.floats(K * M)
    p.pack(K, M, b, K, b, M, packed)
    // In bytes, four times as many as the largest of them takes.
    let narrow = o.floats(packedSize(p, K + format.scale_rows, M))
    format.narrow(K, M, packed, narrow)
    return (format, narrow)
  }

  static func packedSize(_ p: ck_pack_format, _ K: Int, _ M: Int) -> Int {
    K * ((M + Int(p.panel) - 1) / Int(p.panel)) * Int(p.panel)
  }

  @Test func `every kernel of the lists is called`() {
    #expect(Self.calls.keys.sorted() == (0..<ck_kernel_count()).map(Self.kernelName).sorted())
  }

  @Test(.enabled(if: ck_instruction_set_for(CK_ISA_AVX512) != nil))
  func `pairs of AVX2's operations are the bits of AVX-512`() throws {
    let wide = TestedSet(kernels: try #require(ck_instruction_set_for(CK_ISA_AVX512)))
    let pairs = TestedSet(kernels: try #require(ct_pairs_set()))
    #expect(wide.lanes == pairs.lanes)
    for (name, call) in Self.calls.sorted(by: { $0.key < $1.key }) {
      #expect(
        try firstDifference(wide, pairs, call, seeds: 0..<300) == nil, "\(name), by seed")
    }
  }

  /// Portable code adds and multiplies where AVX-512 fuses: the comparison must see that.
  @Test(.enabled(if: ck_instruction_set_for(CK_ISA_AVX512) != nil))
  func `the comparison sees other roundings`() throws {
    let wide = TestedSet(kernels: try #require(ck_instruction_set_for(CK_ISA_AVX512)))
    let other = TestedSet(kernels: try #require(ck_instruction_set_for(CK_ISA_PORTABLE)))
    for name in ["tanh", "lstm_forward", "adam"] {
      let call = try #require(Self.calls[name])
      #expect(try firstDifference(wide, other, call, seeds: 0..<20) != nil, "\(name)")
    }
  }

  /// The first of the seeds with which two sets compute different bits.
  func firstDifference(
    _ a: TestedSet, _ b: TestedSet, _ call: Call, seeds: Range<UInt64>
  ) throws -> UInt64? {
    for seed in seeds {
      let (x, y) = (KernelOperands(seed: seed), KernelOperands(seed: seed))
      call(x, a.f32, try a.pack())
      call(y, b.f32, try b.pack())
      if x.bits != y.bits { return seed }
    }
    return nil
  }
}
