import Foundation
import LinAlg
import Recurrent
import Testing

/// What a definition may not be, and how it is written and read.
@Suite struct DefinitionValidationTests {
  static let x = CellExpression.x
  static let h = CellExpression.state("h")

  func expect(
    _ error: CellDefinitionError, _ make: () throws(CellDefinitionError) -> CellDefinition
  ) {
    do {
      let definition = try make()
      Issue.record("expected \(error), got a valid definition \(definition.nodes)")
    } catch let thrown {
      #expect(thrown == error, "expected \(error): \(thrown)")
    }
  }

  /// `h ← tanh(W·x)` and the given nodes beside it.
  func with(
    _ nodes: [CellNode], states: [CellState] = [CellState("h", next: .node("y"))]
  ) throws(CellDefinitionError) -> CellDefinition {
    try CellDefinition(
      name: "test", states: states,
      nodes: [
        CellNode("W", .projection(bias: false), of: [.input]),
        CellNode("y", .activation(.tanh), of: [.node("W")]),
      ] + nodes)
  }

  @Test func `names`() {
    expect(.noStates) { () throws(CellDefinitionError) in try with([], states: []) }
    expect(.duplicateName("W")) { () throws(CellDefinitionError) in
      try with([CellNode("W", .constant(1))])
    }
    expect(.duplicateName("h")) { () throws(CellDefinitionError) in
      try with([], states: [CellState("h", next: .node("y")), CellState("h", next: .node("y"))])
    }
    expect(.projectionUsedTwice("W", of: ["x", "h[t-1]"])) { () throws(CellDefinitionError) in
      try CellDefinition(
        "test", states: ["h": tanh(Projection("W")(Self.x) + Projection("W")(Self.h))])
    }
    // Of the same operand it is the same value, unless it is another projection.
    let once = Projection("W")(Self.x)
    #expect(throws: Never.self) {
      try CellDefinition("test", states: ["h": tanh(once * Projection("W")(Self.x))])
    }
    expect(.duplicateName("W")) { () throws(CellDefinitionError) in
      try CellDefinition("test", states: ["h": once * Projection("W", bias: true)(Self.x)])
    }
    for name in ["", "x", "a b", "h[t-1]", "W.bias"] {
      expect(.invalidName(name)) { () throws(CellDefinitionError) in
        try with([CellNode(name, .constant(1))])
      }
    }
  }

  @Test func `operands`() {
    expect(.unknownState("c", reader: "add1")) { () throws(CellDefinitionError) in
      try CellDefinition("test", states: ["h": Projection("W")(Self.x) + .state("c")])
    }
    expect(.unknownNode("z", reader: "v")) { () throws(CellDefinitionError) in
      try with([CellNode("v", .oneMinus, of: [.node("z")])])
    }
    expect(.unknownNode("z", reader: "h")) { () throws(CellDefinitionError) in
      try with([], states: [CellState("h", next: .node("z"))])
    }
    expect(.operandCount(node: "v", expected: 2, given: 1)) { () throws(CellDefinitionError) in
      try with([CellNode("v", .add, of: [.input])])
    }
    expect(.cycle(["a", "b"])) { () throws(CellDefinitionError) in
      try with(
        [
          CellNode("a", .add, of: [.node("b"), .node("W")]),
          CellNode("b", .activation(.tanh), of: [.node("a")]),
        ], states: [CellState("h", next: .node("b"))])
    }
    expect(.cycle(["a"])) { () throws(CellDefinitionError) in
      try with([CellNode("a", .oneMinus, of: [.node("a")])])
    }
  }

  @Test func `numbers`() {
    for value in [Double.nan, .infinity] {
      expect(.notFinite(node: "constant1")) { () throws(CellDefinitionError) in
        try CellDefinition("test", states: ["h": Projection("W")(Self.x) * .constant(value)])
      }
      expect(.notFinite(node: "p")) { () throws(CellDefinitionError) in
        try CellDefinition(
          "test", states: ["h": Projection("W")(Self.x) + .perUnit("p", initial: value)])
      }
    }
    expect(.notPositive(node: "clip1")) { () throws(CellDefinitionError) in
      try CellDefinition("test", states: ["h": Projection("W")(Self.x).clipped(to: 0)])
    }
    expect(.rate(node: "m")) { () throws(CellDefinitionError) in
      try CellDefinition(
        "test", states: ["h": Projection("W")(Self.x) * .dropoutMask("m", rate: 1)])
    }
    expect(.noDerivative(node: "elu1")) { () throws(CellDefinitionError) in
      try CellDefinition(
        "test", states: ["h": Projection("W")(Self.x).activated(by: .elu(alpha: -1))])
    }
  }

  @Test func `what nobody reads`() {
    expect(.unused("v")) { () throws(CellDefinitionError) in
      try with([CellNode("v", .projection(bias: true), of: [.state("h")])])
    }
    expect(.unused("c")) { () throws(CellDefinitionError) in
      try with([], states: [CellState("h", next: .node("y")), CellState("c", next: .node("y"))])
    }
    expect(.unused("x")) { () throws(CellDefinitionError) in
      try CellDefinition("test", states: ["h": tanh(Projection("U")(Self.h))])
    }
  }

  @Test func `sizes`() throws {
    var rng = SeededGenerator(seed: 1)
    #expect(throws: CellDefinitionError.inputSize(node: "tanh1", inputSize: 3, hiddenSize: 4)) {
      try DefinedLayer<Float>(.mut1(), inputSize: 3, hiddenSize: 4, using: &rng)
    }
    _ = try DefinedLayer<Float>(.mut1(), inputSize: 4, hiddenSize: 4, using: &rng)
    // Each of these has to be known before the last one is.
    let products = (0..<255).map { tanh(Projection("U\($0)")(Self.h)) }
    let together = products.reduce(tanh(Projection("W")(Self.x))) { tanh($0 * $1) }
    let definition = try CellDefinition(
      "large", states: ["h": products.reduce(together) { $0 * $1 }])
    #expect(throws: CellDefinitionError.self) {
      try DefinedLayer<Float>(definition, inputSize: 2, hiddenSize: 2, using: &rng)
    }
  }

  @Test func `every error describes itself`() {
    let errors: [CellDefinitionError] = [
      .noStates, .invalidName("n"), .duplicateName("n"),
      .projectionUsedTwice("n", of: ["x", "h[t-1]"]), .unknownState("n", reader: "r"),
      .unknownNode("n", reader: "r"), .missingNext(state: "n"),
      .operandCount(node: "n", expected: 1, given: 2), .cycle(["n"]), .unused("n"),
      .notFinite(node: "n"), .noDerivative(node: "n"), .notPositive(node: "n"),
      .rate(node: "n"),
      .inputSize(node: "n", inputSize: 1, hiddenSize: 2), .tooLarge(values: 2, limit: 1),
      .unknownOperation("o", node: "n"), .unknownFormat("n"),
    ]
    for error in errors {
      let text = "\(error)"
      let names = ["'n'", "'n[t-1]'", ": n", "no state", "2 nodes", "2 values"]
      #expect(names.contains { text.contains($0) }, "\(text)")
    }
  }

  // MARK: Files

  @Test(arguments: DefinitionGradientTests.shipped)
  func `a definition survives its file`(shipped: DefinitionGradientTests.Shipped) throws {
    let data = try JSONEncoder().encode(shipped.definition)
    let read = try JSONDecoder().decode(CellDefinition.self, from: data)
    #expect(read == shipped.definition)
    #expect(read.hashValue == shipped.definition.hashValue)
  }

  @Test func `random definitions survive their files`() throws {
    var draw = RandomDefinitions(seed: 3000)
    for _ in 0..<100 {
      let definition = try draw.next(square: true)
      let data = try JSONEncoder().encode(definition)
      #expect(try JSONDecoder().decode(CellDefinition.self, from: data) == definition)
    }
  }

  func read(_ text: String) throws -> CellDefinition {
    try JSONDecoder().decode(CellDefinition.self, from: Data(text.utf8))
  }

  static let file = """
    { "format": "recurrent-cell", "version": 1, "name": "elman",
      "states": [{ "name": "h", "next": "y" }],
      "nodes": [{ "name": "W", "op": "project", "of": ["x"], "bias": true },
                { "name": "U", "op": "project", "of": ["h[t-1]"] },
                { "name": "s", "op": "add", "of": ["W", "U"] },
                { "name": "y", "op": "tanh", "of": ["s"] }] }
    """

  @Test func `a file written by hand`() throws {
    let sum = Projection("W", bias: true)(Self.x) + Projection("U")(Self.h)
    let expected = try CellDefinition(
      "elman", states: ["h": tanh(sum.named("s")).named("y")])
    #expect(try read(Self.file) == expected)
  }

  @Test func `files that are wrong`() {
    let changes: [(String, String, CellDefinitionError)] = [
      (", \"next\": \"y\"", "", .missingNext(state: "h")),
      ("\"tanh\"", "\"sine\"", .unknownOperation("sine", node: "y")),
      ("\"version\": 1", "\"version\": 2", .unknownFormat("recurrent-cell 2")),
      ("recurrent-cell", "something", .unknownFormat("something 1")),
      ("h[t-1]", "c[t-1]", .unknownState("c", reader: "U")),
    ]
    for (old, new, error) in changes {
      #expect(throws: error) { try read(Self.file.replacingOccurrences(of: old, with: new)) }
    }
  }

  /// A key that the object does not know is named, and so is what it knows.
  @Test(arguments: [
    ("\"version\": 1", "\"comment\": \"mine\""), ("\"next\": \"y\"", "\"initial\": 1"),
    ("\"of\": [\"s\"]", "\"alpha\": 1"), ("\"bias\": true", "\"limit\": 2"),
  ])
  func `unknown keys are refused by name`(place: String, added: String) throws {
    let file = Self.file.replacingOccurrences(of: place, with: "\(place), \(added)")
    let error = #expect(throws: DecodingError.self) { try read(file) }
    let name = added.prefix { $0 != ":" }.filter { $0 != "\"" }
    #expect("\(try #require(error))".contains("'\(name)' is unknown"))
  }

  @Test func `weights are symmetric or dropped, not both`() {
    let file = Self.file.replacingOccurrences(
      of: "\"name\": \"U\",", with: "\"name\": \"U\", \"symmetric\": true, \"rate\": 0.5,")
    #expect(file != Self.file)
    #expect(throws: DecodingError.self) { try read(file) }
  }

  @Test func `names are stable`() throws {
    let definition = CellDefinition.gruResetBefore
    #expect(definition == .gruResetBefore)
    let names = definition.nodes.map(\.name)
    for name in ["W_r", "U_r", "b_r", "r", "z", "n", "add1", "multiply1", "oneMinus1"] {
      #expect(names.contains(name), "\(name) in \(names)")
    }
  }

  // MARK: Plans

  /// A step keeps no more than the built-in layers do: a block for each sum of products, one for each
  /// expression that products multiply.
  @Test func `what a step keeps`() throws {
    var rng = SeededGenerator(seed: 1)
    let expected: [(CellDefinition, Int)] = [
      (.elman(), 1), (.lstm(), 4), (.gruResetAfter, 4), (.gruResetBefore, 4), (.mut3, 5),
      (.peepholeLSTM(), 7), (.gruLectureNotes, 2),
    ]
    for (definition, blocks) in expected {
      let layer = try DefinedLayer<Float>(definition, inputSize: 3, hiddenSize: 4, using: &rng)
      #expect(layer.parameters.plan.blocks == blocks, "\(definition.name)")
    }
  }

  @Test func `fresh layers start as the definition says`() throws {
    var rng = SeededGenerator(seed: 1)
    let layer = try DefinedLayer<Float>(.lstm(), inputSize: 3, hiddenSize: 4, using: &rng)
    #expect(layer.parameters["b_f"].elements == [1, 1, 1, 1])
    #expect(layer.parameters["b_i"].elements == [0, 0, 0, 0])
    #expect(layer.parameters["W_i"].elements.allSatisfy { $0 != 0 })
    #expect(layer.parameters["U_o"].rows == 4 && layer.parameters["W_o"].columns == 3)
  }

  @Test func `steps allocate nothing`() throws {
    var rng = SeededGenerator(seed: 1)
    for definition in [CellDefinition.lstm(), .gruResetBefore, .peepholeLSTM(), .mut3] {
      for H in [7, 128] {
        TapeTests().steadyState(
          try DefinedLayer<Float>(definition, inputSize: 5, hiddenSize: H, using: &rng))
      }
    }
  }
}
