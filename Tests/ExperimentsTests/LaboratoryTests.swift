import Foundation
import Testing

@testable import Experiments

/// Reports one number that meets its target and one without a target.
private enum Met: Experiment {
  static let name = "met"
  static let summary = "meets its target"
  static func measure(_ run: ExperimentRun) {
    run.report("share", 0.5, .atLeast(0.5), parameters: 7, note: "of \(run.seed)")
    run.report("shown", .nan)
    run.show(.text(title: "samples", lines: ["a", "b"]))
    run.show(
      .lines(
        LineFigure(
          title: "curve", x: "step", y: "loss", series: [.init(name: "s", x: [1, 2], y: [3, 4])])))
    run.show(
      .heatMap(
        HeatMapFigure(
          title: "α", rowAxis: "written", columnAxis: "read", rows: ["r"], columns: ["c"],
          values: [[1]])))
    run.show(.picture(PictureFigure(title: "a dot", width: 9, png: Data([1, 2, 3]))))
  }
}

private enum Missed: Experiment {
  static let name = "missed"
  static let summary = "misses its target"
  static func measure(_ run: ExperimentRun) { run.report("share", 0.4, .above(0.4)) }
}

private enum Failing: Experiment {
  struct Failure: Error {}
  static let name = "failing"
  static let summary = "cannot go on"
  static func measure(_ run: ExperimentRun) throws { throw Failure() }
}

@Suite struct LaboratoryTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("laboratory-\(UUID().uuidString)").path

  private func laboratory(resumes: Bool = false, commit: String = "abc") -> Laboratory {
    Laboratory(
      store: ResultStore(folder: folder), budget: .smoke, seed: 3, threads: 1, dataFolder: "data",
      resumes: resumes, commit: commit, processor: "a processor", say: { _ in })
  }

  @Test func runsAndStoresEach() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (record, failures) = try laboratory().run([Met.self, Failing.self, Missed.self])
    #expect(failures.map(\.experiment) == ["failing"])
    #expect(record.results.map(\.experiment) == ["met", "met", "missed"])
    #expect(record.results.map(\.isMet) == [true, nil, false])
    #expect(!record.isMet)
    #expect(record.results[0].note == "of 3")
    // What is stored is what was measured; the one that failed stores nothing.
    let store = ResultStore(folder: folder)
    let met = try #require(try store.read("met", .smoke, seed: 3))
    #expect(met.figures == Array(record.figures))
    #expect(met.results[0] == record.results[0])
    #expect(met.results[1].measured.isNaN)
    #expect(met.isMet)
    #expect(try store.read("failing", .smoke, seed: 3) == nil)
    #expect(try store.read("met", .full, seed: 3) == nil)
    #expect(try store.read("met", .smoke, seed: 4) == nil)
  }

  @Test func resumingMeasuresOnlyWhatIsNotStored() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try laboratory(commit: "old").run([Met.self])
    let (record, _) = try laboratory(resumes: true, commit: "new").run([Met.self, Missed.self])
    #expect(record.results.map(\.commit) == ["old", "old", "new"])
    let again = try laboratory(commit: "new").run([Met.self])
    #expect(again.record.results.map(\.commit) == ["new", "new"])
  }

  @Test func filesThatAreNoResultsAreNamed() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try laboratory().run([Met.self])
    let path = "\(folder)/smoke/met-3.json"
    for (text, expected) in [
      ("nonsense", "met-3.json"),
      (#"{"schema":2,"results":[],"figures":[]}"#, "schema 2, expected 1"),
    ] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      #expect {
        try laboratory(resumes: true).run([Met.self])
      } throws: { error in
        "\(error)".contains(expected) && "\(error)".contains("remove it")
      }
    }
  }

  @Test func targets() {
    let cases: [(Target, Double, Bool)] = [
      (.atLeast(1), 1, true), (.atLeast(1), 0.999, false), (.atMost(1), 1, true),
      (.atMost(1), 1.001, false), (.above(1), 1, false), (.below(1), 1, false),
      (.above(1), 1.1, true), (.below(1), 0.9, true), (.equal(2), 2, true), (.equal(2), 1, false),
    ]
    for (target, measured, isMet) in cases {
      #expect(target.isMet(by: measured) == isMet, "\(target) \(measured)")
      #expect(!target.isMet(by: .nan))
      #expect(Target(comparison: target.comparison, bound: target.bound) == target)
    }
    #expect(Target(comparison: "about", bound: 1) == nil)
  }

  @Test func reports() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (record, _) = try laboratory().run([Met.self, Missed.self])
    let json = try JSONReport.render(record)
    #expect(json.contains(#""schema" : 1"#) && json.contains(#""comparison" : "≥""#))
    #expect(json.contains(#""measured" : null"#) && json.contains(#""met" : false"#))
    let markdown = MarkdownReport.render(record)
    #expect(markdown.contains("| `missed` | share | 0.4 | > 0.4 | **no** | 3 |"))
    let text = TextReport.render(record)
    #expect(text.contains("met         share (of 3)       0.5   ≥ 0.5  yes"), "\(text)")
    let page = HTMLReport.render(record)
    #expect(page.contains("1 met, 1 missed") && page.contains("missed: share is 0.4, &gt; 0.4"))
    #expect(
      page.contains("curve") && page.contains("<pre>a\nb</pre>") && page.contains("written ↓"))
    #expect(page.contains("alt=\"a dot\"") && page.contains("data:image/png;base64,AQID\""))
    #expect(ReportFormat(path: "a/b.JSON") == .json && ReportFormat(path: "a") == nil)
  }

  @Test func commandLine() throws {
    #expect(throws: (any Error).self) { try Run.parse(["nothing-of-this-name"]) }
    #expect(throws: (any Error).self) { try Run.parse([]) }
    #expect(throws: (any Error).self) { try Run.parse(["--all", "--threads", "0"]) }
    #expect(throws: (any Error).self) { try Run.parse(["--all", "--budget", "huge"]) }
    let run = try Run.parse(["--all", "--budget", "full", "--seed", "7", "--resume"])
    #expect(run.report.budget == .full && run.report.seed == 7 && run.resume)
    #expect(Set(allExperiments.map { $0.name }).count == allExperiments.count)
    #expect(allExperiments.map { $0.name } == allExperiments.map { $0.name }.sorted())
  }
}
