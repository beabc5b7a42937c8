internal import CKernels

// The passes of training that are no matrix product, on raw pointers to `n` scalars each: over
// parameters and gradients after each backward pass, and dropout.
//
// One pass instead of a chain of vector operations: an update is bound by memory, and reads and writes
// each number once. Hyperparameters are `Double` and are rounded where they are used.
extension LinAlgScalar {
  /// `Σ xᵢ²`, accumulated in `Double`; not finite when an element is not.
  public static func sumOfSquares(_ x: UnsafePointer<Self>, count n: Int) -> Double {
    var sum = 0.0
    kernels.table.pointee.sum_squares(n, x, &sum)
    return sum
  }

  /// Gradient descent: `x ← x − rate·(dx + decay·x)`.
  public static func descend(
    _ x: UnsafeMutablePointer<Self>, along dx: UnsafePointer<Self>, count n: Int,
    rate: Double, decay: Double
  ) {
    kernels.table.pointee.sgd(n, x, dx, rate, decay)
  }

  /// Gradient descent with momentum, where `g = dx + decay·x`:
  /// ```
  /// v ← momentum·v + g
  /// x ← x − rate·v      or, with nesterov,   x ← x − rate·(g + momentum·v)
  /// ```
  public static func descend(
    _ x: UnsafeMutablePointer<Self>, along dx: UnsafePointer<Self>,
    velocity v: UnsafeMutablePointer<Self>, count n: Int,
    rate: Double, momentum: Double, decay: Double, nesterov: Bool
  ) {
    kernels.table.pointee.momentum(n, x, dx, v, rate, momentum, decay, nesterov ? 1 : 0)
  }

  /// One step of Adam, where `g = dx + decay·x`:
  /// ```
  /// m ← β₁·m + (1 − β₁)·g
  /// v ← β₂·v + (1 − β₂)·g²
  /// x ← keep·x − rate·m / (rootScale·√v + epsilon)
  /// ```
  public static func adam(
    _ x: UnsafeMutablePointer<Self>, along dx: UnsafePointer<Self>,
    first m: UnsafeMutablePointer<Self>, second v: UnsafeMutablePointer<Self>, count n: Int,
    _ c: AdamCoefficients
  ) {
    kernels.table.pointee.adam(
      n, x, dx, m, v, c.beta1, c.beta2, c.rate, c.rootScale, c.epsilon, c.keep, c.decay)
  }

  /// Inverted dropout: `y[i] = x[i]·scale` where number `i` of the random sequence that `key` selects
  /// is below `threshold` (which counts 65536ths), and 0 elsewhere.
  ///
  /// The same key drops the same elements, on every machine: a backward pass repeats the mask instead
  /// of having stored it. `y` may be `x`.
  public static func dropout(
    _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>, count n: Int,
    key: UInt64, threshold: UInt32, scale: Double
  ) {
    kernels.table.pointee.dropout(n, x, y, key, threshold, scale)
  }
}

/// The numbers that are the same for every parameter in one step of Adam.
public struct AdamCoefficients: Sendable, Hashable {
  /// `β₁`, the decay of the first moment.
  public var beta1: Double
  /// `β₂`, the decay of the second moment.
  public var beta2: Double
  /// The learning rate over `1 − β₁ᵗ`.
  public var rate: Double
  /// `1 / √(1 − β₂ᵗ)`.
  public var rootScale: Double
  /// What keeps the quotient finite.
  public var epsilon: Double
  /// What is left of a parameter by decoupled weight decay; 1 without.
  public var keep: Double
  /// The weight decay that is added to the gradient; 0 without.
  public var decay: Double

  /// The coefficients of one step.
  public init(
    beta1: Double, beta2: Double, rate: Double, rootScale: Double, epsilon: Double,
    keep: Double = 1, decay: Double = 0
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.rate = rate
    self.rootScale = rootScale
    self.epsilon = epsilon
    self.keep = keep
    self.decay = decay
  }
}
