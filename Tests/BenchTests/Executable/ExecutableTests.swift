import CAllocationCounter
import Foundation
import Testing

@testable import Bench

/// The built program: what it prints where, its exit codes, and that it leaves nothing behind.
@Suite(.serialized)
struct ExecutableTests {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// Whether standard error is one line.
    var isOneLine: Bool { errors.split(separator: "\n").count == 1 && errors.hasSuffix("\n") }
  }

  /// The program lies beside the test bundle.
  static let executable: URL? = {
    guard let path = PackageDirectory.executablePath else { return nil }
    let url = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("Bench")
    return FileManager.default.isExecutableFile(atPath: url.path) ? url : nil
  }()

  private func bench(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .filter { $0.key != Relaunch.coreTypeVariable }
      .merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    let requests = Pipe()
    if input != nil { process.standardInput = requests }
    try process.run()
    if let input {
      try requests.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try requests.fileHandleForWriting.close()
    }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }

  /// A measurement small enough for a debug build.
  private let tiny = [
    "--shape", "T2xN2xD3xH4", "--cell", "lstm", "--mode", "training", "--min-time", "0.001",
    "--allow-debug", "--quiet",
  ]

  /// How fast it is does not matter here: 0 or 2.
  @Test func readsAndWritesFilesOfWeights() throws {
    let folder = try TemporaryFolder()
    let outcome = try bench([
      "files", "--megabytes", "1", "--turns", "1", "--directory", folder.path(""), "--allow-debug",
      "--quiet",
    ])
    #expect(outcome.status == 0 || outcome.status == 2, "\(outcome.errors)")
    for row in FileMeasurement.Row.allCases { #expect(outcome.output.contains(row.name)) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("")).isEmpty)
    let absent = try bench(["files", "--directory", folder.path("no"), "--allow-debug"])
    #expect(absent.status == 73 && absent.isOneLine, "\(absent.errors)")
  }

  @Test func measuresAndWritesJSON() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("r.json")
    let outcome = try bench(tiny + ["--output", path])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("packed"))
    let report = try Report.read(path: path)
    #expect(report.rows.map(\.contestant) == ["naive", "perGate", "fused", "packed"])
    #expect(report.rows.allSatisfy { $0.maxError <= $0.errorBound && $0.seconds.median > 0 })
    #expect(folder.contents == ["r.json"])

    let compared = try bench(["compare", path, path])
    #expect(compared.status == 0)
    #expect(compared.output.contains("1.00×"))
  }

  @Test func aWrongAnswerFailsTheRunAndWritesNothing() throws {
    let folder = try TemporaryFolder()
    let outcome = try bench(
      tiny + ["--inject-error", "1e-3", "--output", folder.path("r.json")])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("wrong answer: packed"))
    #expect(outcome.output.isEmpty)
    #expect(folder.contents.isEmpty)
  }

  /// In a debug build and at this size some rows may well be over what is allowed.
  @Test func knobsPrintsATableAndItsExitCodeTellsOfItsMarks() throws {
    let knobs = [
      "knobs", "--shape", "T2xN3xD4xH6", "--turns", "1", "--allow-debug", "--quiet",
    ]
    let outcome = try bench(knobs)
    let isMarked = outcome.output.contains("**over**")
    #expect(outcome.status == (isMarked ? 2 : 0), "\(outcome.errors)")
    #expect(outcome.errors.contains("costs more than is allowed") == isMarked)
    let rows = outcome.output.split(separator: "\n").filter { $0.hasPrefix("| ") }
    #expect(rows.count == Knob.all.count + 1)

    let wrong = try bench(knobs + ["--inject-error", "1e-3"])
    #expect(wrong.status == 1 && wrong.isOneLine && wrong.output.isEmpty)
    #expect(wrong.errors.contains("wrong answer"))
  }

  @Test func stepsMeasuresOnThreadsAndInProcesses() throws {
    let steps = [
      "steps", "--subjects", "stack-128,stack-128-training", "--turns", "2", "--min-time", "0.001",
      "--seed", "7", "--allow-debug", "--quiet",
    ]
    let outcome = try bench(steps + ["--json", "--layers", "together"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let result = try JSONDecoder().decode(StepsResult.self, from: Data(outcome.output.utf8))
    #expect(result.layers == .together)
    #expect(result.rows.map(\.subject) == ["stack-128", "stack-128-training"])
    for row in result.rows {
      #expect(row.threads == 2 && row.seconds > 0)
      for part in [row.gain, row.processes, row.share] {
        #expect(part.low > 0 && part.low <= part.median && part.median <= part.high)
      }
    }
    let table = try bench(steps + ["--threads", "3"])
    #expect(table.status == 0, "\(table.errors)")
    #expect(table.output.contains("of 3") && table.output.contains("stack-128-training"))

    for subject in ["stack-128", "tagger"] {
      let wrong = try bench([
        "steps", "--subjects", subject, "--turns", "1", "--min-time", "0.001", "--inject-error",
        "1e-6", "--allow-debug", "--quiet",
      ])
      #expect(wrong.status == 1 && wrong.isOneLine && wrong.output.isEmpty, "\(wrong.errors)")
      #expect(wrong.errors.contains("wrong answer: \(subject): ten steps on 2 threads"))
    }
  }

  /// It answers one line to each line until its input ends, and refuses what is no request.
  @Test func aProcessOfStepsDoesWhatItIsAsked() throws {
    let process = ["steps-process", "--subject", "stack-128", "--threads", "2", "--seed", "3"]
    let asked = try bench(process, input: "digest 2\nrun 3\ndigest 1\n")
    #expect(asked.status == 0 && asked.errors.isEmpty, "\(asked.errors)")
    let answers = asked.output.split(separator: "\n")
    try #require(answers.count == 3)
    // Inference has the same outputs each time.
    #expect(answers[0] == answers[2] && UInt64(answers[0]) != nil)
    #expect((Double(answers[1]) ?? 0) > 0)
    for request in ["run", "run 0", "run x", "walk 1", "run 1 2"] {
      let refused = try bench(process, input: "\(request)\n")
      #expect(refused.status == 64 && refused.isOneLine && refused.output.isEmpty)
      #expect(refused.errors.contains("'\(request)' is no request"), "\(refused.errors)")
    }
  }

  @Test(arguments: [
    ["--shape", "T5"], ["--suite", "nope"], ["--cell", "foo"], ["--mode", "foo"],
    ["--format", "foo"], ["--bogus"], ["--threads", "0"], ["--threads", "x"],
    ["--min-time", "-1"], ["--contestants", "foo"], ["check", "--tolerance", "200%"],
    ["check", "--inject-slowdown", "x"], ["compare", "one.json"], ["nothing"],
    ["--output", "/nowhere/at/all.json"],
    ["check", "--baseline", "b", "--record", "--inject-slowdown", "5%"],
    ["check", "--record"], ["check", "--baseline", "b", "--against", "HEAD"],
    ["check", "--against", "no-such-revision", "--allow-debug"],
    ["--suite", "quick", "--count", "3"], ["--suite", "random", "--count", "0"],
    ["list", "--count", "3"], ["knobs", "--shape", "T5"], ["knobs", "--turns", "0"],
    ["knobs", "--shape", "T1xN1xD1xH0"], ["steps", "--turns", "0"], ["steps", "--turns", "10001"],
    ["steps", "--subjects", "foo"], ["steps", "--subjects", ""],
    ["steps", "--subjects", "stack-128,"],
    ["steps", "--subjects", "stack-128", "--turns", "1", "--layers", "foo", "--allow-debug"],
    ["steps", "--subjects", "tagger", "--turns", "1", "--layers", "apart", "--allow-debug"],
    ["steps", "--threads", "0"], ["steps", "--min-time", "0"],
    ["steps-process", "--subject", "foo"],
    ["steps-process", "--subject", "tagger", "--layers", "x"],
    ["steps-process", "--subject", "tagger", "--threads", "0"], ["steps-process"],
  ])
  func badOptionsAreRefusedInOneLine(_ arguments: [String]) throws {
    let outcome = try bench(arguments)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.isOneLine, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test func badFilesAreRefusedInOneLineWithTheirLine() throws {
    let folder = try TemporaryFolder()
    let shapes = try folder.write("lstm training T1xN1xD1xH1\nlstm x\n", to: "bad.shapes")
    let baseline = try folder.write("{\n\"schema\": x}", to: "bad.json")
    for (arguments, place) in [
      (["--suite", shapes], "\(shapes):2: "),
      (["check", "--baseline", baseline], "\(baseline):2: "),
      (["compare", baseline, baseline], "\(baseline):2: "),
      (["compare", folder.path("a"), folder.path("b")], folder.path("a")),
    ] {
      let outcome = try bench(arguments)
      #expect(outcome.status == 65, "\(outcome.errors)")
      #expect(outcome.errors.contains(place), "\(outcome.errors)")
      #expect(outcome.isOneLine, "\(outcome.errors)")
    }
    #expect(folder.contents == ["bad.json", "bad.shapes"])
  }

  /// Both sides are this program, in which nothing is slower than itself unless that is planted.
  @Test func theGateFindsWhatIsPlanted() throws {
    let bench = try #require(Self.executable).path
    let check = [
      "check", "--against", bench, "--rows", "packed_product f32 N4", "--allow-debug", "--quiet",
    ]
    let planted = try self.bench(check + ["--inject-slowdown", "60%"])
    #expect(planted.status == 2, "\(planted.output)\(planted.errors)")
    #expect(planted.isOneLine && planted.errors.contains("slower than \(bench): packed_product"))
    #expect(planted.output.contains("SLOWER"))
    let tolerant = try self.bench(check + ["--tolerance", "90%"])
    #expect(tolerant.status == 0, "\(tolerant.output)\(tolerant.errors)")
    #expect(!tolerant.output.contains("relu"))
  }

  /// The file's layers alone are measured, each of which this program knows.
  @Test func theGateMeasuresAFileOfLayers() throws {
    let folder = try TemporaryFolder()
    let bench = try #require(Self.executable).path
    let shapes = try folder.write("gru,stacked all T2xN3xD4xH6\n", to: "my.layers")
    let outcome = try self.bench([
      "check", "--against", bench, "--shapes", shapes, "--tolerance", "90%", "--allow-debug",
    ])
    #expect(outcome.status == 0 || outcome.status == 4, "\(outcome.errors)")
    for layer in ["gru", "stacked"] {
      for mode in Mode.allCases { #expect(outcome.output.contains("\(layer) \(mode) T2xN3xD4xH6")) }
    }
    #expect(!outcome.output.contains("f32"))
    #expect(folder.contents == ["my.layers"])

    // Before anything is timed, each kind is verified.
    for layer in ["gru", "stacked"] {
      let shapes = try folder.write("\(layer) training T2xN3xD4xH6\n", to: "my.layers")
      let wrong = try self.bench([
        "check", "--against", bench, "--shapes", shapes, "--inject-error", "1e-3", "--allow-debug",
        "--quiet",
      ])
      #expect(wrong.status == 1 && wrong.isOneLine && wrong.output.isEmpty, "\(wrong.errors)")
      #expect(wrong.errors.contains("wrong answer: "))
      #expect(wrong.errors.contains("\(layer) training T2xN3xD4xH6: outputs differs"))
    }
  }

  @Test func aStoredBaselineIsForOneMachine() throws {
    let folder = try TemporaryFolder()
    let (path, rows) = (folder.path("b.json"), "packed_product f32 N16")
    let check = [
      "check", "--baseline", path, "--rows", rows, "--allow-debug", "--quiet",
    ]
    let recorded = try bench(check + ["--record"])
    #expect(recorded.status == 0, "\(recorded.errors)")
    #expect(recorded.errors.contains("for this machine alone"))
    var stored = try Baseline.read(path: path)
    #expect(stored.costs.count == KernelRows.names.count { $0.contains(rows) })

    stored.costs["\(rows) of old"] = Interval(median: 1, low: 1, high: 1)
    let removed = try #require(stored.costs.keys.first { $0.contains("N16 M512") })
    stored.costs[removed] = nil
    _ = try folder.write(JSONReport.encode(stored), to: "b.json")
    let outcome = try bench(check + ["--tolerance", "90%"])
    #expect(outcome.status == 0 || outcome.status == 4, "\(outcome.errors)")
    #expect(outcome.errors.contains("a stored baseline is for one machine"))
    #expect(outcome.output.contains("not judged, only here: \(removed)"), "\(outcome.output)")
    #expect(outcome.output.contains("\(rows) of old\n"))

    stored.machine = "elsewhere"
    _ = try folder.write(JSONReport.encode(stored), to: "b.json")
    let other = try bench(check)
    #expect(other.status == 4 && other.isOneLine)
    #expect(other.errors.contains("is for another machine, elsewhere"))
  }

  /// An allocator that is preloaded gives back only what it gave itself.
  @Test(.enabled(if: allocation_counter_is_available()))
  func aPreloadedAllocatorGetsNoneOfOurMemory() throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(
      """
      #include <stdlib.h>
      void free(void *memory) { if (memory) abort(); }
      """, to: "allocator.c")
    let library = folder.path("allocator.so")
    let built = Subprocess.run(["clang", "-shared", "-fPIC", "-o", library, source], quiet: true)
    try #require(built == 0)
    let outcome = try bench(["list"], environment: ["LD_PRELOAD": library])
    #expect(outcome.status == 0, "\(outcome.status) \(outcome.errors)")
  }

  @Test func theVariableThatChoosesKernelsIsCleared() throws {
    let cleared = try bench(tiny, environment: [Relaunch.coreTypeVariable: "Prescott"])
    #expect(cleared.status == 0)
    #expect(cleared.errors.contains("starting again without it"))
    #expect(!cleared.output.contains("Prescott"))
    let kept = try bench(
      tiny + ["--keep-coretype"], environment: [Relaunch.coreTypeVariable: "Prescott"])
    #expect(kept.status == 0)
    #expect(!kept.errors.contains("starting again"))
  }

  @Test func helpVersionAndListsGoToStandardOutput() throws {
    for arguments in [
      ["--help"], ["run", "--help"], ["help", "check"], ["knobs", "--help"], ["serve", "--help"],
      ["steps", "--help"], ["--version"], ["list"],
    ] {
      let outcome = try bench(arguments)
      #expect(outcome.status == 0)
      #expect(!outcome.output.isEmpty)
      #expect(outcome.errors.isEmpty)
    }
    let listed = try bench(["list", "--suite", "deepbench", "--cell", "gru"])
    #expect(listed.output.contains("T187xN32xD2816xH2816"))
  }

  @Test func randomShapesArePrintedAsAFile() throws {
    let list = ["list", "--suite", "random", "--count", "2", "--seed", "9", "--plain"]
    let outcome = try bench(list)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      try ShapeFile.parse(outcome.output, path: "-") == Suite.random(seed: 9, count: 2).cases)
  }

  @Test func measuresBesideANeighbour() throws {
    let outcome = try bench(tiny + ["--neighbour", "--contestants", "packed"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("a process streams memory beside this one"))
  }

  /// It ends with whoever holds the other end of its input, so that none is left behind.
  @Test func theNeighbourEndsWithItsInput() throws {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = [NeighbourCommand.name]
    let line = Pipe()
    process.standardInput = line
    try process.run()
    #expect(process.isRunning)
    try line.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}
