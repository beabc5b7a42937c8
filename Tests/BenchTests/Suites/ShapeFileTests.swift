import Foundation
import Testing

@testable import Bench

/// What a suite's text file means, and that a malformed one is refused with its line.
struct ShapeFileTests {
  @Test func aShapeIsFourNamedNumbers() throws {
    #expect(try Shape(parsing: "T50xN32xD256xH128") == Shape(T: 50, N: 32, D: 256, H: 128))
    #expect(try Shape(parsing: "t1xn2xd3xh4").description == "T1xN2xD3xH4")
  }

  @Test(arguments: [
    "", "T5", "T5xN2xD3", "T5xN2xD3xH4x5", "N5xT2xD3xH4", "T0xN1xD1xH1", "T-1xN1xD1xH1",
    "T5xN2xD3xH", "T5xN2xD3xH4 ", "T٣xN2xD3xH4", "T99999999999999999999xN1xD1xH1",
    "T5xN2xD3xH2000000", "T5 xN2xD3xH4", "T1e3xN2xD3xH4",
  ])
  func aMalformedShapeIsRefused(_ text: String) {
    #expect(throws: ParseError.self) { try Shape(parsing: text) }
  }

  @Test func listsMultiplyAndCommentsAndRepetitionsVanish() throws {
    let text = """
      # a comment

      lstm,gru  forward,training  T5xN2xD3xH4   # trailing
      lstm      training          T5xN2xD3xH4
      \trnn all T1xN1xD1xH1
      """
    let cases = try ShapeFile.parse(text, path: "a.shapes")
    #expect(
      cases.map(\.description) == [
        "lstm forward T5xN2xD3xH4", "lstm training T5xN2xD3xH4", "gru forward T5xN2xD3xH4",
        "gru training T5xN2xD3xH4", "rnn inference T1xN1xD1xH1", "rnn forward T1xN1xD1xH1",
        "rnn training T1xN1xD1xH1",
      ])
  }

  @Test func aFourthFieldNamesRulesOfLengths() throws {
    let cases = try ShapeFile.parse(
      "lstm training T5xN2xD3xH4 uniform,sentences\nlstm training T5xN2xD3xH4", path: "a.shapes")
    #expect(cases.map(\.lengths) == [.uniform, .sentences, nil])
    #expect(cases[0].description == "lstm training T5xN2xD3xH4 uniform")
    let error = #expect(throws: BenchError.self) {
      try ShapeFile.parseLayers("lstm training T5xN2xD3xH4 uniform", path: "a.layers")
    }
    #expect(error?.message.contains("found 4 fields") == true)
  }

  @Test func theRaggedSuiteHasTheShapesThatItMust() throws {
    let cases = try Suite.named("ragged").cases
    let reference = Shape(T: 100, N: 64, D: 256, H: 256)
    for cell in [CellKind.lstm, .gru] {
      for mode in [Mode.inference, .training] {
        #expect(
          cases.contains(
            BenchCase(cell: cell, mode: mode, shape: reference, lengths: .uniform)))
        for rule in LengthRule.allCases {
          #expect(
            cases.contains {
              $0.cell == cell && $0.mode == mode && $0.lengths == rule && $0.shape.H <= 64
            })
        }
      }
    }
    #expect(cases.allSatisfy { $0.lengths != nil && $0.shape.D == $0.shape.H })
  }

  @Test(arguments: [
    ("lstm training T5xN2xD3xH4\nlstm trainin T1xN1xD1xH1", 2, "unknown mode 'trainin'"),
    ("# x\n\nlstn all T1xN1xD1xH1\n", 3, "unknown cell 'lstn'"),
    ("lstm training", 1, "found 2 fields"),
    ("lstm training T5xN2xD3xH4 extra", 1, "unknown rule of lengths 'extra'"),
    ("lstm training T5xN2xD3xH4 uniform more", 1, "found 5 fields"),
    ("lstm training T5xN2xD3xH4 uniform,", 1, "unknown rule of lengths ''"),
    ("lstm, training T5xN2xD3xH4", 1, "unknown cell ''"),
    ("lstm training T5xN2xD3xH4\r\nlstm training T0xN2xD3xH4\r\n", 2, "T must be a number"),
    ("# nothing\n# at all\n", 3, "the suite has no cases"),
  ])
  func anErrorNamesFileAndLine(_ text: String, line: Int, reason: String) {
    let error = #expect(throws: BenchError.self) { try ShapeFile.parse(text, path: "a.shapes") }
    #expect(error?.code == .data)
    #expect(error?.message.hasPrefix("a.shapes:\(line): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("\n") == false)
  }

  @Test func aFileThatIsNotTextIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.shapes")
    try Data([0x61, 0x0A, 0x62, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: BenchError.self) { try ShapeFile.read(path: path) }
    #expect(error?.message == "\(path):2: not UTF-8 text")
    #expect(throws: BenchError.self) { try ShapeFile.read(path: folder.path("absent.shapes")) }
    #expect(throws: BenchError.self) { try ShapeFile.read(path: folder.url.path) }
  }

  @Test(arguments: ["quick", "standard", "deepbench", "ragged"])
  func theCommittedSuitesCanBeRead(_ name: String) throws {
    let suite = try Suite.named(name)
    #expect(Suite.available().contains(name))
    #expect(suite.cases.count >= 5)
  }

  @Test func theQuickSuiteHasTheShapesThatItMust() throws {
    let cases = try Suite.named("quick").cases
    let reference = Shape(T: 50, N: 32, D: 256, H: 256)
    for cell in CellKind.allCases {
      for mode in Mode.allCases {
        #expect(cases.contains(BenchCase(cell: cell, mode: mode, shape: reference)))
      }
    }
    #expect(cases.contains { $0.shape.N <= 16 && $0.mode == .training })
  }

  @Test func deepBenchHasItsWholeFamilies() throws {
    let cases = try Suite.named("deepbench").cases
    func sizes(_ cell: CellKind) -> Set<Int> {
      Set(cases.filter { $0.cell == cell && $0.mode == .training }.map(\.shape.H))
    }
    #expect(sizes(.rnn) == [1760, 2048, 2560])
    #expect(sizes(.lstm) == [256, 512, 1024, 1536, 2048, 4096])
    #expect(sizes(.gru) == [512, 1024, 1536, 2048, 2560, 2816])
    #expect(cases.allSatisfy { $0.shape.D == $0.shape.H })
  }

  @Test func anUnknownSuiteNamesTheKnownOnes() {
    let error = #expect(throws: BenchError.self) { try Suite.named("nope") }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("quick") == true)
  }
}
