import CKernels
import Foundation
import LinAlg
import Testing

/// The interpreter of elementwise programs, for every instruction and every instruction set that this
/// machine has, against the same source in double precision, on every remainder of the vector width.
/// All operands end at a guard page, and have guard elements before them.
@Suite struct ProgramKernelTests {
  typealias Operand = CellKernelTests.Operand

  /// Operands a, b and c of each instruction lie here; its result goes to scratch memory.
  static let sources = [CK_SPACE_GATES, CK_SPACE_HIDDEN, CK_SPACE_CELL]

  @Test(arguments: TestedSet.all)
  func `every instruction on every remainder`(set: TestedSet) {
    var rng = SeededGenerator(seed: 6)
    for code in 0..<CK_OP_COUNT.rawValue {
      for H in [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 100, 256, 257, 600] {
        for (N, lengths) in [(1, nil), (5, nil), (5, [9, 1, 9, 9, 0])] as [(Int, [Int64]?)] {
          let error = largestError(set, opcode: code, N, H, lengths, using: &rng)
          #expect(error < 3e-6, "instruction \(code) N \(N) H \(H): \(error)")
        }
      }
    }
  }

  /// Runs one instruction twice, first into a register and from there into memory, so that registers
  /// take part; padded rows are filled.
  func largestError(
    _ set: TestedSet, opcode: UInt32, _ N: Int, _ H: Int, _ lengths: [Int64]?,
    using rng: inout SeededGenerator
  ) -> Double {
    var code = [ck_instruction](repeating: ck_instruction(), count: 3)
    code[0].opcode = UInt16(opcode)
    (code[0].dst, code[0].a, code[0].b, code[0].c) = (4, 0, 1, 2)
    (code[0].alpha, code[0].beta) = (0.2, 0.5)
    code[1].opcode = UInt16(CK_OP_COPY.rawValue)
    (code[1].dst, code[1].a, code[1].b, code[1].c) = (3, 4, 4, 4)
    code[2].opcode = UInt16(CK_OP_FILL.rawValue)
    (code[2].dst, code[2].alpha) = (3, 7)
    var operands = Self.sources.map { ck_operand(offset: 0, space: Int32($0.rawValue)) }
    operands.append(ck_operand(offset: 0, space: Int32(CK_SPACE_SCRATCH.rawValue)))
    operands.append(ck_operand(offset: 0, space: Int32(CK_SPACE_REGISTERS.rawValue)))

    let inputs = (0..<3).map { _ in Operand(N * H, using: &rng) }
    let result = Operand(N * H, using: &rng)
    // All units, or a range of them: the others stay as they are.
    let (first, last) = N == 1 ? (H / 3, H) : (0, H)
    code.withUnsafeBufferPointer { code in
      operands.withUnsafeBufferPointer { operands in
        guard let codeStart = code.baseAddress, let operandStart = operands.baseAddress else {
          return
        }
        var program = ck_program(
          code: codeStart, operands: operandStart, count: 2, padding_count: 1,
          operand_count: Int32(operands.count), register_count: 1)
        func bases(_ address: (Operand) -> UnsafeMutableRawPointer) -> ck_bases {
          var bases = ck_bases()
          ck_bases_set(&bases, CK_SPACE_GATES, address(inputs[0]), H)
          ck_bases_set(&bases, CK_SPACE_HIDDEN, address(inputs[1]), H)
          // One row for all.
          ck_bases_set(&bases, CK_SPACE_CELL, address(inputs[2]), 0)
          ck_bases_set(&bases, CK_SPACE_SCRATCH, address(result), H)
          return bases
        }
        var single = bases { UnsafeMutableRawPointer($0.f) }
        var double = bases { UnsafeMutableRawPointer($0.d) }
        if let lengths {
          set.f32.program(&program, &single, N, first, last, lengths, 3)
          set.f64.program(&program, &double, N, first, last, lengths, 3)
        } else {
          set.f32.program(&program, &single, N, first, last, nil, 3)
          set.f64.program(&program, &double, N, first, last, nil, 3)
        }
      }
    }
    for (n, length) in (lengths ?? []).enumerated() where length <= 3 {
      for j in 0..<H where result.f[n * H + j] != 7 { return .infinity }
    }
    return (inputs + [result]).map(\.error).max() ?? .infinity
  }

  @Test(arguments: TestedSet.all)
  func `a space that is missing reads as zeros`(set: TestedSet) {
    var add = ck_instruction()
    add.opcode = UInt16(CK_OP_ADD.rawValue)
    (add.dst, add.a, add.b, add.c) = (1, 0, 1, 0)
    let operands = [
      ck_operand(offset: 3, space: Int32(CK_SPACE_PREVIOUS_HIDDEN.rawValue)),
      ck_operand(offset: 0, space: Int32(CK_SPACE_HIDDEN.rawValue)),
    ]
    var values = (0..<1200).map(Float.init)
    let expected = values
    withUnsafePointer(to: add) { add in
      operands.withUnsafeBufferPointer { operands in
        values.withUnsafeMutableBufferPointer { values in
          guard let start = operands.baseAddress else { return }
          var program = ck_program(
            code: add, operands: start, count: 1, padding_count: 0, operand_count: 2,
            register_count: 0)
          var bases = ck_bases()
          ck_bases_set(&bases, CK_SPACE_HIDDEN, values.baseAddress, 400)
          set.f32.program(&program, &bases, 3, 0, 400, nil, 0)
        }
      }
    }
    #expect(values == expected)
  }

  /// An activation, or its gradient at `outputs`, by its instruction.
  func results(
    _ set: TestedSet, _ opcode: ck_opcode, _ a: [Float], _ b: [Float], alpha: Double, beta: Double
  ) -> [Float] {
    var instruction = ck_instruction()
    instruction.opcode = UInt16(opcode.rawValue)
    (instruction.dst, instruction.a, instruction.b, instruction.c) = (2, 0, 1, 0)
    (instruction.alpha, instruction.beta) = (alpha, beta)
    let spaces = [CK_SPACE_GATES, CK_SPACE_HIDDEN, CK_SPACE_SCRATCH]
    let operands = spaces.map { ck_operand(offset: 0, space: Int32($0.rawValue)) }
    var result = [Float](repeating: 0, count: a.count)
    var bases = ck_bases()
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        result.withUnsafeMutableBufferPointer { result in
          ck_bases_set(&bases, CK_SPACE_GATES, a.baseAddress, a.count)
          ck_bases_set(&bases, CK_SPACE_HIDDEN, b.baseAddress, a.count)
          ck_bases_set(&bases, CK_SPACE_SCRATCH, result.baseAddress, a.count)
          withUnsafePointer(to: instruction) { code in
            operands.withUnsafeBufferPointer { operands in
              guard let operands = operands.baseAddress else { return }
              var program = ck_program(
                code: code, operands: operands, count: 1, padding_count: 0, operand_count: 3,
                register_count: 0)
              set.f32.program(&program, &bases, 1, 0, a.count, nil, 0)
            }
          }
        }
      }
    }
    return result
  }

  /// So a cell's gradient has the accuracy of the activation's, also far below 0, and NaN goes on.
  @Test(arguments: TestedSet.all)
  func `activations and their gradients are those of whole spans`(set: TestedSet) {
    var rng = SeededGenerator(seed: 7)
    let x =
      [.nan, -.infinity, .infinity, 0, -0.0, -0x1p-140, -100, -17, -20] as [Float]
      + (0..<60).map { _ in .random(in: -30...30, using: &rng) }
    let d = x.map { _ in Float.random(in: -1...1, using: &rng) }
    let table = set.kernels.pointee.f32
    for number in 0..<CK_ACTIVATION_COUNT.rawValue {
      let f = ck_activation(number)
      var (y, dx) = (x, x)
      table[f].value(x, &y, x.count, 0.2, 0.5)
      table[f].gradient(y, d, &dx, x.count, 0.2, 0.5)
      let value = results(set, ck_opcode_of_value(f), x, x, alpha: 0.2, beta: 0.5)
      let gradient = results(set, ck_opcode_of_gradient(f), d, y, alpha: 0.2, beta: 0.5)
      for i in x.indices {
        #expect(value[i] == y[i] || value[i].isNaN && y[i].isNaN, "\(number) at \(x[i])")
        // Those of tanh and sigmoid are rounded as in the cells.
        let isRounded = f == CK_ACTIVATION_TANH || f == CK_ACTIVATION_SIGMOID
        let allowed = isRounded ? 2 * Float.ulpOfOne * abs(d[i]) : 0
        #expect(
          gradient[i] == dx[i] || abs(gradient[i] - dx[i]) <= allowed
            || gradient[i].isNaN && dx[i].isNaN,
          "\(number) at \(x[i])")
        if y[i].isNaN && f != CK_ACTIVATION_IDENTITY { #expect(gradient[i].isNaN, "\(number)") }
      }
    }
  }

  /// σ(x), which is e^x where 1 − e^−y would round to 0.
  @Test(arguments: TestedSet.all)
  func `softplus has a slope far below zero`(set: TestedSet) {
    for x: Float in [-10, -17, -20, -40, -80] {
      var y: Float = 0
      withUnsafePointer(to: x) {
        set.kernels.pointee.f32[CK_ACTIVATION_SOFTPLUS].value($0, &y, 1, 0, 0)
      }
      let slope = results(set, CK_OP_D_SOFTPLUS, [1], [y], alpha: 0, beta: 0)[0]
      let exact = 1 / (1 + exp(-Double(x)))
      #expect(abs(Double(slope) - exact) <= 1e-6 * exact, "at \(x): \(slope)")
    }
  }

  @Test(arguments: TestedSet.all)
  func `NaN has a NaN gradient where a function is flat`(set: TestedSet) {
    let d: [Float] = [1, 1, 1]
    for opcode in [
      CK_OP_D_RELU, CK_OP_D_LEAKY_RELU, CK_OP_D_ELU, CK_OP_D_HARD_SIGMOID, CK_OP_D_THRESHOLD,
      CK_OP_D_CLIP,
    ] {
      let gradient = results(set, opcode, d, [.nan, -8, .nan], alpha: 0.5, beta: 0)
      #expect(gradient[0].isNaN && gradient[2].isNaN, "instruction \(opcode.rawValue)")
      #expect(gradient[1].isFinite, "instruction \(opcode.rawValue)")
    }
  }
}
