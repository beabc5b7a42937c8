import Foundation

/// Maps values to positions on an axis, and says where its ticks are.
struct ChartScale {
  var range: ClosedRange<Double>
  var positions: (from: Double, to: Double)
  var isLogarithmic: Bool

  /// An axis from zero to a round number at or above `largest`.
  static func linear(upTo largest: Double, from: Double, to: Double) -> ChartScale {
    let step = niceStep(largest / 5)
    let end = max(step, (largest / step).rounded(.up) * step)
    return ChartScale(range: 0...end, positions: (from, to), isLogarithmic: false)
  }

  /// An axis over whole decades, or down to thirds of them, around `values`, which are positive.
  static func logarithmic(_ values: [Double], from: Double, to: Double) -> ChartScale {
    let smallest = values.min() ?? 1
    let largest = values.max() ?? 10
    let low = stops(in: smallest / 10...smallest).last ?? smallest
    let high = stops(in: largest...largest * 10).first ?? largest
    return ChartScale(
      range: low...max(high, low * 10), positions: (from, to), isLogarithmic: true)
  }

  func position(_ value: Double) -> Double {
    let clamped = min(max(value, range.lowerBound), range.upperBound)
    let share =
      isLogarithmic
      ? log(clamped / range.lowerBound) / log(range.upperBound / range.lowerBound)
      : (clamped - range.lowerBound) / (range.upperBound - range.lowerBound)
    return positions.from + share * (positions.to - positions.from)
  }

  /// The values at which the axis has a line and a number.
  var ticks: [Double] {
    if isLogarithmic {
      let all = Self.stops(in: range)
      return all.count <= 9 ? all : all.filter { Self.isDecade($0) }
    }
    let step = Self.niceStep(range.upperBound / 5)
    return Array(stride(from: 0, through: range.upperBound + step / 2, by: step))
  }

  /// The numbers 1, 2 and 5 times a power of ten in a range.
  private static func stops(in range: ClosedRange<Double>) -> [Double] {
    let first = Int(log10(range.lowerBound).rounded(.down))
    let last = Int(log10(range.upperBound).rounded(.up))
    guard first <= last else { return [] }
    let tolerant = range.lowerBound * (1 - 1e-9)...range.upperBound * (1 + 1e-9)
    return (first...last).flatMap { exponent in
      [1, 2, 5].map { $0 * pow(10, Double(exponent)) }
    }.filter(tolerant.contains)
  }

  private static func isDecade(_ value: Double) -> Bool {
    let exponent = log10(value)
    return abs(exponent - exponent.rounded()) < 1e-9
  }

  /// 1, 2 or 5 times a power of ten, at or above `rough`.
  private static func niceStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    let magnitude = pow(10, log10(rough).rounded(.down))
    return ([1, 2, 5, 10].first { $0 * magnitude >= rough * (1 - 1e-9) } ?? 10) * magnitude
  }

  /// A tick's number.
  static func label(_ value: Double) -> String {
    if value >= 10_000 { return Format.count(value) }
    return value == value.rounded() ? String(Int(value)) : String(format: "%g", value)
  }
}
