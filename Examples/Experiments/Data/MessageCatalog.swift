/// The translations of a compiled catalogue of GNU gettext (`.mo`): from each message to another language.
///
/// ```
/// magic 0x950412de, revision, N, offset of N (length, offset) of originals, the same of translations
/// ```
/// 32-bit words of either byte order, behind them the texts.
struct MessageCatalog {
  /// Each message's translation; without contexts, plural forms and the catalogue's own header.
  private(set) var translations: [String: String] = [:]

  /// - Parameter file: its path in the folder.
  init(_ folder: DataFolder, _ file: String) throws(DataError) {
    let bytes = try folder.bytes(file)
    func fail(_ reason: String) -> DataError { DataError(folder, file, reason) }
    let isLittle: Bool
    switch Array(bytes.prefix(4)) {
    case [0xde, 0x12, 0x04, 0x95]: isLittle = true
    case [0x95, 0x04, 0x12, 0xde]: isLittle = false
    default: throw fail("not a catalogue of gettext")
    }
    func word(_ offset: Int) throws(DataError) -> Int {
      guard offset + 4 <= bytes.count else {
        throw fail("ends at byte \(bytes.count), expected a number at \(offset)")
      }
      let four = bytes[offset..<offset + 4]
      return (isLittle ? Array(four.reversed()) : Array(four)).reduce(0) { $0 << 8 | Int($1) }
    }
    func text(_ table: Int, _ i: Int) throws(DataError) -> String {
      let (length, offset) = (try word(table + 8 * i), try word(table + 8 * i + 4))
      guard offset + length <= bytes.count else {
        throw fail("message \(i) at \(offset) of \(length) bytes, the file has \(bytes.count)")
      }
      guard let text = String(validating: bytes[offset..<offset + length], as: UTF8.self) else {
        throw fail("message \(i): not UTF-8")
      }
      return text
    }
    let count = try word(8)
    let (originals, results) = (try word(12), try word(16))
    for i in 0..<count {
      let (message, translation) = (try text(originals, i), try text(results, i))
      // U+0004 stands behind a context, a zero between plural forms.
      let isPlain = !message.unicodeScalars.contains { $0.value == 4 || $0.value == 0 }
      if isPlain, !message.isEmpty, !translation.isEmpty { translations[message] = translation }
    }
  }
}
