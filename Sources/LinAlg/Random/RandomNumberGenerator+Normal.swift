// Priority: the same numbers on every platform, then an exact distribution, then speed. Therefore
// the polar method, which needs no table and no trigonometry, and a logarithm made of IEEE basic
// operations alone: the C library's differs in the last place from one system to the next.

extension RandomNumberGenerator {
  /// A random number from the normal distribution.
  ///
  /// Marsaglia and Bray's polar form of the Box–Muller transform (1964), computed in `Double`. The
  /// generator's bits alone decide the result, on every platform. The transform yields numbers in
  /// pairs: this drops the second, ``fillNormal(_:mean:standardDeviation:)`` keeps both.
  ///
  /// - Precondition: `standardDeviation` is not negative.
  @inlinable
  public mutating func normal<Scalar: LinAlgScalar>(
    mean: Scalar = 0, standardDeviation: Scalar = 1
  ) -> Scalar {
    require(
      standardDeviation >= 0, "normal: negative standard deviation \(standardDeviation)")
    return mean + standardDeviation * Scalar(standardNormalPair().0)
  }

  /// Fills `buffer` with numbers from the normal distribution, in order.
  ///
  /// - Precondition: `standardDeviation` is not negative.
  @inlinable
  public mutating func fillNormal<Scalar: LinAlgScalar>(
    _ buffer: UnsafeMutableBufferPointer<Scalar>,
    mean: Scalar = 0, standardDeviation: Scalar = 1
  ) {
    require(
      standardDeviation >= 0, "fillNormal: negative standard deviation \(standardDeviation)")
    var i = 0
    while i < buffer.count {
      let pair = standardNormalPair()
      buffer[i] = mean + standardDeviation * Scalar(pair.0)
      if i + 1 < buffer.count { buffer[i + 1] = mean + standardDeviation * Scalar(pair.1) }
      i += 2
    }
  }

  /// Two independent numbers from the standard normal distribution.
  @inlinable
  mutating func standardNormalPair() -> (Double, Double) {
    while true {
      let u = 2 * unitUniform(Double.self) - 1
      let v = 2 * unitUniform(Double.self) - 1
      let s = u * u + v * v
      if s < 1 && s > 0 {
        let factor = (-2 * reproducibleLog(s) / s).squareRoot()
        return (u * factor, v * factor)
      }
    }
  }
}

/// The natural logarithm of a positive, normal number, within 2 ULP and equal to the last bit on
/// every IEEE 754 platform.
///
/// `x = m·2ᵉ` with `m` in `[√½, √2)`, and `log m = 2·artanh f` with `f = (m − 1) / (m + 1)`, whose
/// series has converged to `Double` after eleven terms because `f² < 0.0295`.
@usableFromInline
func reproducibleLog(_ x: Double) -> Double {
  var m = x.significand
  var e = Double(x.exponent)
  if m > 0x1.6a09e667f3bcdp0 {  // √2
    m /= 2
    e += 1
  }
  let f = (m - 1) / (m + 1)
  let f2 = f * f
  var series = 1.0 / 21
  series = series * f2 + 1.0 / 19
  series = series * f2 + 1.0 / 17
  series = series * f2 + 1.0 / 15
  series = series * f2 + 1.0 / 13
  series = series * f2 + 1.0 / 11
  series = series * f2 + 1.0 / 9
  series = series * f2 + 1.0 / 7
  series = series * f2 + 1.0 / 5
  series = series * f2 + 1.0 / 3
  // log 2 in two parts, so that its product with the exponent is exact in the large part.
  let log2High = 0x1.62e42fee00000p-1
  let log2Low = 0x1.a39ef35793c76p-33
  return e * log2High + (2 * f + (2 * f * (f2 * series) + e * log2Low))
}
