import Recurrent

extension Workload {
  /// The same work with every weight rounded as a format has it, without the engine's conversions.
  func rounded(to weights: WeightFormat) -> Workload {
    var result = self
    result.W = rounded(W, columns: shape.D, weights)
    result.U = rounded(U, columns: shape.H, weights)
    return result
  }

  private func rounded(_ matrix: [Float], columns: Int, _ weights: WeightFormat) -> [Float] {
    switch weights {
    case .float32: matrix
    case .float16: matrix.map { nearest($0, digits: 11, smallestExponent: -14) }
    case .bfloat16: matrix.map { nearest($0, digits: 8, smallestExponent: -126) }
    case .int8, .int8Dynamic:
      stride(from: 0, to: matrix.count, by: columns).flatMap { start in
        let row = matrix[start..<start + columns]
        let scale = row.reduce(0) { max($0, abs($1)) } / 127
        return row.map { scale > 0 ? scale * ($0 / scale).rounded(.toNearestOrEven) : 0 }
      }
    }
  }

  /// The nearest number with so many significant bits, of which those below the smallest exponent have fewer.
  private func nearest(_ x: Float, digits: Int, smallestExponent: Int) -> Float {
    guard x != 0 else { return x }
    let exponent = max(Int(x.exponent), smallestExponent) - digits + 1
    let unit = Float(sign: .plus, exponent: exponent, significand: 1)
    return (x / unit).rounded(.toNearestOrEven) * unit
  }
}
