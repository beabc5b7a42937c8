/// A rule that gives weights their first values.
///
/// A weight matrix has the shape `[fan-out, fan-in]`: one row per unit, one column per input.
public enum Initializer<Scalar: LinAlgScalar>: Sendable, Hashable, Codable {
  /// Every element 0.
  case zeros
  /// Every element equal to the given value.
  case constant(Scalar)
  /// Uniform in `[−bound, bound)`.
  case uniform(Scalar)
  /// Normal with mean 0 and the given standard deviation.
  case normal(Scalar)
  /// Uniform within `√(6 / (fan-in + fan-out))`; Glorot and Bengio (2010), for tanh and sigmoid.
  case glorotUniform
  /// Normal with variance `2 / (fan-in + fan-out)`; Glorot and Bengio (2010).
  case glorotNormal
  /// Uniform within `√(6 / fan-in)`; He et al. (2015), for rectified units.
  case heUniform
  /// Normal with variance `2 / fan-in`; He et al. (2015).
  case heNormal
  /// A random matrix with orthonormal rows or columns, whichever are fewer, times the given gain;
  /// Saxe et al. (2014), for recurrent weights.
  ///
  /// The `Q` of a Gaussian matrix's QR decomposition with the signs of `R`'s diagonal folded in,
  /// which makes every orthogonal matrix equally likely (Mezzadri 2007). The product kernels of
  /// the machine take part in it, so its last bits can differ between machines.
  case orthogonal(Scalar)

  /// Fills `buffer`, a row-major `[rows, columns]` matrix.
  ///
  /// - Parameters:
  ///   - buffer: the elements to set; it need not have been initialised.
  ///   - rows: the fan-out.
  ///   - columns: the fan-in.
  ///   - rng: the source of randomness; not drawn from by `.zeros` and `.constant`.
  /// - Precondition: `buffer.count == rows * columns`; a bound or deviation is finite and not
  ///   negative, a gain is finite.
  @inlinable
  public func fill(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, rows: Int, columns: Int,
    using rng: inout some RandomNumberGenerator
  ) {
    require(
      rows >= 0 && columns >= 0 && buffer.count == rows * columns,
      "Initializer: a buffer of \(buffer.count) elements for shape [\(rows), \(columns)]")
    guard buffer.count > 0 else { return }
    let fanIn = Scalar(columns)
    let fanBoth = Scalar(rows + columns)
    switch self {
    case .zeros: buffer.initialize(repeating: 0)
    case .constant(let value): buffer.initialize(repeating: value)
    case .uniform(let bound): Self.fillUniform(buffer, within: bound, using: &rng)
    case .normal(let deviation): Self.fillNormal(buffer, deviation, using: &rng)
    case .glorotUniform: Self.fillUniform(buffer, within: (6 / fanBoth).squareRoot(), using: &rng)
    case .glorotNormal: Self.fillNormal(buffer, (2 / fanBoth).squareRoot(), using: &rng)
    case .heUniform: Self.fillUniform(buffer, within: (6 / fanIn).squareRoot(), using: &rng)
    case .heNormal: Self.fillNormal(buffer, (2 / fanIn).squareRoot(), using: &rng)
    case .orthogonal(let gain):
      require(gain.isFinite, "Initializer.orthogonal: gain \(gain)")
      Self.fillOrthogonal(buffer, rows: rows, columns: columns, gain: gain, using: &rng)
    }
  }

  @inlinable
  static func fillUniform(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, within bound: Scalar,
    using rng: inout some RandomNumberGenerator
  ) {
    require(bound >= 0 && bound.isFinite, "Initializer.uniform: bound \(bound)")
    if bound == 0 {
      buffer.initialize(repeating: 0)
    } else {
      rng.fillUniform(buffer, in: -bound..<bound)
    }
  }

  @inlinable
  static func fillNormal(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, _ deviation: Scalar,
    using rng: inout some RandomNumberGenerator
  ) {
    require(
      deviation >= 0 && deviation.isFinite, "Initializer.normal: standard deviation \(deviation)")
    rng.fillNormal(buffer, mean: 0, standardDeviation: deviation)
  }

  @usableFromInline
  static func fillOrthogonal(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, rows: Int, columns: Int, gain: Scalar,
    using rng: inout some RandomNumberGenerator
  ) {
    let long = max(rows, columns)
    let short = min(rows, columns)
    let q = AlignedStorage<Scalar>(uninitializedCount: long * short)
    rng.fillNormal(UnsafeMutableBufferPointer(start: q.pointer, count: q.count))
    let tau = AlignedStorage<Scalar>(uninitializedCount: short)
    let factored = Scalar.geqrf(m: long, n: short, a: q.pointer, lda: short, tau: tau.pointer)
    require(factored == 0, "Initializer.orthogonal: geqrf answered \(factored)")
    // R's diagonal stands on q's diagonal until orgqr overwrites it.
    let scales = (0..<short).map { q.pointer[$0 * short + $0] < 0 ? -gain : gain }
    let formed = Scalar.orgqr(
      m: long, n: short, k: short, a: q.pointer, lda: short, tau: tau.pointer)
    require(formed == 0, "Initializer.orthogonal: orgqr answered \(formed)")
    for i in 0..<long {
      for j in 0..<short {
        buffer[rows >= columns ? i * columns + j : j * columns + i] =
          scales[j] * q.pointer[i * short + j]
      }
    }
  }
}
