import CKernels
import LinAlg

/// Writes the program that computes some values from what is in memory.
///
/// Values that only one other reads are folded into its instruction where there is one for both. Values
/// go to their place in memory at once where nothing needs any more what was there, else through a register.
struct ProgramEmitter {
  typealias ID = ValueGraph.ID

  /// An instruction before its values have a place.
  private struct Step {
    var opcode: ck_opcode
    var result: ID
    var operands: [ID] = []
    var alpha = 0.0
    var beta = 0.0
    var draw = StepProgram.Draw()
  }

  let graph: ValueGraph
  /// Where values lie when the program starts.
  let memory: [ID: StepLocation]
  /// What it writes.
  let results: [(id: ID, location: StepLocation)]

  private var steps: [Step] = []
  /// The instruction that is the last to read a place in memory as it was at the start.
  private var lastRead: [StepLocation: Int] = [:]

  init(
    _ graph: ValueGraph, from memory: [ID: StepLocation],
    writing results: [(id: ID, location: StepLocation)]
  ) {
    self.graph = graph
    self.memory = memory
    self.results = results
  }

  /// The program.
  mutating func emit() -> StepProgram {
    select()
    return assign()
  }

  // MARK: Selecting instructions

  private mutating func select() {
    // A result that is in memory already is copied from there before anything overwrites it.
    var needed = [Bool](repeating: false, count: graph.values.count)
    var uses = [Int](repeating: 0, count: graph.values.count)
    var rest = results.map(\.id)
    for id in rest { uses[id] += 2 }  // Never folded into another.
    while let id = rest.popLast() {
      if needed[id] { continue }
      needed[id] = true
      if memory[id] != nil { continue }
      for input in graph.inputs(of: id) {
        uses[input] += 1
        rest.append(input)
      }
    }
    func isFoldable(_ id: ID) -> Bool { uses[id] == 1 && memory[id] == nil }
    func isFoldable(_ id: ID, _ operation: ValueGraph.Operation) -> Bool {
      isFoldable(id) && graph.values[id].operation == operation
    }
    var folded = [Bool](repeating: false, count: graph.values.count)
    var selected: [Step] = []
    for id in needed.indices.reversed() where needed[id] && memory[id] == nil && !folded[id] {
      let value = graph.values[id]
      let (a, b) = (value.a, value.b)
      var step = Step(opcode: CK_OP_COPY, result: id)
      switch value.operation {
      case .constant(let number): (step.opcode, step.alpha) = (CK_OP_FILL, number)
      case .affine(let scale, let offset):
        (step.opcode, step.operands, step.alpha, step.beta) = (CK_OP_AFFINE, [a], scale, offset)
      case .add:
        let (product, other) = a != b && isFoldable(b, .multiply) ? (b, a) : (a, b)
        if a != b && isFoldable(product, .multiply) {
          let (p, q) = (graph.values[product].a, graph.values[product].b)
          folded[product] = true
          step.opcode = CK_OP_FMA
          step.operands = [p, q, other]
          for (gate, difference) in [(p, q), (q, p)]
          where isFoldable(difference, .subtract) && graph.values[difference].b == other {
            folded[difference] = true
            step.opcode = CK_OP_MIX
            step.operands = [gate, graph.values[difference].a, other]
            break
          }
        } else {
          (step.opcode, step.operands) = (CK_OP_ADD, [a, b])
        }
      case .subtract:
        if isFoldable(b, .multiply) {
          folded[b] = true
          (step.opcode, step.operands) = (CK_OP_FNMA, [graph.values[b].a, graph.values[b].b, a])
        } else {
          (step.opcode, step.operands) = (CK_OP_SUB, [a, b])
        }
      case .multiply: (step.opcode, step.operands) = (CK_OP_MUL, [a, b])
      case .activation(let function):
        let sum = Self.opcodeOfSum(function)
        if let sum, isFoldable(a, .add) {
          folded[a] = true
          (step.opcode, step.operands) = (sum, [graph.values[a].a, graph.values[a].b])
        } else {
          (step.opcode, step.operands) = (ck_opcode_of_value(function.form.function), [a])
        }
        (step.alpha, step.beta) = (function.form.alpha ?? 0, function.form.beta ?? 0)
      case .derivative(let function):
        let product = Self.opcodeOfProduct(function)
        if let product, isFoldable(a, .multiply) {
          folded[a] = true
          (step.opcode, step.operands) = (product, [graph.values[a].a, b, graph.values[a].b])
        } else {
          (step.opcode, step.operands) = (ck_opcode_of_gradient(function.form.function), [a, b])
        }
        (step.alpha, step.beta) = (function.form.alpha ?? 0, function.form.beta ?? 0)
      case .dropoutMask(let stream, let rate, let perStep):
        (step.opcode, step.alpha, step.beta) = (CK_OP_DROPOUT, rate, 1 / (1 - rate))
        step.draw = StepProgram.Draw(stream: stream, perStep: perStep)
      case .zoneoutMask(let stream, let rate):
        (step.opcode, step.alpha) = (CK_OP_ZONEOUT, rate)
        step.draw = StepProgram.Draw(stream: stream, perStep: true)
      case .threshold(let alpha):
        (step.opcode, step.operands, step.alpha) = (CK_OP_THRESHOLD, [a], alpha)
      case .thresholdDerivative(let alpha):
        (step.opcode, step.operands, step.alpha) = (CK_OP_D_THRESHOLD, [a, b], alpha)
      case .clip(let limit):
        (step.opcode, step.operands, step.alpha) = (CK_OP_CLIP, [a], limit)
      case .clipDerivative(let limit):
        (step.opcode, step.operands, step.alpha) = (CK_OP_D_CLIP, [a, b], limit)
      case .clipGradient: (step.opcode, step.operands) = (CK_OP_COPY, [a])
      case .slot, .previous, .parameter, .dNext, .dOutput, .dOperand:
        failRequirement("a cell's program needs \(value.operation), which is not in memory")
      }
      selected.append(step)
    }
    steps = selected.reversed()
    for (index, step) in steps.enumerated() {
      for id in step.operands {
        if let location = memory[id] { lastRead[location.memory] = index }
      }
    }
  }

  private static func opcodeOfSum(_ function: Activation) -> ck_opcode? {
    switch function {
    case .tanh: CK_OP_TANH_SUM
    case .sigmoid: CK_OP_SIGMOID_SUM
    default: nil
    }
  }

  private static func opcodeOfProduct(_ function: Activation) -> ck_opcode? {
    switch function {
    case .tanh: CK_OP_D_TANH_PRODUCT
    case .sigmoid: CK_OP_D_SIGMOID_PRODUCT
    default: nil
    }
  }

  // MARK: Assigning places

  private func assign() -> StepProgram {
    var program = StepProgram()
    // The last instruction that reads each value.
    var end = [ID: Int]()
    for (index, step) in steps.enumerated() {
      for id in step.operands { end[id] = index }
    }
    var copies: [(id: ID, location: StepLocation)] = []
    var direct: [ID: StepLocation] = [:]
    var place: [ID: StepProgram.Place] = [:]
    var registers = Registers()
    for result in results {
      if memory[result.id] != nil || direct[result.id] != nil {
        copies.append(result)
        end[result.id] = steps.count
      } else if let index = steps.firstIndex(where: { $0.result == result.id }),
        lastRead[result.location.memory] ?? -1 <= index
      {
        direct[result.id] = result.location
      } else {
        copies.append(result)
        end[result.id] = steps.count
      }
    }
    for copy in copies where place[copy.id] == nil {
      if let location = memory[copy.id] {
        let register = registers.take()
        place[copy.id] = .register(register)
        program.append(CK_OP_COPY, to: .register(register), [.memory(location)])
      }
    }
    for (index, step) in steps.enumerated() {
      let operands = step.operands.map { id in
        place[id] ?? memory[id].map { .memory($0) } ?? .register(0)
      }
      for id in Set(step.operands) where end[id] == index {
        if case .register(let register)? = place[id] { registers.free(register) }
      }
      let destination: StepProgram.Place =
        direct[step.result].map { .memory($0) } ?? .register(registers.take())
      place[step.result] = destination
      program.append(
        step.opcode, to: destination, operands, step.alpha, step.beta, step.draw)
    }
    for copy in copies {
      if let from = place[copy.id] {
        program.append(CK_OP_COPY, to: .memory(copy.location), [from])
      }
    }
    program.registerCount = registers.count
    return program
  }

  private struct Registers {
    private(set) var count = 0
    private var unused: [Int] = []

    mutating func take() -> Int {
      if let register = unused.popLast() { return register }
      count += 1
      return count - 1
    }

    mutating func free(_ register: Int) { unused.append(register) }
  }
}

/// The programs of a phase: of values with as many features as units, and, where the output has a size of
/// its own, of those with as many as the output.
struct PhasePrograms {
  var units = StepProgram()
  var output = StepProgram()
}

/// A program in terms of the places of a step.
struct StepProgram {
  enum Place: Hashable {
    case register(Int)
    case memory(StepLocation)
  }

  /// Which random numbers an instruction draws.
  struct Draw {
    var stream = 0
    var perStep = false
  }

  struct Instruction {
    var opcode: ck_opcode
    var destination: Place
    var operands: [Place]
    var alpha: Double
    var beta: Double
    var draw: Draw
  }

  /// For rows that are no padding.
  var instructions: [Instruction] = []
  /// For rows that are.
  var padding: [Instruction] = []
  var registerCount = 0

  mutating func append(
    _ opcode: ck_opcode, to destination: Place, _ operands: [Place], _ alpha: Double = 0,
    _ beta: Double = 0, _ draw: Draw = Draw()
  ) {
    instructions.append(
      Instruction(
        opcode: opcode, destination: destination, operands: operands, alpha: alpha, beta: beta,
        draw: draw))
  }
}
