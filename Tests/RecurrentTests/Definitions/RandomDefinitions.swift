import LinAlg
import Recurrent

/// Draws definitions: up to three states, up to a dozen operations on anything drawn before.
struct RandomDefinitions {
  var rng: SeededGenerator
  private var names = 0

  init(seed: UInt64) { rng = SeededGenerator(seed: seed) }

  /// The next definition that is valid; what is drawn and not used by any state is left out.
  mutating func next(square: Bool) throws(CellDefinitionError) -> CellDefinition {
    while true {
      do {
        return try draw(square: square)
      } catch {
        // A draw may leave the input or a state without a reader, and nothing else.
        guard case .unused(let name) = error, ["x", "c", "m"].contains(name) else { throw error }
      }
    }
  }

  private mutating func draw(square: Bool) throws(CellDefinitionError) -> CellDefinition {
    names = 0
    let stateNames = Array(["h", "c", "m"].prefix(Int.random(in: 1...3, using: &rng)))
    var pool = stateNames.map { CellExpression.state($0) }
    pool.append(project(.x))
    if square { pool.append(.x) }
    for _ in 0..<Int.random(in: 1...12, using: &rng) { pool.append(operation(on: pool)) }
    var states: [(String, CellExpression)] = []
    for name in stateNames {
      let (a, b) = (pick(pool), pick(pool))
      states.append(
        (
          name,
          Int.random(in: 0..<4, using: &rng) == 0
            ? tanh(a) : Int.random(in: 0..<2, using: &rng) == 0 ? tanh(a) * sigmoid(b) : tanh(a + b)
        ))
    }
    switch states.count {
    case 1: return try CellDefinition("random", states: [states[0].0: states[0].1])
    case 2:
      return try CellDefinition(
        "random", states: [states[0].0: states[0].1, states[1].0: states[1].1])
    default:
      return try CellDefinition(
        "random",
        states: [
          states[0].0: states[0].1, states[1].0: states[1].1, states[2].0: states[2].1,
        ])
    }
  }

  /// Later values are more likely, so that programs become deep.
  private mutating func pick(_ pool: [CellExpression]) -> CellExpression {
    let (i, j) = (
      Int.random(in: 0..<pool.count, using: &rng), Int.random(in: 0..<pool.count, using: &rng)
    )
    return pool[max(i, j)]
  }

  private mutating func name() -> String {
    names += 1
    return "P\(names)"
  }

  private mutating func project(_ operand: CellExpression) -> CellExpression {
    Projection(name(), bias: Bool.random(using: &rng))(operand)
  }

  private mutating func operation(on pool: [CellExpression]) -> CellExpression {
    let a = pick(pool)
    switch Int.random(in: 0..<12, using: &rng) {
    case 0, 1: return project(a)
    case 2: return project(.x)
    case 3, 4: return a + pick(pool)
    case 5: return a - pick(pool)
    case 6, 7: return a * pick(pool)
    case 8: return (1 - a) * pick(pool) + a * pick(pool)
    case 9: return a * .perUnit(name(), initial: 0.5)
    case 10: return .constant(Double.random(in: -1...1, using: &rng)) * a + 0.5
    default: return activation(a)
    }
  }

  private mutating func activation(_ a: CellExpression) -> CellExpression {
    switch Int.random(in: 0..<12, using: &rng) {
    case 0, 1, 2: return tanh(a)
    case 3, 4, 5: return sigmoid(a)
    case 6: return relu(a)
    case 7: return a.activated(by: .leakyRelu(alpha: 0.2))
    case 8: return a.activated(by: .elu(alpha: 1.3))
    case 9: return a.activated(by: .softplus)
    case 10: return a.activated(by: .softsign)
    // Bounded before, because an exponential of an exponential overflows.
    default: return tanh(a).activated(by: .exp)
    }
  }
}
