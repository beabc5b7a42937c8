import Foundation
import LinAlg
import Recurrent
import Testing

/// Definitions deeper or larger than any cell: refused with the limit, or planned in time, never with a
/// full stack.
@Suite struct DeepDefinitionTests {
  static let x = CellExpression.x
  static let h = CellExpression.state("h")

  /// `W·x` multiplied with `h` so many times.
  static func product(_ count: Int) -> CellExpression {
    (0..<count).reduce(Projection("W")(x)) { product, _ in product * h }
  }

  func error(_ make: () throws -> CellDefinition) -> CellDefinitionError? {
    do {
      _ = try make()
      return nil
    } catch { return error as? CellDefinitionError }
  }

  @Test func `a chain of 300 000 multiplications is refused`() {
    let chain = Self.product(300_000)
    #expect(
      error { try CellDefinition("deep", states: ["h": chain]) }
        == .tooMany("nodes", count: 300_001, limit: 2048))
  }

  @Test func `a deep expression is let go of, whatever shares its parts`() {
    var chain = Self.h
    for _ in 0..<300_000 { chain = chain * chain }
    var names = Self.h
    for i in 0..<100_000 {
      // Both share their operands, as values and as an array.
      let sum = names + chain
      names = sum * sum.named("s\(i)")
      if i % 1000 == 0 { chain = tanh(names) }
    }
    // On a thread with a small stack.
    let thread = Thread { [names] in _ = names + 1 }
    thread.stackSize = 128 * 1024
    thread.start()
    while !thread.isFinished { Thread.sleep(forTimeInterval: 0.001) }
  }

  @Test func `so is one from a file`() throws {
    var nodes = ["{ \"name\": \"W\", \"op\": \"project\", \"of\": [\"x\"] }"]
    for i in 1...300_000 {
      let operand = i == 1 ? "W" : "m\(i - 1)"
      nodes.append("{\"name\":\"m\(i)\",\"op\":\"multiply\",\"of\":[\"\(operand)\",\"h[t-1]\"]}")
    }
    let file = """
      { "format": "recurrent-cell", "version": 1, "name": "deep",
        "states": [{ "name": "h", "next": "m300000" }], "nodes": [\(nodes.joined(separator: ","))] }
      """
    #expect(
      error { try JSONDecoder().decode(CellDefinition.self, from: Data(file.utf8)) }
        == .tooMany("nodes", count: 300_001, limit: 2048))
  }

  @Test func `too many states and products`() {
    let states = (0..<65).map { CellState("h\($0)", next: .node("W")) }
    #expect(
      error {
        try CellDefinition(
          name: "wide", states: states,
          nodes: [CellNode("W", .projection(bias: false), of: [.input])])
      } == .tooMany("states", count: 65, limit: 64))
    #expect(
      error {
        let products = (0..<1000).map { Projection("U\($0)")(Self.h) }
        return try CellDefinition(
          "wide", states: ["h": products.reduce(Projection("W")(Self.x), +)])
      }
        == .tooMany("projections and standardizations", count: 1001, limit: 256))
    #expect(
      error {
        try CellDefinition(
          "long",
          states: [
            "h": (0..<40).reduce(Projection("W")(Self.x)) { Projection("U\($1)")($0 * Self.h) }
          ])
      }
        == .tooMany(
          "projections and standardizations that wait for each other", count: 40, limit: 32))
  }

  /// About as much as the engine takes: deep, many products side by side, one behind the other, both.
  @Test(arguments: ["deep", "wide", "long", "broad", "nested"])
  func `what is allowed is planned`(shape: String) throws {
    let definition = try Self.large(shape)
    var rng = SeededGenerator(seed: 5)
    let layer = try DefinedLayer<Double>(definition, inputSize: 2, hiddenSize: 2, using: &rng)
    let x = SequenceBatch<Double>.uniform(steps: 2, batch: 2, features: 2, using: &rng)
    let tape = layer.makeTape(steps: 2, batch: 2)
    var gradients = layer.parameters.zeros()
    let outputs = layer.forward(x, recording: tape).outputs
    layer.backward(outputs, through: tape, accumulatingInto: &gradients)
    #expect(outputs.elements.allSatisfy { $0.isFinite })
  }

  @Test func `more values than the engine keeps`() throws {
    let definition = try CellDefinition("deep", states: ["h": Self.product(2047)])
    var rng = SeededGenerator(seed: 5)
    #expect(throws: CellDefinitionError.tooLarge(values: 4097, limit: 1024)) {
      try DefinedLayer<Double>(definition, inputSize: 2, hiddenSize: 2, using: &rng)
    }
  }

  static func large(_ shape: String) throws -> CellDefinition {
    let input = tanh(Projection("W")(x))
    let result: CellExpression
    switch shape {
    case "deep": result = product(125)
    case "wide": result = (0..<255).reduce(input) { $0 * tanh(Projection("U\($1)")(h)) }
    case "long": result = (0..<32).reduce(input) { tanh(Projection("U\($1)")($0 * h)) }
    case "broad":
      result = (0..<16).reduce(input) { value, i in
        (0..<8).reduce(value) { $0 * tanh(Projection("U\(i)_\($1)")(value)) }
      }
    default:
      // `(1 − z) ⊙ ((1 − z) ⊙ …) + z ⊙ h`: each complement is turned inside out.
      let z = sigmoid(Projection("U")(h))
      let complement = 1 - z
      result = (0..<125).reduce(input) { n, _ in complement * n } + z * h
    }
    return try CellDefinition(shape, states: ["h": result])
  }
}
