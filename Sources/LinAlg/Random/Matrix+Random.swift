extension Matrix {
  /// A `[rows, columns]` matrix of numbers drawn uniformly from `range`, row by row.
  ///
  /// - Precondition: `range` is finite and not empty.
  @inlinable
  public static func uniform(
    rows: Int, columns: Int, in range: Range<Scalar> = -1..<1,
    using rng: inout some RandomNumberGenerator
  ) -> Matrix {
    var result = Matrix(uninitializedRows: rows, columns: columns)
    result.withUnsafeMutableBufferPointer { rng.fillUniform($0, in: range) }
    return result
  }

  /// A `[rows, columns]` matrix of numbers from the normal distribution.
  ///
  /// - Precondition: `standardDeviation` is not negative.
  @inlinable
  public static func normal(
    rows: Int, columns: Int, mean: Scalar = 0, standardDeviation: Scalar = 1,
    using rng: inout some RandomNumberGenerator
  ) -> Matrix {
    var result = Matrix(uninitializedRows: rows, columns: columns)
    result.withUnsafeMutableBufferPointer {
      rng.fillNormal($0, mean: mean, standardDeviation: standardDeviation)
    }
    return result
  }

  /// A `[rows, columns]` weight matrix with first values from `initializer`.
  ///
  /// - Parameters:
  ///   - rows: the fan-out.
  ///   - columns: the fan-in.
  ///   - initializer: the rule.
  ///   - rng: the source of randomness.
  @inlinable
  public init(
    rows: Int, columns: Int, initializer: Initializer<Scalar>,
    using rng: inout some RandomNumberGenerator
  ) {
    self.init(uninitializedRows: rows, columns: columns)
    withUnsafeMutableBufferPointer {
      initializer.fill($0, rows: rows, columns: columns, using: &rng)
    }
  }
}
