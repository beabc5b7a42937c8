import CKernels
import LinAlg

extension KernelProbe {
  /// How many elements a pointwise kernel is called with: four operands fit a first-level cache of 32 KB.
  private static var n: Int { 2000 }

  /// Activations and their derivatives.
  static var activations: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    let n = n
    func forward(
      _ name: String, range: ClosedRange<Float> = -4...4,
      _ kernel: @escaping (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    ) -> Recipe {
      Recipe(name, "n\(n)", floats: 2 * n, range: range) { kernel($0, $0 + n, n) }
    }
    func backward(
      _ name: String,
      _ kernel:
        @escaping (
          UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int
        ) -> Void
    ) -> Recipe {
      Recipe("\(name)", "n\(n)", floats: 3 * n) { kernel($0, $0 + n, $0 + 2 * n, n) }
    }
    return [
      forward("exp_f32", kernels.exp_f32),
      forward("log_f32", range: 0.1...4, kernels.log_f32),
      forward("tanh_f32", kernels.tanh_f32),
      forward("sigmoid_f32", kernels.sigmoid_f32),
      forward("relu_f32", kernels.relu_f32),
      forward("softplus_f32", kernels.softplus_f32),
      forward("softsign_f32", kernels.softsign_f32),
      forward("leaky_relu_f32") { kernels.leaky_relu_f32($0, $1, $2, 0.1) },
      forward("elu_f32") { kernels.elu_f32($0, $1, $2, 1) },
      forward("hard_sigmoid_f32") { kernels.hard_sigmoid_f32($0, $1, $2, 0.2, 0.5) },
      backward("exp_backward_f32", kernels.exp_backward_f32),
      backward("log_backward_f32", kernels.log_backward_f32),
      backward("tanh_backward_f32", kernels.tanh_backward_f32),
      backward("sigmoid_backward_f32", kernels.sigmoid_backward_f32),
      backward("relu_backward_f32", kernels.relu_backward_f32),
      backward("softplus_backward_f32", kernels.softplus_backward_f32),
      backward("softsign_backward_f32", kernels.softsign_backward_f32),
      backward("leaky_relu_backward_f32") { kernels.leaky_relu_backward_f32($0, $1, $2, $3, 0.1) },
      backward("elu_backward_f32") { kernels.elu_backward_f32($0, $1, $2, $3, 1) },
      backward("hard_sigmoid_backward_f32") {
        kernels.hard_sigmoid_backward_f32($0, $1, $2, $3, 0.2)
      },
    ]
  }

  /// Softmax and normalization, row by row.
  static var rows: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    let (rows, columns) = (16, 125)
    let (n, shape) = (rows * columns, "rows \(rows) columns \(columns)")
    return [
      Recipe("softmax_rows_f32", shape, floats: 2 * n) {
        kernels.softmax_rows_f32($0, $0 + n, rows, columns)
      },
      Recipe("log_softmax_rows_f32", shape, floats: 2 * n) {
        kernels.log_softmax_rows_f32($0, $0 + n, rows, columns)
      },
      Recipe("softmax_rows_backward_f32", shape, floats: 3 * n) {
        kernels.softmax_rows_backward_f32($0, $0 + n, $0 + 2 * n, rows, columns)
      },
      Recipe("log_softmax_rows_backward_f32", shape, floats: 3 * n) {
        kernels.log_softmax_rows_backward_f32($0, $0 + n, $0 + 2 * n, rows, columns)
      },
      Recipe("standardize_f32", shape, floats: 2 * n) {
        kernels.standardize_f32(rows, columns, 0, columns, $0, columns, $0 + n, columns, 1e-5)
      },
      Recipe("standardize_backward_f32", shape, floats: 3 * n) {
        kernels.standardize_backward_f32(
          rows, columns, 0, columns, $0, $0 + n, columns, $0 + 2 * n, columns, 1e-5, 0)
      },
    ]
  }

  /// Two spans made one.
  static var pairs: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    let n = n
    return [
      Recipe("pair_sum_f32", "n\(n)", floats: 3 * n) {
        kernels.pair_sum_f32($0, $0 + n, $0 + 2 * n, n)
      },
      Recipe("pair_mean_f32", "n\(n)", floats: 3 * n) {
        kernels.pair_mean_f32($0, $0 + n, $0 + 2 * n, n)
      },
      Recipe("pair_product_f32", "n\(n)", floats: 3 * n) {
        kernels.pair_product_f32($0, $0 + n, $0 + 2 * n, n)
      },
    ]
  }

  /// The passes over weights and gradients, with steps so short that the weights stay what they are.
  static var training: [Recipe] {
    let kernels = InstructionSet.kernels.pointee
    let n = n
    return [
      Recipe("sum_squares_f32", "n\(n)", floats: n) {
        var sum = 0.0
        kernels.sum_squares_f32(n, $0, &sum)
      },
      Recipe("sgd_f32", "n\(n)", floats: 2 * n) { kernels.sgd_f32(n, $0, $0 + n, 1e-9, 1e-4) },
      Recipe("momentum_f32", "n\(n)", floats: 3 * n) {
        kernels.momentum_f32(n, $0, $0 + n, $0 + 2 * n, 1e-9, 0.9, 1e-4, 0)
      },
      // Not from negative second moments.
      Recipe("adam_f32", "n\(n)", floats: 4 * n, range: 0.1...1) {
        kernels.adam_f32(
          n, $0, $0 + n, $0 + 2 * n, $0 + 3 * n, 0.9, 0.999, 1e-9, 1, 1e-8, 1, 1e-4)
      },
      Recipe("dropout_f32", "n\(n)", floats: 2 * n) {
        kernels.dropout_f32(n, $0, $0 + n, 1, 49152, 4 / 3)
      },
    ]
  }

  /// An elementwise program: an LSTM with peepholes and a clipped cell, forward.
  static var program: Recipe {
    let kernels = InstructionSet.kernels.pointee
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
    return Recipe("program_f32", "N\(n) H\(h)", floats: c + 2 * n * h) { x in
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
          kernels.program_f32(&program, &bases, n, 0, h, nil, 0)
        }
      }
    }
  }
}
