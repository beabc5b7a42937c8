import Testing

@testable import Bench

/// Baseline files: what is written is read again, and what is malformed is refused with its line.
struct BaselineTests {
  private let baseline = Baseline(entries: ["AVX2/Zen": GateDecisionTests.baseline()])

  @Test func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(JSONReport.encode(baseline), to: "baseline.json")
    #expect(try Baseline.read(path: path) == baseline)
  }

  @Test func theCommittedBaselineCanBeRead() throws {
    let folder = try #require(PackageDirectory.benchmarks)
    let committed = try Baseline.read(path: folder.appendingPathComponent("baseline.json").path)
    #expect(committed.schema == Baseline.currentSchema)
  }

  @Test(arguments: [
    ("", 1, "expected a value"),
    ("{\n \"schema\": 2,\n \"entries\": {\n}", 4, "expected ',' or '}'"),
    ("{\n \"schema\": 2,\n \"entries\": []\n}", 3, "entries: is not an object"),
    ("{\n \"schema\": \"1\",\n \"entries\": {}\n}", 2, "schema: is not a whole number"),
    ("{\n \"entries\": {}\n}", 1, "has no 'schema'"),
    (
      "{ \"schema\": 2, \"entries\": {\n\"a/b\": {\n\"cpu\": \"x\"}}}", 2,
      "entries.a/b: has no 'openblas'"
    ),
    ("{\"schema\": 2, \"entries\": {}}\n\nrest", 3, "expected the end of the file"),
    ("{\"schema\": 7, \"entries\": {}}", 0, "schema 7"),
  ])
  func aMalformedFileIsRefused(_ text: String, line: Int, reason: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "b.json")
    let error = #expect(throws: BenchError.self) { try Baseline.read(path: path) }
    #expect(error?.code == .data)
    let place = line == 0 ? "\(path): " : "\(path):\(line): "
    #expect(error?.message.hasPrefix(place) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("\n") == false)
  }

  @Test func impossibleIntervalsAreRefused() throws {
    let folder = try TemporaryFolder()
    var wrong = baseline
    let name = GateDecisionTests.rows[0].name
    wrong.entries["AVX2/Zen"]?.costs[name]?.low = -1
    let path = try folder.write(JSONReport.encode(wrong), to: "b.json")
    let error = #expect(throws: BenchError.self) { try Baseline.read(path: path) }
    #expect(error?.message.contains(name) == true)
  }

  @Test func combiningKeepsEveryPassInside() throws {
    let passes = (0..<5).map { GateDecisionTests.samples(seed: UInt64($0), noise: 0.05)[0] }
    let combined = try #require(BaselineEntry.combining(passes))
    for pass in passes {
      let median = try #require(pass.interval).median
      #expect(combined.low <= median && median <= combined.high)
    }
    #expect(combined.isPositiveAndOrdered)
  }
}

/// Lines of JSON values, for error messages.
struct JSONLineMapTests {
  @Test func findsEveryValue() throws {
    let map = try JSONLineMap("{\"a\": [1,\n {\"b\": \"x\\\"}\"}],\n\n\"c\": null}")
    #expect(map.line(of: []) == 1)
    #expect(map.line(of: ["a", "0"]) == 1)
    #expect(map.line(of: ["a", "1", "b"]) == 2)
    #expect(map.line(of: ["c"]) == 4)
    #expect(map.line(of: ["a", "1", "missing"]) == 2)
  }

  @Test(arguments: [
    "{", "[1,]", "{\"a\"}", "{\"a\":}", "tru", "\"open", "01x", "{\"a\":1,}", "[1 2]", "nan",
    "\"\\", "{1:2}", String(repeating: "[", count: 100),
  ])
  func refusesWhatIsNotJSON(_ text: String) {
    #expect(throws: JSONLineMap.SyntaxError.self) { try JSONLineMap(text) }
  }

  @Test(arguments: ["1", "-1.5e+3", "[]", "{}", " [ { } , [ ] ] ", "\"a\\u00e4\\n\"", "true"])
  func acceptsJSON(_ text: String) throws {
    _ = try JSONLineMap(text)
  }
}
