import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// Spaces that differ in everything that the grammar looks at.
let sampledSpaces: [CellSpace] = [
  CellSpace(),
  CellSpace(hasMemory: true),
  CellSpace(hasMemory: true, maximumSize: 16),
  CellSpace(maximumSize: 16),
  CellSpace(hasMemory: true, maximumSize: 3, operations: [.gate, .add, .memory]),
  CellSpace(maximumSize: 3, operations: [.gate, .multiply], functions: [.relu]),
  CellSpace(maximumSize: 9, operations: [.gate, .add, .hidden, .blend], functions: [.identity]),
]

@Suite struct CellSpaceTests {
  static let gru: CellCode = "blend gate:sigmoid hidden affine:tanh multiply gate:sigmoid hidden"
  static let lstm: CellCode = """
    add multiply gate:sigmoid memory multiply gate:sigmoid gate:tanh \
    multiply gate:sigmoid memory:tanh
    """

  @Test(arguments: sampledSpaces.indices)
  func `whatever is drawn is a cell of the space`(index: Int) throws {
    let space = sampledSpaces[index]
    var generator = SeededGenerator(seed: 41)
    var different: Set<CellCode> = []
    for n in 0..<300 {
      let code = space.draw(using: &generator)
      #expect(space.contains(code), "seed 41, \(n): \(code)")
      let definition = try space.definition(of: code)
      #expect(definition.states.map(\.name) == (space.hasMemory ? ["h", "c"] : ["h"]))
      #expect(CellCode(code.description) == code)
      let changed = space.mutate(code, using: &generator)
      #expect(space.contains(changed), "seed 41, \(n): \(changed) from \(code)")
      different.insert(code)
    }
    #expect(different.count >= 2)
  }

  /// All tokens in all places: what the writer refuses must be what cannot be a cell, and what it allows must lead to
  /// one.
  @Test func `every way of a small space ends in a cell`() throws {
    let space = CellSpace(
      hasMemory: true, maximumSize: 3, operations: [.gate, .memory, .add, .affine],
      functions: [.tanh])
    var (codes, paths) = ([CellCode](), [CellWriter(in: space)])
    while let writer = paths.popLast() {
      if writer.isComplete {
        codes.append(writer.code)
        continue
      }
      #expect(!writer.allowed.isEmpty, "\(writer.code)")
      for token in 0..<Token(CellWriter.vocabularySize) {
        var next = writer
        let isAllowed = next.write(token)
        #expect(isAllowed == writer.allowed.contains(token))
        if isAllowed { paths.append(next) } else { #expect(next == writer) }
      }
    }
    // Trees of up to three elements: of the memory those that read the input and the memory, of the output those
    // that read the memory.
    let memory = [
      "affine:tanh memory:tanh", "affine:tanh affine:tanh memory:tanh",
      "add:tanh gate:tanh memory:tanh", "add:tanh memory:tanh gate:tanh",
    ]
    let output =
      memory + ["memory:tanh", "add:tanh memory:tanh memory:tanh"]
    let expected = Set(memory.flatMap { m in output.map { "\(m) \($0)" } })
    #expect(Set(codes.map(\.description)) == expected)
    #expect(codes.count == expected.count)
  }

  @Test func `known cells are in the space`() throws {
    var generator = SeededGenerator(seed: 42)
    let (D, H) = (3, 5)
    let single = CellSpace()
    let gru = try DefinedLayer<Double>(
      single.definition(of: Self.gru), inputSize: D, hiddenSize: H, using: &generator)
    var options = GRUOptions()
    options.candidate = .resetBefore
    var reference = try DefinedLayer<Double>(
      options.definition(), inputSize: D, hiddenSize: H, using: &generator)
    for (mine, theirs) in [("1", "z"), ("2", "n"), ("3", "r")] {
      for kind in ["W", "U", "b"] {
        reference.parameters["\(kind)_\(theirs)"] = gru.parameters[kind + mine]
      }
    }
    let x = SequenceBatch<Double>.uniform(steps: 4, batch: 2, features: D, using: &generator)
    #expect(relativeError(gru(x).outputs.elements, reference(x).outputs.elements) < 1e-12)

    let double = CellSpace(hasMemory: true)
    let lstm = try DefinedLayer<Double>(
      double.definition(of: Self.lstm), inputSize: D, hiddenSize: H, using: &generator)
    var plain = LSTM<Double>(inputSize: D, hiddenSize: H, using: &generator)
    for (mine, theirs) in [("1", "f"), ("2", "i"), ("3", "g"), ("4", "o")] {
      for kind in ["W", "U", "b"] {
        plain.parameters["\(kind)_\(theirs)"] = lstm.parameters[kind + mine]
      }
    }
    #expect(relativeError(lstm(x).outputs.elements, plain(x).outputs.elements) < 1e-12)
  }

  @Test func `what is no cell is refused`() {
    let single = CellSpace(maximumSize: 8)
    let double = CellSpace(hasMemory: true, maximumSize: 8)
    let refused: [(CellSpace, CellCode)] = [
      // No input, no h, unfinished, more than a cell, too large, no sigmoid at a blend, a memory without one.
      (single, "hidden:tanh"), (single, "add hidden hidden"), (single, "add gate"),
      (single, "gate:tanh hidden"), (single, ""),
      (single, "add gate add gate add gate add gate gate"),
      (single, "blend gate:tanh hidden gate"), (single, "add gate memory"),
      // A memory that does not read itself, an output that does not read it, one tree alone.
      (double, "gate:tanh memory"), (double, "add gate memory gate"), (double, "add gate memory"),
    ]
    for (space, code) in refused { #expect(!space.contains(code), "\(code)") }
    #expect(single.contains("gate:tanh"))
    #expect(double.contains("add gate memory memory:tanh"))
    for text in ["gates", "gate:exp", "gate:tanh:tanh", "gate:", ":tanh"] {
      #expect(CellCode(text) == nil, "\(text)")
    }
  }

  @Test func `spaces that cannot be are refused`() async throws {
    for text in [
      #"{"memory":false,"size":2,"operations":["gate","add"],"functions":["tanh"]}"#,
      #"{"memory":false,"size":99,"operations":["gate","add"],"functions":["tanh"]}"#,
      #"{"memory":false,"size":5,"operations":["gate","add"],"functions":[]}"#,
      #"{"memory":false,"size":5,"operations":["gate","hidden"],"functions":["tanh"]}"#,
      #"{"memory":true,"size":5,"operations":["gate","add"],"functions":["tanh"]}"#,
      #"{"memory":false,"size":5,"operations":["gate","add","memory"],"functions":["tanh"]}"#,
      #"{"memory":false,"size":5,"operations":["gate","divide"],"functions":["tanh"]}"#,
    ] {
      #expect(throws: DecodingError.self, "\(text)") {
        try JSONDecoder().decode(CellSpace.self, from: Data(text.utf8))
      }
    }
    for space in sampledSpaces {
      let data = try JSONEncoder().encode(space)
      #expect(try JSONDecoder().decode(CellSpace.self, from: data) == space)
    }
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = CellSpace(maximumSize: 2) }
    #expect(message(result).contains("CellSpace: trees of 2 elements"))
  }

  /// The layer alone, as a model.
  struct Subject: Model {
    var layer: DefinedLayer<Double>
    mutating func visitParts(_ part: inout PartVisitor<Double>) { part("layer", &layer) }
  }

  /// Compiled to the fused path, every cell gives the gradient that central differences give. The rectifier has
  /// corners, so the differences are small ones.
  @Test(arguments: sampledSpaces.indices)
  func `every cell passes the gradient check`(index: Int) throws {
    let space = sampledSpaces[index]
    var generator = SeededGenerator(seed: 43)
    for n in 0..<25 {
      let code = space.draw(using: &generator)
      let (D, H, N) = (2, 3, 2)
      let layer = try DefinedLayer<Double>(
        space.definition(of: code), inputSize: D, hiddenSize: H, using: &generator)
      let x = SequenceBatch<Double>.uniform(steps: 3, batch: N, features: D, using: &generator)
      let weights = SequenceBatch<Double>.uniform(
        steps: 3, batch: N, features: H, using: &generator)
      let graph = Graph<Double>(threads: 1)
      let subject = Subject(layer: layer)
      func loss(_ subject: Subject, _ graph: Graph<Double>) -> Node<Double> {
        (subject.layer(graph.constant(x), from: nil, lengths: [3, 2]).outputs
          * graph.constant(weights)).sum()
      }
      _ = subject.gradients(on: graph, of: loss)
      let gradients = graph.gradients.elements
      var (moved, parameters) = (subject, subject.parameters)
      let start = parameters.elements
      let numeric = start.indices.map { i in
        func value(_ offset: Double) -> Double {
          var changed = start
          changed[i] += offset
          parameters.elements = changed
          moved.parameters = parameters
          return moved.evaluate(on: graph) { loss($0, $1).loss.sum }
        }
        return (value(1e-5) - value(-1e-5)) / 2e-5
      }
      let error = relativeError(gradients, numeric)
      #expect(error < 1e-6, "seed 43, \(n): \(code): \(error)")
    }
  }
}
