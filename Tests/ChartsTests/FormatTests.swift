import Testing

@testable import Charts

/// Numbers as they are printed.
struct FormatTests {
  @Test(arguments: [
    (1.5, "1.50 s"), (0.9996, "1.00 s"), (0.0455, "45.5 ms"), (123.4e-6, "123 µs"),
    (9.996e-6, "10.0 µs"), (5e-9, "5.00 ns"), (.infinity, "–"),
  ])
  func times(_ seconds: Double, _ text: String) { #expect(Format.time(seconds) == text) }

  @Test(arguments: [
    (999.4, "999"), (999.6, "1.00k"), (35_512, "35.5k"), (2_000_000, "2.00M"), (3.1e9, "3.10G"),
  ])
  func counts(_ value: Double, _ text: String) { #expect(Format.count(value) == text) }

  @Test(arguments: [(0.876, "88%"), (0.0123, "1.2%"), (1.16, "116%"), (0, "0.0%")])
  func percentages(_ share: Double, _ text: String) { #expect(Format.percent(share) == text) }

  @Test(arguments: [(59.4, "59 s"), (125, "2 min 05 s"), (7260, "2 h 01 min")])
  func durations(_ seconds: Double, _ text: String) { #expect(Format.duration(seconds) == text) }

  @Test(arguments: [(0.12344, "0.1234"), (12, "12"), (2.5e-7, "2.5e-07"), (.nan, "–")])
  func shortest(_ value: Double, _ text: String) { #expect(Format.shortest(value) == text) }

  @Test func `text inside pages and tables`() {
    #expect(Markup.escape("<eos> & \"1\"") == "&lt;eos&gt; &amp; &quot;1&quot;")
    #expect(Markup.escapeMarkdown("|t| of *all* <eos> ~1") == "\\|t\\| of \\*all\\* \\<eos> \\~1")
  }
}
