import Testing

@testable import Bench

/// Baseline files: what is written is read again, and what is malformed is refused with its line.
struct BaselineTests {
  private let baseline = Baseline(
    machine: "here", date: "2026-01-02", commit: "0123",
    costs: ["relu n2000": Interval(median: 2, low: 1.9, high: 2.2)])

  @Test func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(JSONReport.encode(baseline), to: "baseline.json")
    #expect(try Baseline.read(path: path) == baseline)
  }

  @Test(arguments: [
    ("", 1, "expected a value"),
    ("{\n \"schema\": 3,\n \"costs\": {\n}", 4, "expected ',' or '}'"),
    (
      "{ \"schema\": 3, \"machine\": \"\", \"date\": \"\", \"commit\": \"\",\n \"costs\": []}", 2,
      "costs: is not an object"
    ),
    ("{\n \"schema\": \"1\",\n \"costs\": {}\n}", 2, "schema: is not a whole number"),
    ("{\n \"costs\": {}\n}", 1, "has no 'schema'"),
    (
      "{ \"schema\": 3, \"machine\": \"\", \"date\": \"\", \"commit\": \"\", \"costs\": {\n"
        + "\"a\": {\n\"low\": 1}}}", 2, "costs.a: has no 'median'"
    ),
    ("{\"schema\": 3, \"costs\": {}}\n\nrest", 3, "expected the end of the file"),
    (
      "{\"schema\": 7, \"machine\": \"\", \"date\": \"\", \"commit\": \"\", \"costs\": {}}", 0,
      "schema 7"
    ),
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
    wrong.costs["relu n2000"]?.low = -1
    let path = try folder.write(JSONReport.encode(wrong), to: "b.json")
    let error = #expect(throws: BenchError.self) { try Baseline.read(path: path) }
    #expect(error?.message.contains("relu n2000") == true)
  }
}
