import Foundation

/// Numbers and times as reports print them.
enum Number {
  /// Four significant digits: `0.9954`, `12.35`, `1.2e-07`.
  static func text(_ value: Double) -> String { String(format: "%.4g", value) }

  /// `2 min 05 s`.
  static func duration(_ seconds: Double) -> String {
    if seconds < 9.95 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    return whole < 60 ? "\(whole) s" : String(format: "%d min %02d s", whole / 60, whole % 60)
  }
}
