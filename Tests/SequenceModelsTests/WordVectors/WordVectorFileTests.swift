import Foundation
import LinAlg
import SequenceModels
import Testing

@Suite struct WordVectorFileTests {
  typealias Vectors = WordVectors<Float>

  static func vectors(_ symbols: [String], features: Int, special: Set<Vocabulary.Special> = [])
    -> Vectors
  {
    var rng = SeededGenerator(seed: 3)
    let vocabulary = Vocabulary(symbols, special: special)
    return Vectors(
      vocabulary: vocabulary,
      vectors: .uniform(rows: vocabulary.count, columns: features, in: -2..<2, using: &rng))
  }

  static let samples = [
    vectors(["the"], features: 1), vectors(["e\u{301}", "\u{E9}", "👧", "\t"], features: 7),
    vectors(["a", "<pad>"], features: 3, special: [.unknown, .end]),
    Vectors(
      vocabulary: Vocabulary(["x"]),
      vectors: [
        [0, -0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.leastNormalMagnitude, 1e-3]
      ]),
  ]

  @Test(arguments: samples, Vectors.FileFormat.allCases)
  func `survive a file`(vectors: Vectors, format: Vectors.FileFormat) throws {
    try VocabularyFileTests.withFile { path in
      try vectors.write(to: path, as: format)
      let read = try Vectors(contentsOf: path, as: format)
      #expect(read.vocabulary.symbols == vectors.vocabulary.symbols)
      #expect(read.vocabulary.special == vectors.vocabulary.special)
      let (a, b) = (read.vectors.elements, vectors.vectors.elements)
      #expect(a.map(\.bitPattern) == b.map(\.bitPattern))
    }
  }

  @Test func `double precision survives text and is rounded in binary`() throws {
    let vectors = WordVectors<Double>(vocabulary: Vocabulary(["x"]), vectors: [[0.1, 1.0 / 3]])
    try VocabularyFileTests.withFile { path in
      try vectors.write(to: path, as: .text)
      #expect(try WordVectors<Double>(contentsOf: path, as: .text).vectors == vectors.vectors)
      try vectors.write(to: path, as: .binary)
      let read = try WordVectors<Double>(contentsOf: path, as: .binary)
      #expect(read.vectors.elements == [Double(Float(0.1)), Double(Float(1.0 / 3))])
    }
  }

  /// As the word2vec program writes: a space behind each number; as gensim does: no line break behind a
  /// symbol's bytes.
  @Test func `what other programs write is read`() throws {
    let text = try Vectors(
      bytes: Array("2 2\n</s> 0.5 -1e-3 \nthe 1 2 \n".utf8), as: .text, named: "text")
    #expect(text.vocabulary.symbols == ["</s>", "the"])
    #expect(text.vectors == [[0.5, -1e-3], [1, 2]])
    let number: [UInt8] = [0, 0, 0xC0, 0x3F]
    let binary = Array("2 1\na ".utf8) + number + Array("b ".utf8) + number
    #expect(try Vectors(bytes: binary, as: .binary, named: "b").vectors == [[1.5], [1.5]])
    let lines = Array("2 1\na ".utf8) + number + Array("\nb ".utf8) + number + [10]
    #expect(try Vectors(bytes: lines, as: .binary, named: "b").vocabulary.symbols == ["a", "b"])
  }

  static let flawedTexts: [(file: String, place: WordVectorFileError.Place, reason: String)] = [
    ("", .line(1), "expected the number of symbols, a space and the number of features"),
    ("\n", .line(1), "found ''"),
    ("2\n", .line(1), "found '2'"),
    ("a 3\n", .line(1), "found 'a 3'"),
    ("-1 3\n", .line(1), "found '-1 3'"),
    ("+1 3\n", .line(1), "found '+1 3'"),
    ("0 3\n", .line(1), "found '0 3'"),
    ("3 0\n", .line(1), "found '3 0'"),
    ("1 2 3\n", .line(1), "found '1 2 3'"),
    ("99999999999999999999 1\n", .line(1), "found '99999999999999999999 1'"),
    ("9223372036854775807 1\n", .line(1), "found '9223372036854775807 1'"),
    ("2147483647 9223372036854775807\nx 1\n", .line(1), "do not fit the 4 bytes"),
    ("1 9223372036854775807\nx 1\n", .line(1), "do not fit the 4 bytes"),
    ("1 4611686018427387903\nx 1\n", .line(1), "do not fit the 4 bytes"),
    ("2147483647 1\nx 1\n", .line(1), "do not fit the 4 bytes"),
    ("1 2\nx 1\n", .line(1), "do not fit the 4 bytes"),
    ("2 1\naa 123456\n", .line(3), "expected 2 symbols, found 1"),
    ("1 1\nx 1.5", .line(2), "the line does not end"),
    ("1 1\nxyz1\n", .line(2), "found no space"),
    ("1 1\n 1.5\n", .line(2), "expected a symbol, found none"),
    ("1 2\nx 1.54\n", .line(2), "found 1 numbers"),
    ("1 1\nx 1 2\n", .line(2), "found more"),
    ("1 1\nx  1\n", .line(2), "expected number 1, found ''"),
    ("1 1\nx nan\n", .line(2), "expected number 1, found 'nan'"),
    ("1 1\nx inf\n", .line(2), "found 'inf'"),
    ("1 1\nx 1e99\n", .line(2), "found '1e99'"),
    ("1 1\nx 0x1p3\n", .line(2), "found '0x1p3'"),
    ("1 1\nx 1\r\n", .line(2), "expected number 1"),
    ("1 1\n\u{0} 11\n", .line(2), "UTF-8"),
    ("3 1\na 1\nb 1\na 1\n", .line(4), "symbol 'a' stands at line 2, too"),
    ("1 1\nx 1\ny 2\n", .line(3), "expected the end of the file"),
  ]

  static func expectFlaw(
    _ bytes: [UInt8], _ format: Vectors.FileFormat, _ place: WordVectorFileError.Place,
    _ reason: String
  ) throws {
    try VocabularyFileTests.withFile { path in
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: WordVectorFileError.self) {
        try Vectors(contentsOf: path, as: format)
      }
      #expect(error?.path == path && error?.place == place, "\(error as Any)")
      #expect(error?.reason.contains(reason) == true, "\(error as Any)")
      #expect(error?.description.hasPrefix(path) == true)
    }
  }

  @Test(arguments: flawedTexts) func `what is wrong in a text is named`(
    file: String, place: WordVectorFileError.Place, reason: String
  ) throws {
    // No text can hold a byte that is not UTF-8.
    try Self.expectFlaw(file.utf8.map { $0 == 0 ? 0xFF : $0 }, .text, place, reason)
  }

  /// `#` stands for the four bytes of 1, `?` for those of NaN, `!` for one that is not UTF-8.
  static let flawedBinaries: [(file: String, byte: Int?, reason: String)] = [
    ("1 1\n", nil, "do not fit the 0 bytes"),
    ("2 1\na #", nil, "do not fit the 6 bytes"),
    ("2147483647 4611686018427387904\na #", nil, "do not fit"),
    ("1 1\n #xx", 4, "expected a symbol, found none"),
    ("1 1\naaaaaaaa", 4, "expected symbol 1 of 1 and a space"),
    ("1 1\naaaaaa #", nil, ""),
    ("1 1\naaaaaaa 12", 12, "expected 1 numbers of four bytes, found 2 bytes"),
    ("1 1\na ?", 6, "expected a finite number, found nan"),
    ("1 1\n! #", 4, "UTF-8"),
    ("2 1\na #\n\nb #", 11, "found a line break in it"),
    ("2 1\na #a #", 10, "symbol 'a' stands at byte 4, too"),
    ("1 1\na ##", 10, "expected the end of the file"),
  ]

  @Test(arguments: flawedBinaries) func `what is wrong in a binary file is named`(
    file: String, byte: Int?, reason: String
  ) throws {
    let bytes = file.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "#"): [0, 0, 0x80, 0x3F]
      case UInt8(ascii: "?"): [0, 0, 0xC0, 0x7F]
      case UInt8(ascii: "!"): [0xFF]
      default: [byte]
      }
    }
    if reason.isEmpty {
      #expect(try Vectors(bytes: bytes, as: .binary, named: "b").vectors == [[1]])
      return
    }
    try Self.expectFlaw(bytes, .binary, byte.map { .byte($0) } ?? .line(1), reason)
  }

  /// Any bytes are read or refused; what is read is what was meant, so it is written the same again.
  @Test(arguments: 1...200) func `damaged files never trap`(seed: UInt64) throws {
    var rng = SeededGenerator(seed: seed)
    let format = Bool.random(using: &rng) ? Vectors.FileFormat.text : .binary
    try VocabularyFileTests.withFile { path in
      try Self.samples[Int.random(in: 0..<4, using: &rng)].write(to: path, as: format)
      try damageFile(at: path, inserting: [32, 10, 45, 48], using: &rng)
      do {
        let vectors = try Vectors(contentsOf: path, as: format)
        try vectors.write(to: path, as: format)
        let again = try Vectors(contentsOf: path, as: format)
        #expect(again.vocabulary == vectors.vocabulary, "seed \(seed)")
        #expect(again.vectors == vectors.vectors, "seed \(seed)")
      } catch let error as WordVectorFileError {
        #expect(error.path == path, "seed \(seed)")
      }
    }
  }

  @Test func `what cannot be written is named, and the file stays`() throws {
    try VocabularyFileTests.withFile { path in
      try Self.samples[0].write(to: path, as: .text)
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      for symbol in ["", "a b", "a\n", "\r"] {
        let error = #expect(throws: WordVectorFileError.self) {
          try Vectors(vocabulary: Vocabulary(["x", symbol]), vectors: [[1], [2]])
            .write(to: path, as: .binary)
        }
        #expect(error?.reason.contains("symbol 1 is '\(symbol)'") == true)
      }
      let error = #expect(throws: WordVectorFileError.self) {
        try WordVectors<Double>(vocabulary: Vocabulary(["x"]), vectors: [[1e300]])
          .write(to: path, as: .binary)
      }
      #expect(error?.description == "\(path): the vector of 'x' has a number that is not finite")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
      #expect(throws: WordVectorFileError.self) {
        try Self.samples[0].write(to: path + "/deeper", as: .text)
      }
      let absent = #expect(throws: WordVectorFileError.self) {
        try Vectors(contentsOf: path + "2", as: .text)
      }
      #expect(absent?.description == "\(path)2: cannot be read: No such file or directory")
    }
  }
}
