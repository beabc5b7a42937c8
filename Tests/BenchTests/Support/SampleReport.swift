@testable import Bench

/// A report with every kind of row: whole and scaled, wholly and partly verified, counted and not.
enum SampleReport {
  static let shapes = [
    Shape(T: 50, N: 32, D: 256, H: 256), Shape(T: 1500, N: 64, D: 2816, H: 2816),
  ]

  static var report: Report {
    Report(header: header, rows: shapes.flatMap(rows))
  }

  static var header: Report.Header {
    Report.Header(
      suite: "quick", date: "2026-01-02T03:04:05Z", commit: "0123456789ab",
      cpu: "AMD EPYC 7763 <64-Core> & \"more\"", isa: "AVX2",
      builtFor: ["portable", "AVX2", "AVX-512"], cores: 2,
      openblas: Report.Library(version: "0.3.21", coreType: "Zen"), threads: 1,
      load: Report.Load(start: 0.25, end: nil),
      peak: Report.Peak(
        sgemmGflops: Interval(median: 80, low: 79, high: 81),
        memoryGBPerSecond: Interval(median: 20, low: 19, high: 21)),
      seed: 1, minTime: 0.3, peakResidentBytes: 300 << 20, warnings: ["load 3.0 | high"])
  }

  private static func rows(_ shape: Shape) -> [Report.Row] {
    let isLarge = shape.H > 1000
    return [
      row(shape, "naive", seconds: isLarge ? 5000 : 2, scaled: 2, verified: isLarge ? 3 : shape.T),
      row(shape, "perGate", seconds: isLarge ? 300 : 0.09, verified: isLarge ? 3 : shape.T),
      row(shape, "fused", seconds: isLarge ? 220 : 0.05, verified: isLarge ? 3 : shape.T),
      row(shape, "packed", seconds: isLarge ? 200 : 0.04, verified: isLarge ? 3 : shape.T),
    ]
  }

  private static func row(
    _ shape: Shape, _ contestant: String, seconds: Double, scaled: Int? = nil, verified: Int
  ) -> Report.Row {
    let item = BenchCase(cell: .lstm, mode: .inference, shape: shape)
    let naive = shape.H > 1000 ? 5000.0 : 2.0
    let perGate = shape.H > 1000 ? 300 : 0.09
    return Report.Row(
      cell: .lstm, mode: .inference, T: shape.T, N: shape.N, D: shape.D, H: shape.H, threads: 1,
      contestant: contestant,
      seconds: Interval(median: seconds, low: seconds * 0.98, high: seconds * 1.03), samples: 40,
      gflops: item.flops * 1e-9 / seconds, tokensPerSecond: item.tokens / seconds,
      peakShare: item.flops * 1e-9 / seconds / 80,
      speedup: Report.Speedup(
        naive: naive / seconds, perGate: contestant == "packed" ? perGate / seconds : nil,
        fused: contestant == "packed" ? 1.25 : nil),
      maxError: 4.2e-7, errorBound: 1e-5,
      verified: Report.Verified(steps: verified, sequences: verified == shape.T ? shape.N : 2),
      allocationsPerCall: contestant == "perGate" ? nil : 0, scaledFromSteps: scaled,
      tapeBytes: contestant == "packed" ? 4 * shape.T * shape.N * 6 * shape.H : nil,
      window: 417)
  }
}
