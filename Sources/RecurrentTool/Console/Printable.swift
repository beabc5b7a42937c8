/// Texts of files as a terminal may show them: nothing in them moves the cursor or begins a line.
enum Printable {
  /// A text on one line; what would control a terminal is written as its number.
  static func line(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        // Lines of one message become parts of a sentence.
        result += scalar == "\n" ? " " : "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A name in a table: on one line, and no longer than a table can show.
  static func name(_ text: String, limit: Int = 80) -> String {
    let text = line(String(text.prefix(limit + 1)))
    return text.count <= limit ? text : text.prefix(limit - 1) + "…"
  }
}
