import ArgumentParser
import Charts
import LinAlg

/// Measures the machine's limits alone.
struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak",
    abstract: "Measure the machine's limits, and show what the engine chooses for them.",
    discussion: """
      Multiply–adds in registers, how many instructions the core holds in flight (half of what the processor \
      has where somebody else uses the core, too), reading from each cache and from memory, and SGEMM by size; then, for shapes \
      from a stream to a large batch: who computes the products, how the steps are divided among how many \
      threads, and how many steps' projections are one product.

      EXAMPLES
        Bench peak
        Bench peak --threads 2 --json
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Flag(help: "Print JSON instead of tables.")
  var json = false

  /// What is printed as JSON.
  struct Result: Codable, Equatable {
    struct Product: Codable, Equatable {
      var size: Int
      var gflops: Interval
    }
    /// Reading a working set of this size again and again, on one core.
    struct Reading: Codable, Equatable {
      var level: String
      var bytes: Int
      var gbPerSecond: Interval
    }
    /// Multiply–adds on this many threads at once.
    struct MultiplyAdds: Codable, Equatable {
      var threads: Int
      var gflops: Interval
    }
    var cpu: String
    var isa: String
    var builtFor: [String]
    var openblas: Report.Library
    var threads: Int
    var multiplyAdds: [MultiplyAdds]
    /// Instructions that one core holds in flight; nil where not known.
    var window: Interval?
    var reading: [Reading]
    var memoryGBPerSecond: Interval
    var sgemm: [Product]
    var choices: [EngineChoice]
    var warnings: [String]
  }

  func run() throws {
    try measuring.prepareProcess()
    let settings = measuring.settings(contestants: [])
    let progress = Progress(quiet: measuring.quiet)
    let cores = CPU.current.cores
    progress.note("multiply–adds")
    let multiplyAdds = Set([1, cores]).sorted().compactMap { threads in
      CoreLimits.multiplyAdds(threads: threads)
        .map { Result.MultiplyAdds(threads: threads, gflops: $0) }
    }
    let window = InstructionWindow.measure()
    progress.note("memory")
    let reading = MemoryLevel.all.compactMap { level in
      CoreLimits.reading(bytes: level.workingSet).map {
        Result.Reading(level: level.name, bytes: level.workingSet, gbPerSecond: $0)
      }
    }
    var products: [Result.Product] = []
    let streaming = OpenBLASThreads.with(settings.threads) {
      for size in [128, 256, 512, 1024, 2048] {
        progress.note("SGEMM, size \(size)")
        let probe = PeakProbe(size: size)
        let one = Stopwatch.seconds(.wall, probe.call)
        let samples = min(2_000, max(5, Int(settings.minTime / max(one, 1e-6))))
        guard let gflops = probe.measure(samples: samples) else { continue }
        products.append(Result.Product(size: size, gflops: gflops))
      }
      return MemoryBandwidth.streaming(samples: 15)
    }
    guard let streaming else {
      throw BenchError.failure("the memory bandwidth could not be measured")
    }
    let result = Result(
      cpu: CPU.current.model, isa: InstructionSet.current.description,
      builtFor: Machine.builtFor, openblas: .current,
      threads: settings.threads, multiplyAdds: multiplyAdds, window: window, reading: reading,
      memoryGBPerSecond: streaming, sgemm: products,
      choices: EngineChoice.table(threads: settings.threads), warnings: Machine.warnings(settings))
    StandardOutput.write(json ? try JSONReport.encode(result) : Self.render(result))
  }

  static func render(_ result: Result) -> String {
    let lines = [
      "\(result.cpu), engine kernels \(Machine.kernels(result.isa, builtFor: result.builtFor))",
      "OpenBLAS \(result.openblas.version), core type \(result.openblas.coreType), "
        + threads(result.threads),
    ]
    let warnings = result.warnings.map { "warning: \($0)" }
    return (lines + warnings + [""] + limits(result).lines() + [""] + choices(result).lines())
      .joined(separator: "\n") + "\n"
  }

  private static func limits(_ result: Result) -> TextTable {
    var table = TextTable(columns: [
      .init(title: "limit", alignment: .left), .init(title: "rate"), .init(title: "±"),
    ])
    func row(_ name: String, _ rate: Interval, _ unit: String) {
      table.rows.append([
        name, "\(Format.significant(rate.median)) \(unit)",
        Format.percent(rate.relativeHalfWidth),
      ])
    }
    for item in result.multiplyAdds {
      row("multiply–adds, \(threads(item.threads))", item.gflops, "GFLOP/s")
    }
    if let window = result.window { row("in flight, 1 thread", window, "instructions") }
    for item in result.sgemm {
      row("SGEMM \(item.size)×\(item.size), \(threads(result.threads))", item.gflops, "GFLOP/s")
    }
    for item in result.reading {
      row("reading \(size(item.bytes)) (\(item.level)), 1 thread", item.gbPerSecond, "GB/s")
    }
    row("memory (axpy), \(threads(result.threads))", result.memoryGBPerSecond, "GB/s")
    return table
  }

  private static func choices(_ result: Result) -> TextTable {
    var table = TextTable(columns: [
      .init(title: "layer", alignment: .left), .init(title: "T"), .init(title: "N"),
      .init(title: "D"), .init(title: "H"), .init(title: "products", alignment: .left),
      .init(title: "steps divided", alignment: .left), .init(title: "threads"),
      .init(title: "chunk"),
    ])
    table.rows = result.choices.map {
      [
        $0.layer, "\($0.T)", "\($0.N)", "\($0.D)", "\($0.H)", $0.products,
        $0.split == "none" ? "no" : "by \($0.split)", "\($0.threads)", "\($0.chunk)",
      ]
    }
    return table
  }

  private static func threads(_ count: Int) -> String { "\(count) thread\(count == 1 ? "" : "s")" }

  private static func size(_ bytes: Int) -> String {
    bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
  }
}
