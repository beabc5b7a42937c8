import Foundation

/// Maps values to positions on an axis, and says where its ticks are.
package struct ChartScale {
  package var range: ClosedRange<Double>
  package var positions: (from: Double, to: Double)
  package var isLogarithmic: Bool

  /// An axis from zero to a round number at or above `largest`.
  package static func linear(upTo largest: Double, from: Double, to: Double) -> ChartScale {
    linear([0, largest], from: from, to: to)
  }

  /// An axis between round numbers around `values`; values that are not finite do not count,
  /// nor those at the very end of a number's range.
  package static func linear(_ values: [Double], from: Double, to: Double) -> ChartScale {
    let finite = values.filter { abs($0) <= drawable.upperBound }
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if high - low <= abs(high) * 1e-12 {
      // One value alone: room on the side where zero is not.
      let room = high == 0 ? 1 : abs(high) * 0.1
      (low, high) = low < 0 ? (low - room, min(0, high + room)) : (max(0, low - room), high + room)
    }
    let step = niceStep(high / 5 - low / 5)
    let start = (low / step + 1e-9).rounded(.down) * step
    return ChartScale(
      range: start...max(start + step, (high / step - 1e-9).rounded(.up) * step),
      positions: (from, to),
      isLogarithmic: false)
  }

  /// An axis over whole decades, or down to thirds of them, around `values`; those that are not positive
  /// and finite do not count, nor those at the very ends of a number's range.
  package static func logarithmic(_ values: [Double], from: Double, to: Double) -> ChartScale {
    let positive = values.filter(drawable.contains)
    let smallest = positive.min() ?? 1
    let largest = positive.max() ?? 10
    let low = stops(in: smallest / 10...smallest).last ?? smallest
    let high = stops(in: largest...largest * 10).first ?? largest
    return ChartScale(
      range: low...max(high, low * 10), positions: (from, to), isLogarithmic: true)
  }

  /// Where a value stands; one outside the axis stands at its end.
  package func position(_ value: Double) -> Double {
    let clamped = min(max(value, range.lowerBound), range.upperBound)
    let share =
      isLogarithmic
      ? log(clamped / range.lowerBound) / log(range.upperBound / range.lowerBound)
      : (clamped - range.lowerBound) / (range.upperBound - range.lowerBound)
    return positions.from + share * (positions.to - positions.from)
  }

  /// Whether the axis has a place for a value.
  package func shows(_ value: Double) -> Bool {
    isLogarithmic
      ? Self.drawable.contains(value) : abs(value) <= Self.drawable.upperBound
  }

  /// The values at which the axis has a line and a number.
  package var ticks: [Double] {
    if isLogarithmic {
      let all = Self.stops(in: range)
      guard all.count > 9 else { return all }
      let decades = all.filter { Self.isDecade($0) }
      let every = (decades.count + 8) / 9
      return decades.enumerated().filter { $0.offset % every == 0 }.map(\.element)
    }
    let step = step
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    return (0...max(0, Int(last - first))).map { (first + Double($0)) * step }
  }

  /// A tick's number, with as many digits as tell it from its neighbours.
  package func label(_ tick: Double) -> String {
    if tick == 0 { return "0" }
    let size = abs(tick)
    let sign = tick < 0 ? "−" : ""
    if !isLogarithmic && step < size * 0.005 && size >= 1000 {
      return sign + Format.fixed(size, max(0, Int(-log10(step).rounded(.down))))
    }
    if size >= 1e12 || size < 1e-4 { return sign + Self.power(size) }
    if size >= 10_000 { return sign + Format.count(size) }
    return sign + (size == size.rounded() ? String(Int(size)) : String(format: "%g", size))
  }

  /// The sizes that an axis has a place for, besides zero: beyond them its steps are no numbers.
  private static let drawable = 1e-300...1e300

  /// Between two ticks of a linear axis.
  private var step: Double {
    Self.niceStep(range.upperBound / 5 - range.lowerBound / 5)
  }

  /// `2e-7`: a number far from one.
  private static func power(_ size: Double) -> String {
    let exponent = Int((log10(size) + 1e-9).rounded(.down))
    let mantissa = String(format: "%g", size / pow(10, Double(exponent)))
    return "\(mantissa)e\(exponent)"
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
    guard rough > drawable.lowerBound, rough.isFinite else { return 1 }
    let magnitude = pow(10, log10(rough).rounded(.down))
    return ([1, 2, 5, 10].first { $0 * magnitude >= rough * (1 - 1e-9) } ?? 10) * magnitude
  }
}
