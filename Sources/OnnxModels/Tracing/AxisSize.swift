/// A size in terms of the axes of a traced model: `constant + Σ factors[i]·axis[i]`, or a multiple of a product of axes.
struct AxisSize: Hashable {
  /// `factor·Π axis[i]`, which is not added to anything.
  struct Product: Hashable {
    var factor: Int
    var axes: [Int]
  }

  var constant: Int
  var factors: [Int]
  var product: Product?

  /// The size if it is the same in every run.
  var fixed: Int? {
    product == nil && factors.allSatisfy { $0 == 0 } ? constant : nil
  }

  /// The one axis that it is, apart from the constant.
  var axis: Int? {
    if product != nil { return nil }
    let used = factors.indices.filter { factors[$0] != 0 }
    return used.count == 1 && factors[used[0]] == 1 ? used[0] : nil
  }

  /// The size that was so much in each run; nil where no such size was.
  ///
  /// - Parameters:
  ///   - sizes: in the plain run, in those with one larger axis each, and in one in which all are larger.
  ///   - axes: the sizes of the axes in those runs.
  init?(_ sizes: [Int], axes: [[Int]]) {
    let found = Self.sum(sizes, axes) ?? Self.product(sizes, axes)
    guard let found else { return nil }
    self = found
  }

  private static func sum(_ sizes: [Int], _ axes: [[Int]]) -> AxisSize? {
    var size = AxisSize(constant: sizes[0], factors: [])
    for i in axes[0].indices {
      let (rise, step) = (sizes[1 + i] - sizes[0], axes[1 + i][i] - axes[0][i])
      guard rise % step == 0 else { return nil }
      size.factors.append(rise / step)
      size.constant -= size.factors[i] * axes[0][i]
    }
    return zip(sizes, axes).allSatisfy { size.value($1) == $0 } ? size : nil
  }

  private static func product(_ sizes: [Int], _ axes: [[Int]]) -> AxisSize? {
    let all = axes[0].indices
    let pairs = all.flatMap { i in all.filter { $0 > i }.map { [i, $0] } }
    let triples = pairs.flatMap { pair in all.filter { $0 > pair[1] }.map { pair + [$0] } }
    for chosen in pairs + triples {
      var size = AxisSize(constant: 0, factors: all.map { _ in 0 })
      size.product = Product(factor: 1, axes: chosen)
      let factor = sizes[0] / size.value(axes[0])
      size.product?.factor = factor
      if factor > 0, zip(sizes, axes).allSatisfy({ size.value($1) == $0 }) { return size }
    }
    return nil
  }

  private init(constant: Int, factors: [Int]) {
    (self.constant, self.factors) = (constant, factors)
  }

  /// How much it is where the axes have these sizes.
  func value(_ axes: [Int]) -> Int {
    let whole = product.map { $0.axes.reduce($0.factor) { $0 * axes[$1] } } ?? 0
    return zip(factors, axes).reduce(constant + whole) { $0 + $1.0 * $1.1 }
  }

  /// A size that is the same in every run.
  func fixed(_ size: Int) -> AxisSize {
    AxisSize(constant: size, factors: factors.map { _ in 0 })
  }

  /// How much larger this is than another size.
  ///
  /// - Precondition: neither is a product.
  static func - (a: AxisSize, b: AxisSize) -> AxisSize {
    AxisSize(
      constant: a.constant - b.constant, factors: zip(a.factors, b.factors).map { $0 - $1 })
  }
}
