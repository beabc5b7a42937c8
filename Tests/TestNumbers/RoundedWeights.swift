/// The formats of fewer bytes as their definitions say, without the engine's conversions.
public enum RoundedWeights {
  /// The number of half precision with these bits.
  public static func float16(_ bits: UInt16) -> Float {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let sign: Double = bits >> 15 == 0 ? 1 : -1
    switch exponent {
    case 31: return fraction == 0 ? Float(sign * .infinity) : .nan
    case 0: return Float(sign * fraction * 0x1p-24)
    default:
      let unit = Double(sign: .plus, exponent: exponent - 25, significand: 1)
      return Float(sign * (1024 + fraction) * unit)
    }
  }

  /// The bfloat16 with these bits.
  public static func bfloat16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// `x` rounded to the nearest of the numbers with `digits` significant bits, in the range of exponents from
  /// `least` on, up to `largest`; beyond that infinity.
  public static func nearest(_ x: Float, digits: Int, least: Int, largest: Double) -> Float {
    guard x.isFinite, x != 0 else { return x }
    let exponent = max(Int(x.exponent), least)
    let unit = Double(sign: .plus, exponent: exponent - digits + 1, significand: 1)
    let rounded = (Double(x) / unit).rounded(.toNearestOrEven) * unit
    let result = abs(rounded) > largest ? Double.infinity : abs(rounded)
    return Float(x.sign == .minus ? -result : result)
  }

  /// `x` rounded to half precision.
  public static func float16(_ x: Float) -> Float {
    nearest(x, digits: 11, least: -14, largest: 65504)
  }

  /// The numbers rounded to half precision.
  public static func float16(_ numbers: [Float]) -> [Float] { numbers.map { float16($0) } }

  /// `x` rounded to bfloat16.
  public static func bfloat16(_ x: Float) -> Float {
    nearest(x, digits: 8, least: -126, largest: 0x1.fep127)
  }

  /// The numbers rounded to bfloat16.
  public static func bfloat16(_ numbers: [Float]) -> [Float] { numbers.map { bfloat16($0) } }

  /// A row of weights as whole numbers, and their scale.
  public static func int8(_ row: ArraySlice<Float>) -> (scale: Float, whole: [Float]) {
    let scale = (row.map(abs).max() ?? 0) / 127
    guard scale >= .leastNormalMagnitude else { return (0, row.map { _ in 0 }) }
    return (scale, row.map { ($0 / scale).rounded(.toNearestOrEven) })
  }

  /// The columns of a matrix as whole numbers, and a scale for each.
  public static func int8(
    columnsOf matrix: [Float], count: Int
  ) -> (scales: [Float], whole: [Float]) {
    let rows = count == 0 ? 0 : matrix.count / count
    var (scales, whole) = ([Float](), matrix)
    for column in 0..<count {
      let numbers = int8((0..<rows).map { matrix[$0 * count + column] }[...])
      scales.append(numbers.scale)
      for (row, number) in numbers.whole.enumerated() { whole[row * count + column] = number }
    }
    return (scales, whole)
  }

  /// `sums` with each column times its scale, added to `start`, in rows that are `stride` apart.
  public static func scaled(
    _ sums: [Float], by scales: [Float], addedTo start: [Float], stride: Int, isFused: Bool
  ) -> [Float] {
    var result = sums
    for i in sums.indices where i % stride < scales.count {
      let scale = scales[i % stride]
      result[i] = isFused ? start[i].addingProduct(scale, sums[i]) : scale * sums[i] + start[i]
    }
    return result
  }

  /// The product of a row of floats, rounded to whole numbers first, and one of weights: sums of 8192
  /// products are exact, and added to each other as floats.
  public static func wholeProduct(_ x: [Float], _ row: (scale: Float, whole: [Float])) -> Float {
    let largest = x.map(abs).max() ?? 0
    guard largest / 127 >= .leastNormalMagnitude else { return 0 }
    let factor = 127 / largest
    let sums = stride(from: 0, to: x.count, by: 8192).map { start in
      let block = start..<min(start + 8192, x.count)
      let sum = zip(x[block], row.whole[block]).reduce(0) {
        $0 + Int(($1.0 * factor).rounded(.toNearestOrEven)) * Int($1.1)
      }
      return Float(sum) * row.scale * (largest / 127)
    }
    return sums.dropFirst().reduce(sums[0], +)
  }
}
