import Testing

@testable import RecurrentTool

@Suite struct PrintableTests {
  @Test func nothingMovesTheCursor() {
    #expect(Printable.line("a\nb\tc\u{1B}[2J\u{202E}d") == "a b\\u{9}c\\u{1b}[2J\\u{202e}d")
    #expect(Printable.line("grüß, 語") == "grüß, 語")
    #expect(Printable.name(String(repeating: "x", count: 1000)).count == 80)
    #expect(Printable.name(String(repeating: "x", count: 80)).count == 80)
  }
}
