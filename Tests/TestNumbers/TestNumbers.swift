// Loops of tests over many numbers. Their module is optimised in debug builds too: there a loop over an
// array costs a hundred times as much, and a test of large results spends its time on looking at them.

/// How far two tensors are apart.
public struct Distance: Sendable {
  /// The largest difference of two elements; infinite where one is no finite number, or where there are
  /// more elements on one side.
  public var difference = 0.0
  /// The largest expected magnitude.
  public var scale = 0.0
}

/// How far `actual` is from `expected`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
public func distance<Scalar: BinaryFloatingPoint>(
  _ actual: [Scalar], _ expected: [Scalar]
) -> Distance {
  var result = Distance()
  guard actual.count == expected.count else {
    result.difference = .infinity
    return result
  }
  for (a, e) in zip(actual, expected) {
    guard a.isFinite, e.isFinite else {
      result.difference = .infinity
      return result
    }
    result.difference = max(result.difference, abs(Double(a) - Double(e)))
    result.scale = max(result.scale, abs(Double(e)))
  }
  return result
}

/// How many elements do not have the same bits on both sides, or are no numbers; elements that only one
/// side has among them.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
public func countDifferences<Scalar: BinaryFloatingPoint>(_ a: [Scalar], _ b: [Scalar]) -> Int {
  var count = max(a.count, b.count) - min(a.count, b.count)
  for (x, y) in zip(a, b) where x != y || x.sign != y.sign { count += 1 }
  return count
}

/// `Σ a[i]·b[i]`, in order.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
public func dotProduct<Scalar: BinaryFloatingPoint>(_ a: [Scalar], _ b: [Scalar]) -> Scalar {
  var sum: Scalar = 0
  for (x, y) in zip(a, b) { sum += x * y }
  return sum
}

/// Numbers from `−bound ..< bound`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func spread<Scalar: BinaryFloatingPoint>(_ bits: [UInt64], _ bound: Scalar) -> [Scalar] {
  bits.map { bound * Scalar(Double($0 >> 11) * 0x1p-52 - 1) }
}

/// `count` numbers drawn uniformly from `−bound ..< bound`.
public func drawn<Scalar: BinaryFloatingPoint>(
  _ count: Int, within bound: Scalar, using generator: inout some RandomNumberGenerator
) -> [Scalar] {
  var bits = [UInt64](repeating: 0, count: count)
  for i in bits.indices { bits[i] = generator.next() }
  return spread(bits, bound)
}

/// `count` numbers drawn uniformly from `range`, about every eighth of them one of `specials` instead.
public func drawn(
  _ count: Int, in range: ClosedRange<Float>, specials: [Float],
  using generator: inout some RandomNumberGenerator
) -> [Float] {
  let half = (range.upperBound - range.lowerBound) / 2
  var numbers = drawn(count, within: half, using: &generator).map {
    min($0 + range.lowerBound + half, range.upperBound)
  }
  guard !specials.isEmpty else { return numbers }
  for i in numbers.indices {
    let dice = generator.next()
    if dice % 8 == 0 { numbers[i] = specials[Int(dice / 8 % UInt64(specials.count))] }
  }
  return numbers
}

/// The numbers' bits; every NaN counts as the same.
public func bits(_ numbers: UnsafeMutableBufferPointer<Float>) -> [UInt32] {
  numbers.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
}
