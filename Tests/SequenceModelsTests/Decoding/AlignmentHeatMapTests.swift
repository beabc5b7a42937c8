import SequenceModels
import Testing

@Suite struct AlignmentHeatMapTests {
  static let alignment = Alignment(weights: [[0.25, 0.75], [1, 0], [0.5, 0.5]])

  /// Each weight is the shade of a cell that says its names.
  @Test func `a heat map has every weight`() {
    let picture = Self.alignment.heatMap(
      title: "a & b", source: ["one", "two"], target: ["x", "<y>", "end"])
    #expect(picture.hasPrefix("<svg xmlns="))
    #expect(picture.contains("a &amp; b"))
    for (opacity, title) in [
      ("0.25", "x, one: 0.25"), ("0.75", "x, two: 0.75"), ("1", "&lt;y&gt;, one: 1"),
      ("0", "&lt;y&gt;, two: 0"), ("0.5", "end, two: 0.5"),
    ] {
      #expect(
        picture.contains("fill-opacity=\"\(opacity)\"><title>\(title)</title>"), "\(title)")
    }
  }

  @Test func `names of other steps trap`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = AlignmentHeatMapTests.alignment.heatMap(source: ["one"], target: ["x", "y"]) }
    #expect(
      message(result).contains("names of 2 and 1 steps for an alignment of 3 and 2"))
  }
}
