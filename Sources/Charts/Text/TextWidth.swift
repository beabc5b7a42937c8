/// How wide a text is drawn, about: pictures are laid out without its font.
enum TextWidth {
  /// In the picture's units, for letters of 12.
  static func estimate(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { width, scalar in
      // From the Chinese radicals on nearly every sign takes a full square.
      width + (scalar.value >= 0x2E80 ? 12.5 : 6.8)
    }
  }

  /// The text, or its beginning and `…`, no wider than `width`.
  static func clipped(_ text: String, to width: Double) -> String {
    guard estimate(text) > width else { return text }
    var kept = text
    while !kept.isEmpty && estimate(kept) + 7 > width { kept.removeLast() }
    return kept + "…"
  }
}
