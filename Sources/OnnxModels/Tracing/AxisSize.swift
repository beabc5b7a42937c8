/// A size in terms of the axes of a traced model: `constant + Σ factors[i]·axis[i]`.
struct AxisSize: Hashable {
  var constant: Int
  var factors: [Int]

  /// The size if it is the same in every run.
  var fixed: Int? { factors.allSatisfy { $0 == 0 } ? constant : nil }

  /// The one axis that it is, apart from the constant.
  var axis: Int? {
    let used = factors.indices.filter { factors[$0] != 0 }
    return used.count == 1 && factors[used[0]] == 1 ? used[0] : nil
  }

  /// The size that was so much in each run; nil where no such size was.
  ///
  /// - Parameters:
  ///   - sizes: in the plain run, in those with one larger axis each, and in one in which all are larger.
  ///   - axes: the sizes of the axes in those runs.
  init?(_ sizes: [Int], axes: [[Int]]) {
    let count = axes[0].count
    factors = []
    for i in 0..<count {
      let (rise, step) = (sizes[1 + i] - sizes[0], axes[1 + i][i] - axes[0][i])
      guard rise % step == 0 else { return nil }
      factors.append(rise / step)
    }
    constant = sizes[0]
    for i in 0..<count { constant -= factors[i] * axes[0][i] }
    for (size, axes) in zip(sizes, axes) where value(axes) != size { return nil }
  }

  private init(constant: Int, factors: [Int]) {
    (self.constant, self.factors) = (constant, factors)
  }

  /// How much it is where the axes have these sizes.
  func value(_ axes: [Int]) -> Int {
    zip(factors, axes).reduce(constant) { $0 + $1.0 * $1.1 }
  }

  static func - (a: AxisSize, b: AxisSize) -> AxisSize {
    AxisSize(
      constant: a.constant - b.constant, factors: zip(a.factors, b.factors).map { $0 - $1 })
  }
}
