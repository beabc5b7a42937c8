extension RandomNumberGenerator {
  /// A random number in `[0, 1)` that uses every bit of the type's precision.
  ///
  /// It is a real number drawn uniformly from 64 random bits and rounded down to `Scalar`, so that
  /// small results keep a full significand instead of falling on multiples of `2⁻²⁴` or `2⁻⁵³`;
  /// 1 never occurs, and 0 occurs with probability `2⁻⁶⁴`. One draw of the generator per number.
  @inlinable
  public mutating func unitUniform<Scalar: LinAlgScalar>(_: Scalar.Type = Scalar.self) -> Scalar {
    let bits = next() as UInt64
    let surplus = 63 - Scalar.significandBitCount - bits.leadingZeroBitCount
    let truncated = surplus > 0 ? (bits >> UInt64(surplus)) << UInt64(surplus) : bits
    return Scalar(truncated) * Scalar(0x1p-64)
  }

  /// A random number drawn uniformly from `range`: at least the lower bound, below the upper bound.
  ///
  /// - Precondition: `range` is finite and not empty.
  @inlinable
  public mutating func uniform<Scalar: LinAlgScalar>(in range: Range<Scalar>) -> Scalar {
    require(
      range.lowerBound.isFinite && range.upperBound.isFinite && !range.isEmpty,
      "uniform: needs a finite, non-empty range, not \(range)")
    return uniformUnchecked(range.lowerBound, range.upperBound)
  }

  /// Fills `buffer` with numbers drawn uniformly from `range`, in order.
  ///
  /// - Precondition: `range` is finite and not empty.
  @inlinable
  public mutating func fillUniform<Scalar: LinAlgScalar>(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, in range: Range<Scalar>
  ) {
    require(
      range.lowerBound.isFinite && range.upperBound.isFinite && !range.isEmpty,
      "fillUniform: needs a finite, non-empty range, not \(range)")
    for i in buffer.indices {
      buffer[i] = uniformUnchecked(range.lowerBound, range.upperBound)
    }
  }

  /// A number in `[low, high)`, for finite `low < high`.
  @inlinable
  mutating func uniformUnchecked<Scalar: LinAlgScalar>(_ low: Scalar, _ high: Scalar) -> Scalar {
    let unit = unitUniform(Scalar.self)
    let width = high - low
    // The width of a range can overflow where its bounds do not.
    let value = width.isFinite ? low + width * unit : low * (1 - unit) + high * unit
    // The sum may round up to the excluded bound.
    return value < high ? max(value, low) : high.nextDown
  }
}
