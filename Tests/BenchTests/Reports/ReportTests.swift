import Foundation
import Testing

@testable import Bench

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Each form of the report says the same, and can be read by whom it is for.
struct ReportTests {
  private let report = SampleReport.report

  @Test func jsonRoundTrip() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(JSONReport.encode(report), to: "r.json")
    #expect(try Report.read(path: path) == report)
  }

  /// The fields that the documentation promises, with null where there is no value.
  @Test func jsonHasTheDocumentedFields() throws {
    let text = try JSONReport.encode(report)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let row = try #require((object["rows"] as? [[String: Any]])?.first)
    let fields = [
      "cell", "mode", "T", "N", "D", "H", "threads", "contestant", "seconds", "samples", "gflops",
      "tokensPerSecond", "peakShare", "speedup", "maxError", "errorBound", "verified",
      "allocationsPerCall", "scaledFromSteps", "tapeBytes", "window",
    ]
    #expect(Set(row.keys) == Set(fields))
    let speedup = try #require(row["speedup"] as? [String: Any])
    #expect(speedup["perGate"] is NSNull)
    let header = try #require(object["header"] as? [String: Any])
    #expect((header["load"] as? [String: Any])?["end"] is NSNull)
    #expect(Set(try #require(row["seconds"] as? [String: Any]).keys) == ["median", "low", "high"])
  }

  @Test func everyFormSaysWhichKernelsRunAndWhichThereAre() throws {
    let words = "AVX2 (of portable, AVX2, AVX-512)"
    #expect(TextReport.render(report).contains("engine kernels \(words)"))
    #expect(MarkdownReport.render(report).contains("engine kernels \(words)"))
    #expect(HTMLReport.render(report).contains(words))
    let text = try JSONReport.encode(report)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let header = try #require(object["header"] as? [String: Any])
    #expect(header["builtFor"] as? [String] == ["portable", "AVX2", "AVX-512"])
    #expect(header["isa"] as? String == "AVX2")
    // A report of before it was told.
    var older = report
    older.header.builtFor = nil
    let folder = try TemporaryFolder()
    let path = try folder.write(JSONReport.encode(older), to: "r.json")
    #expect(try Report.read(path: path) == older)
    #expect(TextReport.render(older).contains("engine kernels AVX2\n"))
  }

  @Test func aMissingNullableFieldReadsAsNull() throws {
    let text = try JSONReport.encode(report)
      .replacingOccurrences(of: "\"allocationsPerCall\" : null,", with: "")
    let folder = try TemporaryFolder()
    #expect(try Report.read(path: folder.write(text, to: "r.json")) == report)
  }

  @Test func aMalformedReportIsRefusedWithItsLine() throws {
    let text = try JSONReport.encode(report)
    let lines = text.split(separator: "\n").map(String.init)
    let index = try #require(lines.firstIndex { $0.contains("\"gflops\"") })
    var broken = lines
    broken[index] = broken[index].replacingOccurrences(of: ": ", with: ": \"x\" ")
    let folder = try TemporaryFolder()
    let path = try folder.write(broken.joined(separator: "\n"), to: "r.json")
    let error = #expect(throws: BenchError.self) { try Report.read(path: path) }
    #expect(error?.message.hasPrefix("\(path):\(index + 1): ") == true, "\(error?.message ?? "")")
  }

  @Test func rowsOfASharedCoreAreNamed() {
    var report = report
    #expect(
      TextReport.window(report) == ["in flight: 417 to 417 instructions between the rows' samples"])
    let shared = report.rows[0].benchCase
    for i in report.rows.indices where report.rows[i].benchCase == shared {
      report.rows[i].window = 208
    }
    let notes = TextReport.window(report)
    #expect(notes.count == 2 && notes[1] == "  \(shared): 208", "\(notes)")
    for i in report.rows.indices { report.rows[i].window = nil }
    #expect(TextReport.window(report).isEmpty)
  }

  @Test func theTableFitsATerminalAndAligns() {
    let lines = TextReport.render(report).split(separator: "\n").map(String.init)
    let rule = lines.first { $0.hasPrefix("──") } ?? ""
    #expect(rule.count <= 120)
    #expect(lines.allSatisfy { $0.count <= 120 }, "\(lines.filter { $0.count > 120 })")
    let rows = lines.filter { $0.contains(" ms ") || $0.contains(" s ") }.filter {
      $0.contains("naive") || $0.contains("perGate ") || $0.contains("packed ")
    }
    #expect(rows.count >= 6)
    #expect(rows.allSatisfy { $0.count <= rule.count })
  }

  @Test func scaledTimesAndSpeedupsAreMarkedInEveryForm() throws {
    let text = TextReport.render(report)
    #expect(text.contains("~2.00 s"))
    #expect(text.contains("~50.0"))
    #expect(text.contains("~ timed on fewer steps"))
    #expect(text.contains("4e-07*"))
    #expect(MarkdownReport.render(report).contains("\\~50.0"))
    #expect(try GitHubReport.render(report).contains("scaled from 2 of 50 steps"))
    #expect(HTMLReport.render(report).contains("<td>~2.00 s</td>"))
    #expect(try JSONReport.encode(report).contains("\"scaledFromSteps\" : 2"))
  }

  /// Rows with lengths show the share of steps that count and of the time.
  @Test func rowsWithLengthsShowTheirShares() throws {
    var ragged = report
    ragged.rows = Array(ragged.rows[2...3])
    for i in 0..<2 {
      ragged.rows[i].lengths = .sentences
      ragged.rows[i].meanLengthShare = 0.4213
      (ragged.rows[i].T, ragged.rows[i].N, ragged.rows[i].D) = (1500, 2048, 2560)
    }
    ragged.rows[0].contestant = "padded"
    ragged.rows[1].shareOfPadded = Interval(median: 0.4572, low: 0.45, high: 0.46)
    let text = TextReport.render(ragged)
    #expect(text.contains("mean÷T") && text.contains("0.42") && text.contains("0.46"))
    #expect(!text.contains("×naive"))
    #expect(text.contains("T1500 N2048 D2560 H256 sentences"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(text)")
    #expect(MarkdownReport.render(ragged).contains("| 0.42 | 0.46 |"))
    #expect(HTMLReport.render(ragged).contains("<td>0.46</td>"))
    let folder = try TemporaryFolder()
    let path = try folder.write(JSONReport.encode(ragged), to: "r.json")
    #expect(try Report.read(path: path) == ragged)
    let names = try JSONDecoder().decode(
      [GitHubReport.Entry].self, from: Data(GitHubReport.render(ragged).utf8)
    ).map(\.name)
    #expect(names.allSatisfy { $0.contains(" sentences/") })
    // With and without lengths are different rows.
    let comparison = Comparison(report, ragged)
    #expect(comparison.lines.isEmpty)
  }

  @Test func aReportWithoutMarksExplainsNone() {
    var plain = report
    plain.rows.removeAll { $0.isScaled || !$0.isCompletelyVerified }
    #expect(!plain.rows.isEmpty)
    #expect(TextReport.marks(plain).isEmpty)
  }

  @Test func markdownIsOneTableOfTheEngine() {
    let lines = MarkdownReport.render(report).split(separator: "\n")
    let table = lines.filter { $0.hasPrefix("|") }
    #expect(table.count == 2 + 2)
    let columns = Set(
      table.map { $0.replacingOccurrences(of: "\\|", with: "").filter { $0 == "|" }.count })
    #expect(columns.count == 1)
    #expect(table.dropFirst(2).allSatisfy { $0.contains("| packed |") })
  }

  @Test func githubListIsWhatTheActionReads() throws {
    let text = try GitHubReport.render(report)
    let list = try JSONDecoder().decode([GitHubReport.Entry].self, from: Data(text.utf8))
    #expect(list.count == report.rows.count)
    #expect(Set(list.map(\.name)).count == list.count)
    #expect(list.allSatisfy { $0.unit == "GFLOP/s" && $0.value > 0 && $0.range.hasPrefix("± ") })
  }

  @Test func thePageStandsAlone() {
    let page = HTMLReport.render(report)
    for forbidden in ["<script", "http:", "https:", "src=", "@import", "url("] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    #expect(page.contains("prefers-color-scheme: dark"))
    #expect(page.contains("AMD EPYC 7763 &lt;64-Core&gt; &amp; &quot;more&quot;"))
    #expect(!page.contains("<64-Core>"))
  }

  /// Each picture is well-formed, and nothing is drawn at a coordinate that is not a number.
  @Test func thePicturesAreWellFormed() {
    let page = HTMLReport.render(report)
    let pictures = page.components(separatedBy: "<svg").dropFirst()
      .compactMap { $0.components(separatedBy: "</svg>").first.map { "<svg\($0)</svg>" } }
    #expect(pictures.count == 3 + CellKind.allCases.count)
    for picture in pictures {
      let parser = XMLParser(data: Data(picture.utf8))
      #expect(parser.parse(), "\(String(describing: parser.parserError)) in \(picture)")
      #expect(!picture.contains("nan") && !picture.contains("inf\""))
    }
  }

  @Test func comparingFindsWhatChanged() throws {
    var later = report
    later.rows[2].seconds = later.rows[2].seconds.scaled(by: 0.5)
    later.rows[2].peakShare *= 1.5
    later.rows.removeLast()
    later.header.cpu = "another"
    let comparison = Comparison(report, later)
    #expect(comparison.lines.count == 7)
    #expect(comparison.onlyInA.count == 1)
    #expect(comparison.lines[2].speedup == 2)
    #expect(comparison.lines[2].speedupOfPeakShare == 1.5)
    #expect(comparison.lines[2].isSignificant)
    #expect(!comparison.lines[1].isSignificant)
    #expect(comparison.warnings.count == 1)
    let text = comparison.text()
    #expect(text.contains("faster"))
    #expect(text.contains("only in A"))
  }
}
