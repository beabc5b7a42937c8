import Autodiff
import LinAlg

/// Draws tokens in proportion to given weights: two numbers are looked up for each, however many tokens there are.
///
/// Walker's method of aliases (1977), its table made as by Vose (1991). Column `i` is drawn evenly and gives `i` below
/// its threshold, and its alias above.
package struct NoiseTable: Sendable {
  package struct Column: Sendable {
    /// In 2⁻³²: where the column's own share ends.
    package var threshold: UInt32
    package var alias: Token
  }

  package let columns: [Column]

  /// - Precondition: there is a weight, none is negative or not finite, and not all are 0.
  package init(weights: [Double]) {
    let total = weights.reduce(0, +)
    require(
      total > 0 && total.isFinite && weights.allSatisfy { $0 >= 0 },
      "NoiseTable: \(weights.count) weights with the sum \(total)")
    var shares = weights.map { $0 / total * Double(weights.count) }
    var columns = weights.indices.map { Column(threshold: .max, alias: Token($0)) }
    var small = shares.indices.filter { shares[$0] < 1 }
    var large = shares.indices.filter { shares[$0] >= 1 }
    while let s = small.popLast() {
      guard let l = large.popLast() else {
        // What rounding left of a full column; one without any share has no right to it.
        if weights[s] == 0, let other = weights.indices.first(where: { weights[$0] > 0 }) {
          columns[s] = Column(threshold: 0, alias: Token(other))
        }
        continue
      }
      columns[s] = Column(
        threshold: UInt32(min(shares[s] * 0x1p32, 0x1p32 - 1)), alias: Token(l))
      shares[l] -= 1 - shares[s]
      if shares[l] < 1 { small.append(l) } else { large.append(l) }
    }
    self.columns = columns
  }
}

extension UnsafeBufferPointer<NoiseTable.Column> {
  /// The token that 64 random bits stand for.
  @inline(__always)
  package func token(_ bits: UInt64) -> Token {
    let i = Int(((bits >> 32) &* UInt64(count)) >> 32)
    let column = self[i]
    return UInt32(truncatingIfNeeded: bits) < column.threshold ? Token(i) : column.alias
  }
}
