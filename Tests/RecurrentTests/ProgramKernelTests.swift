import CKernels
import LinAlg
import Testing

/// The interpreter of elementwise programs, for every instruction and every instruction set that this
/// machine has, against the same source in double precision, on every remainder of the vector width.
/// All operands end at a guard page, and have guard elements before them.
@Suite struct ProgramKernelTests {
  typealias Operand = CellKernelTests.Operand

  /// Operands a, b and c of each instruction lie here; its result goes to scratch memory.
  static let sources = [CK_SPACE_GATES, CK_SPACE_HIDDEN, CK_SPACE_CELL]

  @Test(arguments: CellKernelTests.instructionSets.map(\.rawValue))
  func `every instruction on every remainder`(isa: UInt32) throws {
    let k = try #require(ck_kernels_for(ck_isa(isa))).pointee
    var rng = SeededGenerator(seed: 6)
    for code in 0..<CK_OP_COUNT.rawValue {
      for H in [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 100, 256, 257, 600] {
        for (N, lengths) in [(1, nil), (5, nil), (5, [9, 1, 9, 9, 0])] as [(Int, [Int64]?)] {
          let error = largestError(k, opcode: code, N, H, lengths, using: &rng)
          #expect(error < 3e-6, "instruction \(code) N \(N) H \(H): \(error)")
        }
      }
    }
  }

  /// Runs one instruction twice, first into a register and from there into memory, so that registers
  /// take part; padded rows are filled.
  func largestError(
    _ k: ck_kernels, opcode: UInt32, _ N: Int, _ H: Int, _ lengths: [Int64]?,
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
          k.program_f32(&program, &single, N, first, last, lengths, 3)
          k.program_f64(&program, &double, N, first, last, lengths, 3)
        } else {
          k.program_f32(&program, &single, N, first, last, nil, 3)
          k.program_f64(&program, &double, N, first, last, nil, 3)
        }
      }
    }
    for (n, length) in (lengths ?? []).enumerated() where length <= 3 {
      for j in 0..<H where result.f[n * H + j] != 7 { return .infinity }
    }
    return (inputs + [result]).map(\.error).max() ?? .infinity
  }

  @Test(arguments: CellKernelTests.instructionSets.map(\.rawValue))
  func `a space that is missing reads as zeros`(isa: UInt32) throws {
    let k = try #require(ck_kernels_for(ck_isa(isa))).pointee
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
          k.program_f32(&program, &bases, 3, 0, 400, nil, 0)
        }
      }
    }
    #expect(values == expected)
  }
}
