import CKernels
import LinAlg

/// What becomes of two numbers.
package enum PairOperation: Sendable, Hashable {
  /// `a + b`.
  case sum
  /// `(a + b)/2`.
  case mean
  /// `a·b`.
  case product
}

// What a pass does with whole rows beside its products; see column_kernels.inc, pair_kernels.inc,
// standardize_kernels.inc and program_kernels.inc in Sources/CKernels/include.
extension RecurrentScalar {
  /// `sums [columns] += Σ x`, over the rows of `x [rows, columns]`; each sum is the same in whatever
  /// range of columns it is computed.
  static func addColumnSums(
    rows: Int, columns: Int, of x: UnsafePointer<Self>, ld: Int, to sums: UnsafeMutablePointer<Self>
  ) {
    kernels.table.pointee.column_sums(rows, columns, x, ld, sums)
  }

  /// The sums that ``addColumnSums(rows:columns:of:ld:to:)`` would form of all `places.count` rows, bit by
  /// bit, where those that are not among `rows` are zeros.
  static func addColumnSums(
    rows: Int, at places: PlacesInSpan, columns: Int, of x: UnsafePointer<Self>, ld: Int,
    to sums: UnsafeMutablePointer<Self>
  ) {
    kernels.table.pointee.placed_column_sums(
      rows, columns, x, ld, places.places.map(asInt64), Int64(places.first), places.count, sums)
  }

  /// `y = a + b`, `(a + b)/2` or `a∘b`; `y` may be `a` or `b`.
  package static func combine(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, by operation: PairOperation,
    into y: UnsafeMutablePointer<Self>, count: Int
  ) {
    let table = kernels.table
    switch operation {
    case .sum: table.pointee.pair_sum(a, b, y, count)
    case .mean: table.pointee.pair_mean(a, b, y, count)
    case .product: table.pointee.pair_product(a, b, y, count)
    }
  }

  /// `y = (a − mean) / √(variance + ε)` for some units of each row of `width`.
  static func standardize(
    rows: Int, width: Int, units: Range<Int>, _ a: UnsafePointer<Self>, ld lda: Int,
    into y: UnsafeMutablePointer<Self>, ld ldy: Int, epsilon: Double
  ) {
    kernels.table.pointee.standardize(
      rows, width, units.lowerBound, units.upperBound, a, lda, y, ldy, epsilon)
  }

  /// The gradient of what was standardized, added to `da` or in its place.
  static func standardizeBackward(
    rows: Int, width: Int, units: Range<Int>, _ a: UnsafePointer<Self>,
    gradient dy: UnsafePointer<Self>, ld lda: Int, into da: UnsafeMutablePointer<Self>,
    ld ldda: Int, epsilon: Double, accumulate: Bool
  ) {
    kernels.table.pointee.standardize_backward(
      rows, width, units.lowerBound, units.upperBound, a, dy, lda, da, ldda, epsilon,
      accumulate ? 1 : 0)
  }
}

extension LinAlgScalar {
  /// Runs a program, whose operands are of this type, on some units of each row.
  static func runProgram(
    _ program: UnsafePointer<ck_program>, _ bases: UnsafePointer<ck_bases>, _ rows: Int,
    _ first: Int, _ last: Int, _ lengths: UnsafePointer<Int64>?, _ time: Int64
  ) {
    kernels.table.pointee.program(program, bases, rows, first, last, lengths, time)
  }
}
