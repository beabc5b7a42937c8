import Foundation

/// Text inside pages, pictures and tables.
package enum Markup {
  /// A text that stands inside an element or a quoted attribute.
  package static func escape(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }

  /// A text that stands inside a cell of a table in Markdown.
  package static func escapeMarkdown(_ text: String) -> String {
    ["|", "~", "*", "<"].reduce(text) { $0.replacingOccurrences(of: $1, with: "\\" + $1) }
  }
}
