import Foundation
import GoldenSupport
import Testing

@Suite("Reading golden files")
struct GoldenFileTests {
  /// The smallest complete file.
  private static let sound = """
    {
      "header": { "about": "a test", "command": "none", "pytorch": "0", "seed": 1 },
      "cases": [
        {
          "name": "one", "cell": "rnn-tanh", "source": "paper", "precision": "float64", "seed": 1,
          "steps": 1, "batch": 1, "inputSize": 1, "hiddenSize": 1, "lengths": [1],
          "arrays": {
            "x": { "shape": [1, 1, 1], "values": [0.5] },
            "W": { "shape": [1, 1], "values": [0] },
            "U": { "shape": [1, 1], "values": [0] },
            "b": { "shape": [1], "values": [0] },
            "initialHidden": { "shape": [1, 1], "values": [0] },
            "dOutputs": { "shape": [1, 1, 1], "values": [1] },
            "outputs": { "shape": [1, 1, 1], "values": [0] },
            "finalHidden": { "shape": [1, 1], "values": [0] },
            "dx": { "shape": [1, 1, 1], "values": [0] },
            "dW": { "shape": [1, 1], "values": [0.5] },
            "dU": { "shape": [1, 1], "values": [0] },
            "db": { "shape": [1], "values": [1] },
            "dInitialHidden": { "shape": [1, 1], "values": [0] }
          }
        }
      ]
    }
    """

  @Test func aSoundFile() throws {
    let file = try GoldenFile(Data(Self.sound.utf8), file: "test.json", cell: .rnnTanh)
    #expect(file.header.seed == 1)
    let golden = try #require(file.cases.first)
    #expect(golden.lengths == [1])
    #expect(golden.dW == [0.5])
    #expect(golden.dFinalHidden == nil)
    #expect(golden.description == "rnn-tanh one")
  }

  @Test(arguments: [
    (#""seed": 1 },"#, "},", "header", "named seed"),
    (#""x": { "shape": [1, 1, 1]"#, #""x": { "shape": [1, 2, 1]"#, "one, x.shape", "[1, 1, 1]"),
    (#""values": [0.5] },"#, #""values": [0.5, 1] },"#, "one, x.values", "1 values"),
    (#""values": [0.5] },"#, #""values": ["a"] },"#, "cases.[0].arrays.x.values.[0]", "Double"),
    (#""dU""#, #""dV""#, "one, dU", "an array of this name"),
    (#""U": {"#, #""V": { "shape": [1], "values": [0] }, "U": {"#, "one, V", "no array"),
    (#""lengths": [1]"#, #""lengths": [2]"#, "one, lengths", "0...1"),
    (#""lengths": [1]"#, #""lengths": [1, 1]"#, "one, lengths", "1 lengths"),
    (#""hiddenSize": 1"#, #""hiddenSize": 1, "projectionSize": 2"#, "one, projectionSize", "1...1"),
    (#""hiddenSize": 1"#, #""hiddenSize": 1, "projectionSize": 1"#, "one, Wp", "an array"),
    (#""steps": 1"#, #""steps": 0"#, "one, extents", "1...1000"),
    (#""rnn-tanh""#, #""rnn-relu""#, "one, cell", "rnn-tanh"),
    (#""rnn-tanh""#, #""lstm-2""#, "cases.[0].cell", "lstm-2"),
    (#""dOutputs""#, #""dFinalCell""#, "one, dFinalCell", "no array"),
    (#""cases": ["#, #""cases": [ }"#, "the file", "well-formed"),
  ])
  func aBrokenFile(old: String, new: String, place: String, expectation: String) throws {
    let range = try #require(Self.sound.range(of: old))
    let text = Self.sound.replacingCharacters(in: range, with: new)
    let error = try #require(throws: GoldenFileError.self) {
      try GoldenFile(Data(text.utf8), file: "test.json", cell: .rnnTanh)
    }
    #expect(error.file == "test.json")
    #expect(error.place == place)
    #expect(error.description.contains(expectation))
  }

  @Test func aMissingFile() throws {
    let nowhere = URL(filePath: "/nonexistent/golden.json")
    let error = try #require(throws: GoldenFileError.self) {
      try GoldenFile(contentsOf: nowhere, cell: .lstm)
    }
    #expect(error.file == "golden.json")
    #expect(error.expectation.hasPrefix("readable"))
  }
}
