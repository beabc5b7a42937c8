import Foundation
import LinAlg
import SequenceModels
import Testing

@Suite struct VocabularyFileTests {
  /// Calls `body` with the path of a file that does not exist yet.
  static func withFile(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path + "/words")
  }

  static let samples = [
    Vocabulary([]), Vocabulary([""]),
    Vocabulary(counting: "e\u{301}\u{E9}\r\n\"\\ \t\n\u{2028}ab👧", by: CharacterTokenizer()),
    Vocabulary(counting: ["a", "<unk>", "symbol", "a"], special: [.unknown, .end]),
  ]

  @Test(arguments: samples) func `survives a file and coding`(vocabulary: Vocabulary) throws {
    try Self.withFile { path in
      try vocabulary.write(to: path)
      let read = try Vocabulary(contentsOf: path)
      #expect(read == vocabulary)
      #expect(read.symbols == vocabulary.symbols && read.counts == vocabulary.counts)
      #expect(read.special == vocabulary.special)
    }
    let data = try JSONEncoder().encode(vocabulary)
    #expect(try JSONDecoder().decode(Vocabulary.self, from: data) == vocabulary)
  }

  @Test func `the file can be read by people`() throws {
    try Self.withFile { path in
      try Vocabulary(counting: ["a", "\n", "a\\"], special: [.unknown]).write(to: path)
      #expect(
        try String(contentsOfFile: path, encoding: .utf8) == """
          swift-recurrent vocabulary 1 4
          special\t0\t<unk>
          symbol\t1\t\\n
          symbol\t1\ta
          symbol\t1\ta\\\\

          """)
    }
  }

  static let flawed: [(file: String, line: Int, reason: String)] = [
    ("", 1, "expected 'swift-recurrent vocabulary 1' and a number, found ''"),
    ("\n", 1, "expected 'swift-recurrent vocabulary 1' and a number, found ''"),
    ("{}\n", 1, "found '{}'"),
    ("swift-recurrent vocabulary 2 0\n", 1, "found 'swift-recurrent vocabulary 2 0'"),
    ("swift-recurrent vocabulary 1 -1\n", 1, "and a number"),
    ("swift-recurrent vocabulary 1 99999999999999999999\n", 1, "and a number"),
    ("H 1\nsymbol\t1\ta", 2, "the line does not end"),
    ("H 2\nsymbol\t1\ta\n", 2, "expected 2 symbols, found 1"),
    ("H 0\nsymbol\t1\ta\n", 2, "expected 0 symbols, found 1"),
    ("H 1\n\n", 2, "expected 'special' or 'symbol'"),
    ("H 1\nword\t1\ta\n", 2, "expected 'special' or 'symbol'"),
    ("H 1\nsymbol\t1\ta\tb\n", 2, "separated by tabs"),
    ("H 1\nsymbol\t-1\ta\n", 2, "expected how often the symbol was counted, found '-1'"),
    ("H 1\nsymbol\t+1\ta\n", 2, "found '+1'"),
    ("H 1\nsymbol\t99999999999999999999\ta\n", 2, "found '99999999999999999999'"),
    ("H 1\nsymbol\t1\ta\\\n", 2, #"expected n, r, t or \ behind a backslash"#),
    ("H 1\nsymbol\t1\t\\x\n", 2, #"expected n, r, t or \ behind a backslash"#),
    ("H 3\nsymbol\t1\ta\nsymbol\t1\tb\nsymbol\t0\ta\n", 4, "symbol 'a' stands in line 2, too"),
    ("H 2\nspecial\t1\t<pad>\nsymbol\t1\t<pad>\n", 3, "stands in line 2, too"),
    ("H 1\nspecial\t1\t<sos>\n", 2, "special symbol '<sos>', expected some of <pad> <unk>"),
    ("H 2\nspecial\t1\t<unk>\nspecial\t1\t<pad>\n", 3, "special symbol '<pad>'"),
    ("H 2\nsymbol\t1\ta\nspecial\t1\t<unk>\n", 3, "before all others"),
    ("H 1\nsymbol\t1\t\u{0}X\n", 2, "not UTF-8 text"),
  ]

  @Test(arguments: flawed) func `what is wrong in a file is named`(
    file: String, line: Int, reason: String
  ) throws {
    try Self.withFile { path in
      var bytes = Data(file.replacing("H ", with: "swift-recurrent vocabulary 1 ").utf8)
      // No text can hold a byte that is not UTF-8.
      if let zero = bytes.firstIndex(of: 0) { bytes[zero] = 0xFF }
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: VocabularyFileError.self) { try Vocabulary(contentsOf: path) }
      #expect(error?.path == path && error?.line == line)
      #expect(error?.reason.contains(reason) == true, "\(error as Any)")
      #expect(error?.description.hasPrefix("\(path):\(line): ") == true)
    }
  }

  /// Any bytes are read or refused; what is read is what was meant, so it is written the same again.
  @Test(arguments: 1...200) func `damaged files never trap`(seed: UInt64) throws {
    var rng = SeededGenerator(seed: seed)
    try Self.withFile { path in
      try Self.samples[Int.random(in: 0..<4, using: &rng)].write(to: path)
      try damageFile(at: path, inserting: [9, 10, 92, 48], using: &rng)
      do {
        let vocabulary = try Vocabulary(contentsOf: path)
        try vocabulary.write(to: path)
        #expect(try Vocabulary(contentsOf: path) == vocabulary, "seed \(seed)")
      } catch let error as VocabularyFileError {
        #expect(error.path == path, "seed \(seed)")
      }
    }
  }

  @Test func `what cannot be read or written is named`() throws {
    try Self.withFile { path in
      let absent = #expect(throws: VocabularyFileError.self) { try Vocabulary(contentsOf: path) }
      #expect(absent?.description == "\(path): cannot be read: No such file or directory")
      let nowhere = #expect(throws: VocabularyFileError.self) {
        try Vocabulary(["a"]).write(to: path + "/deeper")
      }
      #expect(nowhere?.description.hasPrefix("\(path)/deeper: cannot be written: ") == true)
      let error = #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Vocabulary.self, from: Data(#""swift""#.utf8))
      }
      #expect("\(error as Any)".contains("Vocabulary: line 1: the line does not end"))
    }
  }
}
