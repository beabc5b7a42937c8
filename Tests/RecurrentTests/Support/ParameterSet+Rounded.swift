import LinAlg
import Recurrent
import TestNumbers

extension RoundedWeights {
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
