import Foundation

/// Numbers as reports and progress print them: three significant digits where a reader compares them.
package enum Format {
  /// A number with `digits` digits after the point.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// Three significant digits without an exponent: `1234`, `123`, `12.3`, `1.23`, `0.123`.
  package static func significant(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let magnitude = abs(value)
    if magnitude >= 99.95 { return fixed(value, 0) }
    if magnitude >= 9.995 { return fixed(value, 1) }
    if magnitude >= 0.9995 { return fixed(value, 2) }
    return fixed(value, 3)
  }

  /// A time with its unit: `1.23 s`, `45.6 ms`, `789 µs`, `12.3 ns`.
  package static func time(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "–" }
    if seconds >= 0.9995 { return significant(seconds) + " s" }
    if seconds >= 0.9995e-3 { return significant(seconds * 1e3) + " ms" }
    if seconds >= 0.9995e-6 { return significant(seconds * 1e6) + " µs" }
    return significant(seconds * 1e9) + " ns"
  }

  /// A count with a metric prefix: `12.3k`, `1.23M`.
  package static func count(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    if value >= 999.5e6 { return significant(value / 1e9) + "G" }
    if value >= 999.5e3 { return significant(value / 1e6) + "M" }
    if value >= 999.5 { return significant(value / 1e3) + "k" }
    return significant(value)
  }

  /// A size in memory: `640 MiB`, `1.23 GiB`.
  package static func bytes(_ value: Double) -> String {
    if value >= 0x1p30 { return significant(value / 0x1p30) + " GiB" }
    return significant(value / 0x1p20) + " MiB"
  }

  /// A share as a percentage: `87%`, `8.7%`.
  package static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "–" }
    return fixed(share * 100, abs(share) < 0.0995 ? 1 : 0) + "%"
  }

  /// One digit and an exponent: `3e-07`.
  package static func scientific(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.0e", value)
  }

  /// At most four significant digits, with an exponent far from one: `0.1234`, `12`, `2.5e-07`.
  package static func shortest(_ value: Double) -> String {
    value.isFinite ? String(format: "%.4g", value) : "–"
  }

  /// A wall-clock duration for progress: `2 min 05 s`.
  package static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return String(format: "%ld min %02ld s", whole / 60, whole % 60) }
    return String(format: "%ld h %02ld min", whole / 3600, whole / 60 % 60)
  }
}
