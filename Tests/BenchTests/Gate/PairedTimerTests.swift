import Foundation
import Recurrent
import Testing

@testable import Bench

/// Two programs that are measured by turns, here scripts that answer what they are told to.
struct PairedTimerTests {
  private let folder: TemporaryFolder
  private let row = GateRow(what: .kernel("k n1"))
  private let layer = GateRow(
    what: .layer(
      LayerCase(layer: .stacked, mode: .training, shape: Shape(T: 1, N: 1, D: 1, H: 1)), data: nil))

  init() throws { folder = try TemporaryFolder() }

  /// A program whose calls take `nanoseconds`, and which logs its turns; without rows it refuses what
  /// Bench refused before it knew them.
  private func program(_ name: String, _ nanoseconds: Double, rows: [String]?) throws -> String {
    let list = rows.map {
      "{\"ok\":true,\"rows\":[\($0.map { "\"\($0)\"" }.joined(separator: ","))]}"
    }
    let path = try folder.write(
      """
      #!/bin/sh
      while read -r line; do
        case $line in
          *'"rows"'*) echo '\(list ?? "{\"ok\":false}")' ;;
          *'"time"'*)
            echo \(name) >>'\(folder.path("log"))'
            echo '{"ok":true,"nanoseconds":[\(nanoseconds * 3),\(nanoseconds),\(nanoseconds * 2)]}' ;;
          *'"stacked"'*) echo '{"ok":\(rows != nil)}' ;;
          *) echo '{"ok":true}' ;;
        esac
      done
      """, to: name)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  private func timer(_ here: String, _ there: String) -> PairedTimer {
    PairedTimer(
      present: here, other: there, environment: ProcessInfo.processInfo.environment, threads: 1)
  }

  @Test func theRatioIsThatOfTheShortestSamples() throws {
    var timer = timer(
      try program("a", 330_000, rows: ["k n1"]), try program("b", 300_000, rows: ["k n1"]))
    let launch = try timer.launch(0, [row, layer])
    #expect(
      launch.ratios.mapValues { ($0 * 1000).rounded() } == [row.name: 1100, layer.name: 1100])
    timer.injectedSlowdown = 0.5
    #expect(abs((try timer.launch(1, [row]).ratios[row.name] ?? 0) - 1.65) < 1e-9)
  }

  @Test func turnsAreInterleavedAndNeitherAlwaysBegins() throws {
    var timer = timer(
      try program("a", 300_000, rows: ["k n1"]), try program("b", 300_000, rows: ["k n1"]))
    _ = try timer.launch(0, [row])
    let log = try String(contentsOfFile: folder.path("log"), encoding: .utf8)
    let turns = log.split(separator: "\n").suffix(2 * PairedTimer.pairs).map(String.init)
    let pairs = stride(from: 0, to: turns.count, by: 2).map { Set(turns[$0..<$0 + 2]) }
    #expect(pairs.allSatisfy { $0 == ["a", "b"] })
    #expect(Set(stride(from: 0, to: turns.count, by: 2).map { turns[$0] }) == ["a", "b"])
  }

  @Test func rowsThatOneSideLacksAreListed() throws {
    let new = try program("new", 300_000, rows: ["k n1", "new n1"])
    let other = try program("other", 300_000, rows: ["k n1", "gone n1"])
    var timer = timer(new, other)
    let launch = try timer.launch(0, [row, GateRow(what: .kernel("new n1"))])
    #expect(launch.ratios.keys.sorted() == ["k n1"])
    #expect(launch.onlyHere == ["new n1"] && launch.onlyThere == ["gone n1"])
  }

  /// A program from before there were rows is driven by what it knows.
  @Test func aProgramWithoutRowsIsComparedByItsLayers() throws {
    let plain = GateRow(
      what: .layer(
        LayerCase(layer: .lstm, mode: .training, shape: Shape(T: 1, N: 1, D: 1, H: 1)),
        data: folder.path("case.f32")))
    var timer = timer(
      try program("new", 300_000, rows: ["k n1"]), try program("old", 300_000, rows: nil))
    let launch = try timer.launch(0, [layer, plain])
    #expect(launch.ratios == [plain.name: 1])
    #expect(launch.onlyHere == [layer.name])
  }

  @Test func aProgramThatDiesIsAFailureAndNotTheEnd() throws {
    let path = try folder.write("#!/bin/sh\nexit 0\n", to: "dead")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    #expect(throws: BenchError.self) { _ = try GateSide(program: path, environment: [:]) }
    #expect(throws: BenchError.self) {
      _ = try GateSide(program: folder.path("absent"), environment: [:])
    }
  }
}

/// The rows are what there is to get slower.
struct GateRowTests {
  @Test func everyKernelOfTheListHasARow() {
    let listed = Set(KernelProbe.listed)
    #expect(listed.count > 40)
    func probed(_ scalar: String) -> Set<String> {
      Set(KernelProbe.all.filter { $0.scalar == scalar }.flatMap(\.kernels))
    }
    #expect(probed("f32") == listed)
    let packed = listed.filter {
      $0.contains("pack") || $0.hasPrefix("weight_gradient") || $0.hasPrefix("narrow")
    }
    #expect(probed("f64") == listed.subtracting(packed))
    #expect(KernelProbe.all.allSatisfy { KernelRows.names.contains($0.name) })
  }

  /// The types that the sources of Recurrent declare as layers or as options of one.
  private func declared(_ pattern: String) throws -> Set<String> {
    let root = try #require(PackageDirectory.root)
    let folder = root.appendingPathComponent("Sources/Recurrent")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var names: Set<String> = []
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: try Regex(pattern, as: (Substring, Substring).self)) {
        names.insert(String(match.output.1))
      }
    }
    return names
  }

  @Test func everyKindOfLayerHasARow() throws {
    let layers = try declared(
      #"public struct (\w+)<[^{]*>: (?:RecurrentLayer|CausalLayer|SequenceLayer)\b"#)
    #expect(layers.isSuperset(of: ["LSTM", "GRU", "SimpleRNN", "Stacked", "Bidirectional"]))
    let made = try LayerKind.allCases.map { kind -> String in
      let item = LayerCase(layer: kind, mode: .inference, shape: Shape(T: 1, N: 1, D: 4, H: 4))
      let name = "\(type(of: try LayerContestants.make(item, threads: 1)))"
      return String(name.split(separator: "<")[1])
    }
    #expect(layers.subtracting(made).isEmpty)
    let path = try #require(PackageDirectory.benchmarks).appendingPathComponent("check.layers").path
    #expect(Set(try ShapeFile.readLayers(path: path).map(\.layer)) == Set(LayerKind.allCases))
  }

  @Test func everySuiteCaseIsOne() {
    for cell in CellKind.allCases {
      let item = BenchCase(cell: cell, mode: .forward, shape: Shape(T: 1, N: 2, D: 3, H: 4))
      #expect(LayerCase(item).benchCase == item)
      #expect(LayerCase(item).description == item.description)
    }
    #expect(
      LayerCase(layer: .stacked, mode: .forward, shape: Shape(T: 1, N: 1, D: 1, H: 1))
        .benchCase == nil)
  }
}
