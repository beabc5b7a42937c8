import ArgumentParser
import Charts

/// A share given as a percentage: `10%` or `10` is a tenth.
struct Percentage: ExpressibleByArgument {
  var share: Double

  init(share: Double) { self.share = share }

  init?(argument: String) {
    let number = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
    guard let value = Double(number), value.isFinite, value >= 0 else { return nil }
    share = value / 100
  }

  var defaultValueDescription: String { Format.percent(share) }
}
