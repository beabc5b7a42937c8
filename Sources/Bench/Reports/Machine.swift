import Charts
import Foundation
import LinAlg

/// Gathers what a report says about the machine and the run.
enum Machine {
  /// Measures the machine's limits and describes the run that is about to start.
  ///
  /// The SGEMM peak in it is the one before the first row; a report replaces it by that of all rows.
  static func probe(
    suite: String, settings: MeasurementSettings, peak: PeakProbe
  ) throws -> Report.Header {
    let (sgemm, bandwidth) = OpenBLASThreads.with(settings.threads) {
      (peak.measure(samples: 5), MemoryBandwidth.streaming())
    }
    guard let sgemm, let bandwidth else {
      throw BenchError.failure("the machine's peak could not be measured")
    }
    return header(suite: suite, settings: settings, peak: sgemm, bandwidth: bandwidth)
  }

  private static func header(
    suite: String, settings: MeasurementSettings, peak: Interval, bandwidth: Interval
  ) -> Report.Header {
    let cpu = CPU.current
    let load = SystemState.loadAverage
    return Report.Header(
      suite: suite, date: Date().formatted(.iso8601), commit: SystemState.commit,
      cpu: cpu.model, isa: InstructionSet.current.description, builtFor: builtFor,
      cores: cpu.cores, openblas: .current,
      threads: settings.threads, load: Report.Load(start: load, end: nil),
      peak: Report.Peak(sgemmGflops: peak, memoryGBPerSecond: bandwidth),
      seed: settings.seed, minTime: settings.minTime, peakResidentBytes: nil,
      warnings: warnings(settings))
  }

  /// The instruction sets that this program holds kernels for, weakest first.
  static var builtFor: [String] { InstructionSet.built.map(\.description) }

  /// The engine's kernels in words: those that run, and those that the program holds.
  static func kernels(_ isa: String, builtFor: [String]?) -> String {
    guard let builtFor else { return isa }
    return "\(isa) (of \(builtFor.joined(separator: ", ")))"
  }

  /// What makes the numbers of this run worth less; `library` is what the BLAS library warns of.
  static func warnings(
    cores: Int, library: String?, load: Double?, isDebugBuild: Bool,
    settings: MeasurementSettings
  ) -> [String] {
    var warnings: [String] = []
    if isDebugBuild { warnings.append("debug build: these numbers mean nothing") }
    if let library { warnings.append(library) }
    if InstructionSet.current < .best {
      warnings.append(
        "the engine runs its \(InstructionSet.current) kernels, this CPU has \(InstructionSet.best)"
      )
    }
    if let load, load > 0.5 * Double(cores) {
      warnings.append(
        "load \(Format.fixed(load, 1)) on \(cores) cores before the start: "
          + "other processes share the machine")
    }
    if settings.threads > cores {
      warnings.append("\(settings.threads) threads on \(cores) cores")
    }
    if settings.injectedError != 0 { warnings.append("an error is planted in the engine") }
    return warnings
  }

  /// The warnings of this moment.
  static func warnings(_ settings: MeasurementSettings) -> [String] {
    warnings(
      cores: CPU.current.cores, library: OpenBLAS.warning, load: SystemState.loadAverage,
      isDebugBuild: Relaunch.isDebugBuild, settings: settings)
  }
}

extension Report.Library {
  /// The library that this process runs on.
  static var current: Report.Library {
    Report.Library(version: OpenBLAS.version, coreType: OpenBLAS.coreType)
  }
}
