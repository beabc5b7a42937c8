/// A number's shortest decimal digits, to be rounded and laid out for people to read.
///
/// They come from the standard library's description, which is the shortest text that reads back as
/// the same number; rounding those digits needs no arithmetic that could itself round.
struct DecimalDigits {
  /// Whether a minus sign comes before the digits, also before those of −0.
  private(set) var isNegative: Bool
  /// The digits 0–9 without leading zeros; none for zero.
  private(set) var digits: [Int]
  /// The value is `0.d₁d₂d₃… × 10^exponent`.
  private(set) var exponent: Int

  var isZero: Bool { digits.isEmpty }

  /// The digits of a finite number.
  init(_ value: some LinAlgScalar) {
    var text = "\(value)"[...]
    isNegative = text.first == "-"
    if isNegative { text.removeFirst() }
    let parts = text.split(separator: "e", maxSplits: 1)
    exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", maxSplits: 1)
    exponent += mantissa[0].count
    digits = mantissa.joined().compactMap(\.wholeNumberValue)
    let leadingZeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(leadingZeros)
    exponent -= leadingZeros
    removeTrailingZeros()
  }

  private mutating func removeTrailingZeros() {
    while digits.last == 0 { digits.removeLast() }
    if isZero { exponent = 0 }
  }

  /// Keeps `count` digits, rounding half away from zero.
  private mutating func round(toDigits count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else {
      digits = []
      exponent = 0
      return
    }
    var carries = digits[count] >= 5
    digits.removeSubrange(count...)
    var i = count - 1
    while carries && i >= 0 {
      carries = digits[i] == 9
      digits[i] = carries ? 0 : digits[i] + 1
      i -= 1
    }
    if carries {
      digits.insert(1, at: 0)
      exponent += 1
    }
    removeTrailingZeros()
  }

  /// The number rounded to so many digits after the decimal point.
  func rounded(toFractionDigits count: Int) -> DecimalDigits {
    var result = self
    result.round(toDigits: exponent + count)
    return result
  }

  /// The number rounded to so many digits in all.
  func rounded(toSignificantDigits count: Int) -> DecimalDigits {
    var result = self
    result.round(toDigits: count)
    return result
  }

  /// How many digits after the decimal point the number has in fixed notation.
  var fractionDigits: Int { max(0, digits.count - exponent) }

  /// `-12.50` for two fraction digits; the number has no more than that.
  func fixed(fractionDigits count: Int) -> String {
    func digit(_ i: Int) -> Int { i >= 0 && i < digits.count ? digits[i] : 0 }
    let whole = (0..<max(exponent, 1)).map { digit(exponent > 0 ? $0 : -1) }
    let fraction = (0..<count).map { digit(exponent + $0) }
    return sign + whole.map(String.init).joined() + "." + fraction.map(String.init).joined()
  }

  /// `-1.25e-07` for two fraction digits; the number has no more than one digit more.
  func scientific(fractionDigits count: Int) -> String {
    let padded = digits + Array(repeating: 0, count: max(0, count + 1 - digits.count))
    let power = isZero ? 0 : exponent - 1
    let magnitude = abs(power)
    return sign + "\(padded[0])." + padded[1...].map(String.init).joined()
      + (power < 0 ? "e-" : "e+") + (magnitude < 10 ? "0\(magnitude)" : "\(magnitude)")
  }

  private var sign: String { isNegative ? "-" : "" }
}
