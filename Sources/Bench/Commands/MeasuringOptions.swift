import ArgumentParser
import LinAlg

/// The options of every command that measures.
struct MeasuringOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads: the engine's own, and OpenBLAS's while its contestants run. One is the default: rows "
        + "are then comparable between machines.",
      valueName: "count"))
  var threads = 1

  @Option(
    name: .customLong("min-time"),
    help: ArgumentHelp("Seconds of timing for each contestant in each row.", valueName: "seconds"))
  var minTime = 0.3

  @Option(
    help: ArgumentHelp(
      "The seed of weights and inputs, and of the shapes of '--suite random'.", valueName: "number")
  )
  var seed: UInt64 = 1

  @Flag(
    name: .customLong("keep-coretype"),
    help: "Keep OPENBLAS_CORETYPE; without this, Bench starts itself again with it cleared.")
  var keepCoreType = false

  @Flag(help: "Measure even with a debug build, instead of building for release first.")
  var allowDebug = false

  @Flag(name: .shortAndLong, help: "No progress on standard error.")
  var quiet = false

  @Option(
    name: .customLong("inject-error"),
    help: ArgumentHelp(
      "Plant a relative error in the engine's outputs, to see that it is found.",
      visibility: .hidden))
  var injectedError = 0.0

  mutating func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads)")
    }
    guard minTime.isFinite, minTime > 0, minTime <= 3600 else {
      throw ValidationError("--min-time must be above 0 and at most 3600 seconds, not \(minTime)")
    }
    guard injectedError.isFinite else {
      throw ValidationError("--inject-error must be a finite number")
    }
  }

  func settings(contestants: [ContestantKind]) -> MeasurementSettings {
    var settings = MeasurementSettings(contestants: contestants)
    settings.threads = threads
    settings.minTime = minTime
    settings.seed = seed
    settings.injectedError = injectedError
    return settings
  }

  /// Starts Bench again where it has to be, and sets the library up.
  func prepareProcess() throws {
    try Relaunch.ifNeeded(keepCoreType: keepCoreType, allowDebug: allowDebug)
    OpenBLASThreads.use(1)
  }
}

/// The options that choose what is measured.
struct CaseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A suite in Benchmarks (see 'Bench list'), the path of a .shapes file, or random: shapes that "
        + "are drawn from --seed.",
      valueName: "name"))
  var suite: String?

  @Option(
    help: ArgumentHelp(
      "How many shapes '--suite random' has (default: \(RandomShapes.defaultCount)).",
      valueName: "number"))
  var count: Int?

  @Option(help: ArgumentHelp("Only these cells: lstm, gru, rnn.", valueName: "list"))
  var cell: String?

  @Option(
    help: ArgumentHelp(
      "Only these modes: inference, forward (recorded), training (forward and backward).",
      valueName: "list"))
  var mode: String?

  @Option(
    help: ArgumentHelp(
      "This shape instead of a suite's: steps, batch, inputs, units. May be repeated.",
      valueName: "T32xN16xD64xH128"))
  var shape: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only these rules of lengths, or for --shape: uniform (from 5 to T), sentences (words of verses); "
        + "the contestant 'padded' takes part.",
      valueName: "list"))
  var lengths: String?

  mutating func validate() throws {
    guard let count else { return }
    guard suite == RandomShapes.suiteName else {
      throw ValidationError("--count goes with --suite \(RandomShapes.suiteName)")
    }
    guard (1...RandomShapes.largestCount).contains(count) else {
      throw ValidationError(
        "--count must be from 1 to \(RandomShapes.largestCount), not \(count)")
    }
  }

  /// The name and the cases that the options ask for, in the suite's order.
  ///
  /// - Parameter seed: of the shapes that are drawn.
  func cases(defaultSuite: String, seed: UInt64) throws -> (name: String, cases: [BenchCase]) {
    let cells: [CellKind]? = try cell.map { try list($0, option: "--cell", what: "cell") }
    let modes: [Mode]? = try mode.map { try list($0, option: "--mode", what: "mode") }
    let rules: [LengthRule]? = try lengths.map {
      try list($0, option: "--lengths", what: "rule of lengths")
    }
    guard shape.isEmpty else {
      guard suite == nil else {
        throw BenchError.usage("--shape and --suite exclude each other")
      }
      let shapes = try shape.map { text in
        do throws(ParseError) {
          return try Shape(parsing: text)
        } catch {
          throw BenchError.usage("--shape: \(error.reason)")
        }
      }
      let cases = shapes.flatMap { shape in
        (cells ?? CellKind.allCases).flatMap { cell in
          (modes ?? Mode.allCases).flatMap { mode in
            (rules.map { $0.map(Optional.some) } ?? [nil]).map {
              BenchCase(cell: cell, mode: mode, shape: shape, lengths: $0)
            }
          }
        }
      }
      return ("command line", cases)
    }
    let suite =
      suite == RandomShapes.suiteName
      ? Suite.random(seed: seed, count: count ?? RandomShapes.defaultCount)
      : try Suite.named(suite ?? defaultSuite)
    let cases = suite.cases.filter {
      let lengths = $0.lengths
      return (cells?.contains($0.cell) ?? true) && (modes?.contains($0.mode) ?? true)
        && (rules.map { rules in lengths.map(rules.contains) ?? false } ?? true)
    }
    guard !cases.isEmpty else {
      throw BenchError.usage(
        "no case of suite '\(suite.name)' is left by --cell, --mode and --lengths")
    }
    return (suite.name, cases)
  }

  private func list<Value: RawRepresentable & CaseIterable>(
    _ text: String, option: String, what: String
  ) throws -> [Value] where Value.RawValue == String {
    do throws(ParseError) {
      return try ShapeFile.parseList(text, what: what)
    } catch {
      throw BenchError.usage("\(option): \(error.reason)")
    }
  }
}
