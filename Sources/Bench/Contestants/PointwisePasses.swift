import LinAlg

/// The separate pointwise passes of a plain BLAS port: each reads its operands from memory and writes
/// its result back. Activations are those of `LinAlg`, so that the comparison with the engine is about
/// products and passes, not about a slow `tanh`.
enum Pass {
  typealias Source = UnsafePointer<Float>
  typealias Target = UnsafeMutablePointer<Float>

  /// `y[n, :] += b` for `rows` rows of `count` elements.
  static func addBias(_ b: Source, to y: Target, rows: Int, count: Int) {
    for row in 0..<rows {
      let y = y + row * count
      for i in 0..<count { y[i] += b[i] }
    }
  }

  /// `b += Σₙ y[n, :]` over `rows` rows of `count` elements.
  static func addRowSum(_ y: Source, rows: Int, to b: Target, count: Int) {
    for row in 0..<rows {
      let y = y + row * count
      for i in 0..<count { b[i] += y[i] }
    }
  }

  /// `y ← σ(y)`.
  static func sigmoid(_ y: Target, count: Int) {
    Float.apply(.sigmoid, y, into: y, count: count)
  }

  /// `y ← tanh(x)`; may be in place.
  static func tanh(_ x: Source, to y: Target, count: Int) {
    Float.apply(.tanh, x, into: y, count: count)
  }

  /// `y ← a∘b`.
  static func multiply(_ a: Source, _ b: Source, to y: Target, count: Int) {
    for i in 0..<count { y[i] = a[i] * b[i] }
  }

  /// `y ← y + a∘b`.
  static func addProduct(_ a: Source, _ b: Source, to y: Target, count: Int) {
    for i in 0..<count { y[i] += a[i] * b[i] }
  }

  /// `y ← y − a∘b`.
  static func subtractProduct(_ a: Source, _ b: Source, from y: Target, count: Int) {
    for i in 0..<count { y[i] -= a[i] * b[i] }
  }

  /// `y ← y + a`.
  static func add(_ a: Source, to y: Target, count: Int) {
    for i in 0..<count { y[i] += a[i] }
  }

  /// `y ← (1 − z)∘n + z∘h`.
  static func blend(_ z: Source, _ n: Source, _ h: Source, to y: Target, count: Int) {
    for i in 0..<count { y[i] = (1 - z[i]) * n[i] + z[i] * h[i] }
  }

  /// `d ← d∘s∘(1 − s)`, from a gradient on `s = σ(a)` to one on `a`.
  static func sigmoidGradient(_ s: Source, _ d: Target, count: Int) {
    Float.applyDerivative(.sigmoid, output: s, d, into: d, count: count)
  }

  /// `d ← d∘(1 − y²)`, from a gradient on `y = tanh(a)` to one on `a`.
  static func tanhGradient(_ y: Source, _ d: Target, count: Int) {
    Float.applyDerivative(.tanh, output: y, d, into: d, count: count)
  }
}
