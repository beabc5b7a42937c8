import CKernels
import LinAlg

/// The programs of a step as the kernels take them.
final class ElementwisePrograms: @unchecked Sendable {
  // @unchecked Sendable: nothing changes after the initialiser.

  let count: Int
  private let programs: AlignedStorage<ck_program>
  private let code: AlignedStorage<ck_instruction>
  private let operands: AlignedStorage<ck_operand>

  /// Runs the programs of a phase for `units`, or for the features of the output among them.
  @inline(__always)
  func run<Scalar: LinAlgScalar>(
    _ phase: Int, _ bases: UnsafePointer<ck_bases>, as: Scalar.Type, batch: Int,
    units: Range<Int>, outputs: Range<Int>, _ lengths: UnsafePointer<Int64>?, time: Int
  ) {
    let program = UnsafePointer(programs.pointer + 2 * phase)
    Scalar.runProgram(
      program, bases, batch, units.lowerBound, units.upperBound, lengths, Int64(time))
    if program[1].count + program[1].padding_count > 0 {
      Scalar.runProgram(
        program + 1, bases, batch, outputs.lowerBound, outputs.upperBound, lengths, Int64(time))
    }
  }

  init(
    _ phases: [PhasePrograms], _ hiddenSize: Int, _ parameterOffsets: [Int]
  ) throws(CellDefinitionError) {
    let programs = phases.flatMap { [$0.units, $0.output] }
    var (allCode, allOperands) = ([ck_instruction](), [ck_operand]())
    var starts: [(code: Int, operands: Int)] = []
    var counts: [Int] = []
    for program in programs {
      let codeStart = allCode.count
      var numbers: [StepProgram.Place: Int] = [:]
      starts.append((allCode.count, allOperands.count))
      func number(_ place: StepProgram.Place) -> UInt16 {
        if let known = numbers[place] { return UInt16(truncatingIfNeeded: known) }
        allOperands.append(Self.operand(place, hiddenSize, parameterOffsets))
        let number = numbers.count
        numbers[place] = number
        return UInt16(truncatingIfNeeded: number)
      }
      for step in program.instructions + program.padding {
        var instruction = ck_instruction()
        instruction.opcode = UInt16(truncatingIfNeeded: step.opcode.rawValue)
        instruction.dst = number(step.destination)
        // Every operand is some place, so that the kernel need not know how many an instruction has.
        let places = step.operands.map { number($0) }
        instruction.a = places.first ?? instruction.dst
        instruction.b = places.count > 1 ? places[1] : instruction.a
        instruction.c = places.count > 2 ? places[2] : instruction.a
        (instruction.alpha, instruction.beta) = (step.alpha, step.beta)
        instruction.stream = UInt16(truncatingIfNeeded: step.draw.stream)
        instruction.per_step = step.draw.perStep ? 1 : 0
        allCode.append(instruction)
      }
      counts.append(allOperands.count - (starts.last?.operands ?? 0))
      let limits = [
        (numbers.count, Int(CK_PROGRAM_MAX_OPERANDS)),
        (program.registerCount, Int(CK_PROGRAM_MAX_REGISTERS)),
      ]
      for (size, limit) in limits where size > limit {
        throw .tooLarge(values: size, limit: limit)
      }
      require(allCode.count >= codeStart, "a program has lost instructions")
    }
    count = phases.count
    code = AlignedStorage(copying: allCode)
    operands = AlignedStorage(copying: allOperands)
    self.programs = AlignedStorage(uninitializedCount: programs.count)
    for (i, program) in programs.enumerated() {
      (self.programs.pointer + i).initialize(
        to: ck_program(
          code: code.pointer + starts[i].code, operands: operands.pointer + starts[i].operands,
          count: Int32(program.instructions.count), padding_count: Int32(program.padding.count),
          operand_count: Int32(counts[i]), register_count: Int32(program.registerCount)))
    }
  }

  private static func operand(
    _ place: StepProgram.Place, _ H: Int, _ parameterOffsets: [Int]
  ) -> ck_operand {
    func at(_ space: ck_space, _ offset: Int) -> ck_operand {
      ck_operand(offset: offset, space: Int32(space.rawValue))
    }
    switch place {
    case .register(let number): return at(CK_SPACE_REGISTERS, number)
    case .memory(let location):
      switch location {
      case .block(let block): return at(CK_SPACE_GATES, block * H)
      case .previous(0): return at(CK_SPACE_PREVIOUS_HIDDEN, 0)
      case .previous(let state): return at(CK_SPACE_PREVIOUS_CELL, (state - 1) * H)
      case .next(0): return at(CK_SPACE_HIDDEN, 0)
      case .next(let state): return at(CK_SPACE_CELL, (state - 1) * H)
      case .parameter(let parameter): return at(CK_SPACE_PARAMETERS, parameterOffsets[parameter])
      case .dState(0): return at(CK_SPACE_D_HIDDEN, 0)
      case .dState(let state): return at(CK_SPACE_D_CELL, (state - 1) * H)
      case .dOutput: return at(CK_SPACE_D_OUTPUT, 0)
      case .scratch(let block): return at(CK_SPACE_SCRATCH, block * H)
      }
    }
  }
}
