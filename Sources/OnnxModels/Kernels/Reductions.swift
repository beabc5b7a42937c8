/// How elements become one, as a type.
protocol ReducingFunction: SendableMetatype {
  associatedtype Element: OnnxScalar
  /// What no elements become.
  static var start: Element { get }
  static func combine(_ a: Element, _ b: Element) -> Element
}

enum Summing<T: OnnxNumber>: ReducingFunction {
  static var start: T { 0 }
  @inline(__always) static func combine(_ a: T, _ b: T) -> T { T.sum(a, b) }
}

/// NaN where an element is.
enum TakingLargest<T: OnnxNumber>: ReducingFunction {
  static var start: T { T.lowest }
  @inline(__always) static func combine(_ a: T, _ b: T) -> T { a > b || a != a ? a : b }
}

enum TakingAnyTruth: ReducingFunction {
  static var start: Bool { false }
  @inline(__always) static func combine(_ a: Bool, _ b: Bool) -> Bool { a || b }
}

/// The shape of a reduced tensor.
func reducedShape(_ shape: [Int], _ axes: [Int], keeps: Bool) -> [Int] {
  let gone = Set(axes)
  return shape.indices.compactMap { i in
    gone.contains(i) ? (keeps ? 1 : nil) : shape[i]
  }
}

/// What a reduction does with a shape: which elements become one.
struct Reduction {
  /// The shape of the result.
  let shape: [Int]
  /// How many elements become one.
  let size: Int
  fileprivate let outer: Int
  /// The order of axes that brings the reduced ones together; nil where they are.
  fileprivate let order: [Int]?

  init(_ shape: [Int], axes: [Int], keeps: Bool) {
    self.shape = reducedShape(shape, axes, keeps: keeps)
    // The axes that are reduced as one, with what is before and behind them; else brought behind the others.
    let along = axes.sorted()
    size = along.reduce(1) { $0 * shape[$1] }
    if let first = along.first, let last = along.last, last - first == along.count - 1 {
      (outer, order) = (shape[..<first].reduce(1, *), nil)
    } else if along.isEmpty {
      (outer, order) = (shape.reduce(1, *), nil)
    } else {
      outer = self.shape.reduce(1, *)
      order = shape.indices.filter { !along.contains($0) } + along
    }
  }
}

/// The elements along some axes, made one.
func reduced<F: ReducingFunction>(
  _: F.Type, _ x: OnnxTensor, _ form: Reduction, _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let result = try context.make(x.type, form.shape)
  let to = result.mutable(as: F.Element.self)
  to.update(repeating: F.start, count: result.count)
  guard x.count > 0, result.count > 0 else { return result }
  let source = if let order = form.order { try transposed(x, order, context) } else { x }
  let (outer, size) = (form.outer, form.size)
  let inner = x.count / (outer * size)
  let from = source.pointer(as: F.Element.self)
  for i in 0..<outer {
    let rows = from + i * size * inner
    if inner == 1 {
      var value = F.start
      for j in 0..<size { value = F.combine(value, rows[j]) }
      to[i] = value
    } else {
      let sums = to + i * inner
      for j in 0..<size {
        let row = rows + j * inner
        for k in 0..<inner { sums[k] = F.combine(sums[k], row[k]) }
      }
    }
  }
  withExtendedLifetime(source) {}
  return result
}
