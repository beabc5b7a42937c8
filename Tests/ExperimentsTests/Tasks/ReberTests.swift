import LinAlg
import Testing

@testable import Experiments

@Suite struct ReberTests {
  /// Whether Reber's grammar accepts an inner string: every state it may be in, arc by arc.
  static func isAccepted(_ inner: some Sequence<String>) -> Bool {
    var states: Set = [0]
    for symbol in inner {
      states = Set(
        states.flatMap { state in
          state < EmbeddedReber.arcs.count
            ? EmbeddedReber.arcs[state].filter { $0.symbol == symbol }.map(\.state) : []
        })
    }
    return states.contains(EmbeddedReber.arcs.count)
  }

  @Test func stringsAreOfTheGrammarAndAsLongAsAsked() {
    var rng = SeededGenerator(seed: 3)
    var bits: Set<String> = []
    for distance in [0, 50] {
      for _ in 0..<300 {
        let string = EmbeddedReber.symbols.decode(
          EmbeddedReber.string(distance: distance, using: &rng))
        #expect((9...154).contains(string.count) && string.count >= distance + 3)
        #expect(string.first == "B" && string.last == "E")
        #expect(string[1] == string[string.count - 2] && ["T", "P"].contains(string[1]))
        #expect(Self.isAccepted(string[2..<(string.count - 2)]))
        bits.insert(string[1])
      }
    }
    #expect(bits == ["T", "P"])
  }

  /// Strings of Reber's grammar by hand, and such as are not.
  @Test(arguments: [
    ("BTXSE", true), ("BPVVE", true), ("BTSSXXTVPSE", true), ("BPTVPXTTVVE", true),
    ("BTSSE", false), ("BPVPE", false), ("TXSE", false), ("BTXS", false),
  ])
  func grammar(string: String, isAccepted: Bool) {
    #expect(Self.isAccepted(string.map(String.init)) == isAccepted)
  }
}
