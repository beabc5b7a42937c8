/// Everything that one run of Bench found out; its JSON form is documented in `Benchmarks/README.md`.
struct Report: Codable, Equatable {
  /// The version of the format. It grows when a field changes its meaning.
  static let currentSchema = 2

  var schema = Report.currentSchema
  var header: Header
  var rows: [Row]

  /// What was measured, on what, in which state.
  struct Header: Codable, Equatable {
    var suite: String
    var date: String
    var commit: String
    var cpu: String
    /// The instruction set of the engine's own kernels.
    var isa: String
    /// The instruction sets that this program holds kernels for, weakest first; absent from reports before
    /// it was told.
    var builtFor: [String]?
    var cores: Int
    var openblas: Library
    var threads: Int
    /// Processes that wanted to run, averaged over the minute before and the minute at the end.
    var load: Load
    var peak: Peak
    var seed: UInt64
    var minTime: Double
    /// The most memory that the process has held at once, in bytes; null where not known.
    @NullableInt var peakResidentBytes: Int?
    var warnings: [String]
  }

  struct Library: Codable, Equatable {
    var version: String
    var coreType: String
  }

  struct Load: Codable, Equatable {
    @NullableDouble var start: Double?
    @NullableDouble var end: Double?
  }

  /// The limits of the machine, measured in the same run with the same number of threads.
  struct Peak: Codable, Equatable {
    /// SGEMM, GFLOP/s: over all samples that were taken between the rows' own.
    var sgemmGflops: Interval
    /// `y ← α·x + y` over arrays larger than the caches, GB/s.
    var memoryGBPerSecond: Interval
  }

  /// One contestant on one case.
  struct Row: Codable, Equatable {
    var cell: CellKind
    var mode: Mode
    var T: Int
    var N: Int
    var D: Int
    var H: Int
    var threads: Int
    var contestant: String
    /// One call: median and 95% interval.
    var seconds: Interval
    var samples: Int
    var gflops: Double
    var tokensPerSecond: Double
    /// Share of the SGEMM peak that was measured between this row's samples.
    var peakShare: Double
    /// How many times as fast as the baselines.
    var speedup: Speedup
    /// The largest relative error against the scalar loops, and the bound for it.
    var maxError: Double
    var errorBound: Double
    var verified: Verified
    /// Heap allocations of one steady-state call; null where they cannot be counted.
    @NullableInt var allocationsPerCall: Int?
    /// The steps that were timed when that is fewer than `T`; the time is then scaled up. Null when
    /// all of them were timed.
    @NullableInt var scaledFromSteps: Int?
    /// What the engine's tape holds of one recording; null without a tape.
    @NullableInt var tapeBytes: Int?
    /// The instructions that the core held in flight between this row's samples, see ``InstructionWindow``;
    /// null where not known.
    @NullableDouble var window: Double?
    /// How the sequences got their lengths; absent where all have `T` steps.
    var lengths: LengthRule?
    /// What the steps that count are of all `T·N`; absent likewise.
    var meanLengthShare: Double?
    /// The time over that of the engine without lengths: median and 95% interval over rounds; absent
    /// likewise, and where that was not measured.
    var shareOfPadded: Interval?
  }

  struct Speedup: Codable, Equatable {
    @NullableDouble var naive: Double?
    @NullableDouble var perGate: Double?
    @NullableDouble var fused: Double?
  }

  /// How much of the row was compared with the scalar loops.
  struct Verified: Codable, Equatable {
    var steps: Int
    var sequences: Int
  }
}

extension Report.Header {
  /// The engine's kernels in words.
  var kernels: String { Machine.kernels(isa, builtFor: builtFor) }
}

extension Report.Row {
  var shape: Shape { Shape(T: T, N: N, D: D, H: H) }
  var benchCase: BenchCase {
    BenchCase(cell: cell, mode: mode, shape: shape, lengths: lengths)
  }
  /// The shape as reports print it, with the rule of lengths.
  var spaced: String { shape.spaced + (lengths.map { " \($0.rawValue)" } ?? "") }
  var isScaled: Bool { scaledFromSteps != nil }
  var isCompletelyVerified: Bool { verified.steps == T && verified.sequences == N }
}

extension Report {
  /// The rows of each case, cases in order of appearance.
  var groups: [[Row]] {
    var order: [BenchCase] = []
    var rows: [BenchCase: [Row]] = [:]
    for row in self.rows {
      if rows[row.benchCase] == nil { order.append(row.benchCase) }
      rows[row.benchCase, default: []].append(row)
    }
    return order.compactMap { rows[$0] }
  }

  /// Whether sequences of some row have lengths of their own.
  var hasLengths: Bool { rows.contains { $0.lengths != nil } }

  /// The names of the contestants, in order of appearance.
  var contestants: [String] {
    rows.reduce(into: []) { if !$0.contains($1.contestant) { $0.append($1.contestant) } }
  }
}

extension Report.Row {
  /// What an LSTM's tape holds, over what its gates, `c` and `h` take: `4·T·N·(G+2)·H` bytes in `Float`.
  var tapeShare: Double? {
    guard cell == .lstm, let tapeBytes, T * N > 0 else { return nil }
    return Double(tapeBytes) / Double(4 * T * N * (cell.gates + 2) * H)
  }
}
