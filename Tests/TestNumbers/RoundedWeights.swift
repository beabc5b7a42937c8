import LinAlg
import Recurrent

/// The formats of fewer bytes as their definitions say, without the engine's conversions.
enum RoundedWeights {
  /// The number of half precision with these bits.
  static func float16(_ bits: UInt16) -> Float {
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
  static func bfloat16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// `x` rounded to the nearest of the numbers with `digits` significant bits, in the range of exponents from
  /// `least` on, up to `largest`; beyond that infinity.
  static func nearest(_ x: Float, digits: Int, least: Int, largest: Double) -> Float {
    guard x.isFinite, x != 0 else { return x }
    let exponent = max(Int(x.exponent), least)
    let unit = Double(sign: .plus, exponent: exponent - digits + 1, significand: 1)
    let rounded = (Double(x) / unit).rounded(.toNearestOrEven) * unit
    let result = abs(rounded) > largest ? Double.infinity : abs(rounded)
    return Float(x.sign == .minus ? -result : result)
  }

  static func float16(_ x: Float) -> Float { nearest(x, digits: 11, least: -14, largest: 65504) }

  static func bfloat16(_ x: Float) -> Float {
    nearest(x, digits: 8, least: -126, largest: 0x1.fep127)
  }

  /// A row of weights as whole numbers, and their scale.
  static func int8(_ row: ArraySlice<Float>) -> (scale: Float, whole: [Float]) {
    let scale = (row.map(abs).max() ?? 0) / 127
    guard scale >= .leastNormalMagnitude else { return (0, row.map { _ in 0 }) }
    return (scale, row.map { ($0 / scale).rounded(.toNearestOrEven) })
  }

  /// The product of a row of floats, rounded to whole numbers first, and one of weights: sums of 8192
  /// products are exact, and added to each other as floats.
  static func wholeProduct(_ x: [Float], _ row: (scale: Float, whole: [Float])) -> Float {
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

  /// The weights of one row as a product of that format reads them; for int8 rounded products of a whole
  /// number and the scale.
  static func row(_ row: ArraySlice<Float>, _ format: WeightFormat) -> [Float] {
    switch format {
    case .float32: return Array(row)
    case .float16: return row.map(float16)
    case .bfloat16: return row.map(bfloat16)
    case .int8, .int8Dynamic:
      let (scale, whole) = int8(row)
      return whole.map { scale * $0 }
    }
  }
}

extension ParameterSet where Scalar == Float {
  /// The weights of cells rounded, row by row, and nothing else: they are the matrices of more than one row,
  /// and of a cell with `symmetric` matrices the parameters as long as a triangle of so many rows.
  mutating func round(to format: WeightFormat, symmetric: Int? = nil) {
    for i in 0..<blockCount where cell(ofBlock: i) != nil {
      for (tensor, spec) in self[block: i].specs.enumerated() {
        let isTriangle = symmetric.map { spec.rows == 1 && spec.columns == $0 * ($0 + 1) / 2 }
        guard spec.rows > 1 || isTriangle == true else { continue }
        let elements = self[block: i][tensor: tensor].elements
        var rounded: [Float] = []
        for row in 0..<spec.rows {
          rounded += RoundedWeights.row(
            elements[row * spec.columns..<(row + 1) * spec.columns], format)
        }
        self[block: i][tensor: tensor] = Matrix(
          rows: spec.rows, columns: spec.columns, elements: rounded)
      }
    }
  }
}
