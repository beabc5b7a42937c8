import CKernels
import LinAlg

extension KernelRecipes {
  /// How many elements a pointwise kernel is called with: more than the first-level cache holds. From
  /// there a loop of a few instructions takes two cycles, or three where it happens to lie badly.
  private static var n: Int { 64000 / MemoryLayout<Scalar>.stride }

  /// Activations and their derivatives, and the logarithm.
  static var activations: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    let n = n
    let all: [(String, ck_activation, alpha: Double, beta: Double)] = [
      ("identity", CK_ACTIVATION_IDENTITY, 0, 0), ("tanh", CK_ACTIVATION_TANH, 0, 0),
      ("sigmoid", CK_ACTIVATION_SIGMOID, 0, 0), ("relu", CK_ACTIVATION_RELU, 0, 0),
      ("leaky_relu", CK_ACTIVATION_LEAKY_RELU, 0.1, 0), ("elu", CK_ACTIVATION_ELU, 1, 0),
      ("softplus", CK_ACTIVATION_SOFTPLUS, 0, 0), ("softsign", CK_ACTIVATION_SOFTSIGN, 0, 0),
      ("hard_sigmoid", CK_ACTIVATION_HARD_SIGMOID, 0.2, 0.5), ("exp", CK_ACTIVATION_EXP, 0, 0),
    ]
    let logarithm = [
      recipe("log", "n\(n)", count: 2 * n, range: 0.1...4) { kernels.log($0, $0 + n, n) },
      recipe("log_backward", "n\(n)", count: 3 * n, range: 0.1...4) {
        kernels.log_backward($0, $0 + n, $0 + 2 * n, n)
      },
    ]
    return logarithm
      + all.flatMap { name, activation, alpha, beta in
        let f = withUnsafePointer(to: kernels) { ck_activation_of($0, activation) }
        return [
          recipe(name, "n\(n)", count: 2 * n, range: -4...4) {
            f.value($0, $0 + n, n, alpha, beta)
          },
          recipe("\(name)_backward", "n\(n)", count: 3 * n) {
            f.gradient($0, $0 + n, $0 + 2 * n, n, alpha, beta)
          },
        ]
      }
  }

  /// Softmax and normalization, row by row.
  static var rows: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    let (rows, columns) = (16, 125)
    let (n, shape) = (rows * columns, "rows \(rows) columns \(columns)")
    return [
      recipe("softmax_rows", shape, count: 2 * n) {
        kernels.softmax_rows($0, $0 + n, rows, columns)
      },
      recipe("log_softmax_rows", shape, count: 2 * n) {
        kernels.log_softmax_rows($0, $0 + n, rows, columns)
      },
      recipe("softmax_rows_backward", shape, count: 3 * n) {
        kernels.softmax_rows_backward($0, $0 + n, $0 + 2 * n, rows, columns)
      },
      recipe("log_softmax_rows_backward", shape, count: 3 * n) {
        kernels.log_softmax_rows_backward($0, $0 + n, $0 + 2 * n, rows, columns)
      },
      recipe("standardize", shape, count: 2 * n) {
        kernels.standardize(rows, columns, 0, columns, $0, columns, $0 + n, columns, 1e-5)
      },
      recipe("standardize_backward", shape, count: 3 * n) {
        kernels.standardize_backward(
          rows, columns, 0, columns, $0, $0 + n, columns, $0 + 2 * n, columns, 1e-5, 0)
      },
    ]
  }

  /// Two spans made one.
  static var pairs: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    let n = n
    return [
      recipe("pair_sum", "n\(n)", count: 3 * n) {
        kernels.pair_sum($0, $0 + n, $0 + 2 * n, n)
      },
      recipe("pair_mean", "n\(n)", count: 3 * n) {
        kernels.pair_mean($0, $0 + n, $0 + 2 * n, n)
      },
      recipe("pair_product", "n\(n)", count: 3 * n) {
        kernels.pair_product($0, $0 + n, $0 + 2 * n, n)
      },
    ]
  }

  /// The passes over weights and gradients, with steps so short that the weights stay what they are.
  static var training: [KernelProbe.Recipe] {
    let kernels = Scalar.kernels.table.pointee
    let n = n
    return [
      recipe("sum_squares", "n\(n)", count: n) {
        var sum = 0.0
        kernels.sum_squares(n, $0, &sum)
      },
      recipe("sgd", "n\(n)", count: 2 * n) { kernels.sgd(n, $0, $0 + n, 1e-9, 1e-4) },
      recipe("momentum", "n\(n)", count: 3 * n) {
        kernels.momentum(n, $0, $0 + n, $0 + 2 * n, 1e-9, 0.9, 1e-4, 0)
      },
      // Not from negative second moments.
      recipe("adam", "n\(n)", count: 4 * n, range: 0.1...1) {
        kernels.adam(
          n, $0, $0 + n, $0 + 2 * n, $0 + 3 * n, 0.9, 0.999, 1e-9, 1, 1e-8, 1, 1e-4)
      },
      recipe("dropout", "n\(n)", count: 2 * n) {
        kernels.dropout(n, $0, $0 + n, 1, 49152, 4 / 3)
      },
      rowExamples,
    ]
  }

  /// Skip-gram with five words of noise: 16 examples in tables of 32 rows.
  private static var rowExamples: KernelProbe.Recipe {
    let kernels = Scalar.kernels.table.pointee
    let (examples, rows, D, answers) = (16, 32, 128, 6)
    let inputs = (0..<examples).map { Int32(5 * $0 % rows) }
    let inputStarts = (0...examples).map { Int32($0) }
    let outputs = (0..<examples * answers).map { i -> Int32 in
      let row = Int32(7 * i % rows)
      return i % answers == 0 ? row : ~row
    }
    let outputStarts = (0...examples).map { Int32(answers * $0) }
    // The tables, then the scores, h and the steps.
    let (table, scores) = (rows * D, examples * answers)
    let places = AlignedStorage<Int>(uninitializedCount: answers)
    return recipe(
      "row_examples", "n\(examples) D\(D)", count: 2 * table + scores + D + answers
    ) {
      let rest = $0 + 2 * table
      kernels.row_examples(
        examples, D, inputStarts, inputs, outputStarts, outputs, $0, $0 + table, rest,
        rest + scores, rest + scores + D, places.pointer, 1e-9)
    }
  }

  /// An elementwise program: an LSTM with peepholes and a clipped cell, forward.
  static var program: KernelProbe.Recipe {
    let kernels = Scalar.kernels.table.pointee
    let (n, h) = (16, 128)
    // i f g o in a row of 4H, peepholes of 3H, then c and h.
    let (p, c) = (4 * n * h, 4 * n * h + 3 * h)
    let gates = Int32(CK_SPACE_GATES.rawValue)
    let weights = Int32(CK_SPACE_PARAMETERS.rawValue)
    let (cell, hidden) = (Int32(CK_SPACE_CELL.rawValue), Int32(CK_SPACE_HIDDEN.rawValue))
    let operands: [ck_operand] =
      (0..<4).map { ck_operand(offset: $0 * h, space: gates) }
      + (0..<3).map { ck_operand(offset: $0 * h, space: weights) }
      + [
        ck_operand(offset: 0, space: cell), ck_operand(offset: 0, space: hidden),
        ck_operand(offset: 0, space: 0), ck_operand(offset: 1, space: 0),
      ]
    let (i, f, g, o, pi, pf, po): (UInt16, UInt16, UInt16, UInt16, UInt16, UInt16, UInt16) = (
      0, 1, 2, 3, 4, 5, 6
    )
    let (cellState, output, s, t): (UInt16, UInt16, UInt16, UInt16) = (7, 8, 9, 10)
    func op(
      _ opcode: ck_opcode, _ dst: UInt16, _ a: UInt16, _ b: UInt16 = 0, _ c: UInt16 = 0,
      alpha: Double = 0
    ) -> ck_instruction {
      ck_instruction(
        opcode: UInt16(opcode.rawValue), dst: dst, a: a, b: b, c: c, stream: 0, per_step: 0,
        alpha: alpha, beta: 0)
    }
    let code = [
      op(CK_OP_FMA, s, pi, cellState, i), op(CK_OP_SIGMOID, i, s),
      op(CK_OP_FMA, s, pf, cellState, f), op(CK_OP_SIGMOID, f, s), op(CK_OP_TANH, g, g),
      op(CK_OP_MUL, s, i, g), op(CK_OP_FMA, s, f, cellState, s),
      op(CK_OP_CLIP, cellState, s, alpha: 3), op(CK_OP_FMA, t, po, cellState, o),
      op(CK_OP_SIGMOID, o, t), op(CK_OP_TANH, t, cellState), op(CK_OP_MUL, output, o, t),
    ]
    return recipe("program", "N\(n) H\(h)", count: c + 2 * n * h) { x in
      code.withUnsafeBufferPointer { code in
        operands.withUnsafeBufferPointer { operands in
          guard let first = code.baseAddress, let places = operands.baseAddress else { return }
          var program = ck_program(
            code: first, operands: places, count: Int32(code.count), padding_count: 0,
            operand_count: Int32(operands.count), register_count: 2)
          var bases = ck_bases()
          ck_bases_set(&bases, CK_SPACE_GATES, x, 4 * h)
          ck_bases_set(&bases, CK_SPACE_PARAMETERS, x + p, 0)
          ck_bases_set(&bases, CK_SPACE_CELL, x + c, h)
          ck_bases_set(&bases, CK_SPACE_HIDDEN, x + c + n * h, h)
          kernels.program(&program, &bases, n, 0, h, nil, 0)
        }
      }
    }
  }
}
