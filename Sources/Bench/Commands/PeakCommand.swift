import ArgumentParser

/// Measures the machine's limits alone.
struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak",
    abstract: "Measure the machine's limits: SGEMM by size, bandwidth of caches and memory.",
    discussion: """
      EXAMPLES
        Bench peak
        Bench peak --threads 2 --json
      """)

  @OptionGroup var measuring: MeasuringOptions

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  /// What is printed as JSON.
  struct Result: Codable, Equatable {
    struct Product: Codable, Equatable {
      var size: Int
      var gflops: Interval
    }
    /// Reading a working set of this size again and again.
    struct Reading: Codable, Equatable {
      var bytes: Int
      var gbPerSecond: Interval
    }
    var cpu: String
    var openblas: Report.Library
    var threads: Int
    var sgemm: [Product]
    var reading: [Reading]
    var memoryGBPerSecond: Interval
    var warnings: [String]
  }

  func run() throws {
    try measuring.prepareProcess()
    let settings = measuring.settings(contestants: [])
    let progress = Progress(quiet: measuring.quiet)
    var products: [Result.Product] = []
    for size in [128, 256, 512, 1024, 2048] {
      progress.note("SGEMM, size \(size)")
      let probe = PeakProbe(size: size)
      let one = Stopwatch.seconds(.wall, probe.call)
      let samples = min(2_000, max(5, Int(settings.minTime / max(one, 1e-6))))
      guard let gflops = probe.measure(samples: samples) else { continue }
      products.append(Result.Product(size: size, gflops: gflops))
    }
    progress.note("memory")
    let reading = [1 << 14, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 27].compactMap { bytes in
      MemoryBandwidth.reading(workingSet: bytes).map {
        Result.Reading(bytes: bytes, gbPerSecond: $0)
      }
    }
    guard let bandwidth = MemoryBandwidth.streaming(samples: 15) else {
      throw BenchError.failure("the memory bandwidth could not be measured")
    }
    let result = Result(
      cpu: CPU.current.model, openblas: .current, threads: settings.threads, sgemm: products,
      reading: reading, memoryGBPerSecond: bandwidth, warnings: Machine.warnings(settings))
    StandardOutput.write(json ? try JSONReport.encode(result) : Self.render(result))
  }

  static func render(_ result: Result) -> String {
    var lines = [
      result.cpu,
      "OpenBLAS \(result.openblas.version), core type \(result.openblas.coreType), "
        + "\(result.threads) \(result.threads == 1 ? "thread" : "threads")",
    ]
    lines += result.warnings.map { "warning: \($0)" }
    var table = TextTable(columns: [
      .init(title: "limit", alignment: .left), .init(title: "rate"), .init(title: "±"),
    ])
    table.rows = result.sgemm.map {
      [
        "SGEMM \($0.size)×\($0.size)", Format.significant($0.gflops.median) + " GFLOP/s",
        Format.percent($0.gflops.relativeHalfWidth),
      ]
    }
    let rates =
      result.reading.map { ("read \(size($0.bytes)) (dot)", $0.gbPerSecond) }
      + [("memory (axpy)", result.memoryGBPerSecond)]
    table.rows += rates.map { name, rate in
      [
        name, Format.significant(rate.median) + " GB/s", Format.percent(rate.relativeHalfWidth),
      ]
    }
    return (lines + [""] + table.lines()).joined(separator: "\n") + "\n"
  }

  private static func size(_ bytes: Int) -> String {
    bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
  }
}
