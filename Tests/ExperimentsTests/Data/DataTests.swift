import Foundation
import Testing

@testable import Experiments

/// Readers of the texts that `make data` fetches, on small files of their form.
@Suite struct DataTests {
  private let folder = DataFolder(
    FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)").path)

  private func write(_ bytes: [UInt8], _ file: String) throws {
    let path = URL(fileURLWithPath: "\(folder.path)/\(file)")
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: path)
  }

  private func write(_ text: String, _ file: String) throws { try write(Array(text.utf8), file) }

  private func remove() { try? FileManager.default.removeItem(atPath: folder.path) }

  /// Whether `body` throws an error that says all of these.
  private func says(_ words: String..., body: () throws -> Void) {
    #expect {
      try body()
    } throws: { error in
      error is DataError && words.allSatisfy { "\(error)".contains($0) }
    }
  }

  @Test func aMissingFileIsNamedWithTheCommand() {
    says("\(folder.path)/reviews/neg.txt", "make data ARGS=reviews") { _ = try Reviews(folder) }
    says("tagged/199801.txt", "make data ARGS=tagged") { _ = try TaggedSentences(folder) }
    says("digits/digits.csv", "make data ARGS=digits") { _ = try Digits(folder) }
    says("names/iso_3166-1.fr.mo", "make data ARGS=names") { _ = try TranslatedNames(folder) }
  }

  @Test func lines() throws {
    defer { remove() }
    try write("a\n\nb", "x/y")
    #expect(try folder.lines("x/y") == ["a", "", "b"])
    try write("a\nb\n", "x/y")
    #expect(try folder.lines("x/y") == ["a", "b"])
    try write([0x61, 0x0a, 0xff, 0x0a], "x/y")
    says("line 2", "UTF-8") { _ = try folder.lines("x/y") }
  }

  @Test func digits() throws {
    defer { remove() }
    let pixels = (0..<64).map { "\($0 % 17).0" }.joined(separator: ",")
    try write("\(pixels),7\n\(pixels),0\n", "digits/digits.csv")
    let digits = try Digits(folder)
    #expect(digits.labels == [7, 0])
    #expect(digits.pictures[1].count == 64 && digits.pictures[1][16] == 1)
    #expect(digits.pictures[1][8] == 0.5)
    for (wrong, word) in [
      (pixels, "64 numbers"), ("\(pixels),10", "label 10"), ("\(pixels),1.5", "label 1.5"),
      ("\(pixels),x", "64 numbers in 65 fields"), ("", "0 numbers"),
    ] {
      try write("\(pixels),7\n\(wrong)\n", "digits/digits.csv")
      says("line 2", word) { _ = try Digits(folder) }
    }
  }

  @Test func reviewsStandOnce() throws {
    defer { remove() }
    try write("bad\n \n bad \u{3000}\nboth\r\n\n", "reviews/neg.txt")
    try write("good\nboth\ngood\nfine", "reviews/pos.txt")
    let reviews = try Reviews(folder)
    #expect(reviews.texts == ["bad", "both", "good", "fine"])
    #expect(reviews.isPositive == [false, false, true, true])
  }

  @Test func taggedSentences() throws {
    defer { remove() }
    try write("一/m  //w 二/m\r\n\n三/m\n", "tagged/199801.txt")
    #expect(
      try TaggedSentences(folder).sentences == [
        .init(words: ["一", "/", "二"], tags: ["m", "w", "m"]), .init(words: ["三"], tags: ["m"]),
      ])
    for wrong in ["一", "一/", "/m"] {
      try write("一/m\n\(wrong)\n", "tagged/199801.txt")
      says("line 2", "'\(wrong)'", "word/tag") { _ = try TaggedSentences(folder) }
    }
  }

  /// A catalogue of gettext in either byte order.
  private func catalog(_ messages: [(String, String)], isLittle: Bool = true) -> [UInt8] {
    var texts: [UInt8] = []
    var tables: [[(Int, Int)]] = [[], []]
    let start = 28 + 16 * messages.count
    for (k, part) in [messages.map(\.0), messages.map(\.1)].enumerated() {
      for text in part {
        tables[k].append((text.utf8.count, start + texts.count))
        texts += Array(text.utf8) + [0]
      }
    }
    var words = [0x9504_12de, 0, messages.count, 28, 28 + 8 * messages.count, 0, 0]
    for (length, offset) in tables[0] + tables[1] { words += [length, offset] }
    let bytes = words.flatMap { word in (0..<4).map { UInt8(word >> (8 * $0) & 255) } }
    let ordered =
      isLittle
      ? bytes
      : stride(from: 0, to: bytes.count, by: 4).flatMap { bytes[$0..<$0 + 4].reversed() }
    return ordered + texts
  }

  @Test func catalogs() throws {
    defer { remove() }
    let messages = [
      ("", "header"), ("German", "allemand"), ("Côte", "côté"), ("context\u{4}x", "y"),
      ("one\0many", "un\0des"), ("nothing", ""),
    ]
    for isLittle in [true, false] {
      let bytes = catalog(messages, isLittle: isLittle)
      try write(bytes, "names/a.mo")
      #expect(
        try MessageCatalog(folder, "names/a.mo").translations
          == ["German": "allemand", "Côte": "côté"])
      // Cut anywhere it is refused, and never read beyond its end.
      for count in 0..<bytes.count - 1 {
        try write(Array(bytes[..<count]), "names/a.mo")
        says("names/a.mo", "ARGS=names") { _ = try MessageCatalog(folder, "names/a.mo") }
      }
    }
    var wild = catalog(messages)
    wild.replaceSubrange(8..<12, with: [255, 255, 255, 255])
    try write(wild, "names/a.mo")
    says("names/a.mo") { _ = try MessageCatalog(folder, "names/a.mo") }
  }

  @Test func translatedNames() throws {
    defer { remove() }
    let long = String(repeating: "x", count: 41)
    for list in TranslatedNames.lists {
      try write(#"{"\#(list)": []}"#, "names/iso_\(list).json")
      try write(catalog([]), "names/iso_\(list).fr.mo")
    }
    try write(
      catalog([("Chad", "Tchad"), ("Mali", "Mali"), (long, "y"), ("Ā", "a")]),
      "names/iso_3166-1.fr.mo")
    try write(
      """
      {"3166-1": [{"name": "Mali"}, {"name": "Nowhere"}, {"name": "\(long)"}, {"name": "Ā"},
        {"name": "Chad", "numeric": "148"}]}
      """, "names/iso_3166-1.json")
    try write(catalog([("Chad", "autre"), ("Afar", "afar")]), "names/iso_639-3.fr.mo")
    try write(
      #"{"639-3": [{"name": "Chad"}, {"name": "Afar"}]}"#, "names/iso_639-3.json")
    let pairs = try TranslatedNames(folder).pairs
    #expect(
      pairs == [
        .init(english: "Mali", french: "Mali"), .init(english: "Chad", french: "Tchad"),
        .init(english: "Afar", french: "afar"),
      ])
    #expect(pairs.map(\.isSame) == [true, false, true])
    try write("[]", "names/iso_639-5.json")
    says("iso_639-5.json", "not a list of names") { _ = try TranslatedNames(folder) }
    try write("{}", "names/iso_639-5.json")
    says("iso_639-5.json", "no list '639-5'") { _ = try TranslatedNames(folder) }
  }

  /// What the experiments' table says about the real files, where they have been fetched.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: DataFolder.ofPackage.path)))
  func realFiles() throws {
    let digits = try Digits(.ofPackage)
    #expect(digits.pictures.count == 1797)
    let reviews = try Reviews(.ofPackage)
    #expect(reviews.texts.count == 17410)
    let tagged = try TaggedSentences(.ofPackage)
    #expect(tagged.sentences.count == 19484)
    let names = try TranslatedNames(.ofPackage)
    #expect(names.pairs.count == 8102)
    let same = Double(names.pairs.count { $0.isSame }) / 8102
    #expect(abs(same - 0.69) < 0.005)
  }

  @Test func bible() throws {
    defer { remove() }
    try write("Ge1:1 In the\nGe1:2 And: so\n1Sm17:4 And there\nPsa17:1 Hear\n", "bible/kjv.txt")
    #expect(
      try Bible(folder).chapters == [
        .init(book: "Ge", number: 1, verses: ["In the", "And: so"]),
        .init(book: "1Sm", number: 17, verses: ["And there"]),
        .init(book: "Psa", number: 17, verses: ["Hear"]),
      ])
    for wrong in ["Ge1 In", "In the beginning", "17:4 And", "Ge1:x And", ""] {
      try write("Ge1:1 In the\n\(wrong)\n", "bible/kjv.txt")
      says("line 2", "expected a verse", "ARGS=bible") { _ = try Bible(folder) }
    }
  }

  @Test func idioms() throws {
    defer { remove() }
    try write("一心一意 12 i\n中国 3 ns\n一心一德 3 n\n意味深长 3 i\n不知 1 i\n", "idioms/dict.txt")
    #expect(try Idioms(folder).idioms.map { String($0) } == ["一心一意", "意味深长"])
    try write("一心一意 12 i\n中国 3\n", "idioms/dict.txt")
    says("line 2", "2 fields") { _ = try Idioms(folder) }
  }
}
