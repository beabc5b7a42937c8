import Foundation

/// Text inside pages and pictures.
package enum Markup {
  /// A text that stands inside an element or a quoted attribute.
  package static func escape(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }
}
