import LinAlg

// Where sequences come in and go out: other layouts, and one output of each sequence.
extension SequenceBatch {
  /// A batch from elements that are stored sequence by sequence, `[N, T, F]`: time is the slowest axis
  /// of the result.
  ///
  /// - Precondition: there are `batch * steps * features` elements.
  public init(
    batchFirst elements: some Collection<Scalar>, batch: Int, steps: Int, features: Int
  ) {
    self.init(uninitializedSteps: steps, batch: batch, features: features)
    require(
      elements.count == count,
      "SequenceBatch: \(elements.count) elements given for [N, T, F] = [\(batch), \(steps), \(features)]"
    )
    let (rowBytes, target) = (rowBytes, UnsafeMutableRawPointer(pointer(atStep: 0)))
    func fill(_ source: UnsafeBufferPointer<Scalar>) {
      guard let start = source.baseAddress else { return }
      for t in 0..<steps {
        copyRows(
          batch, of: rowBytes, UnsafeRawPointer(start) + t * rowBytes, every: steps * rowBytes,
          to: target + t * batch * rowBytes, every: rowBytes)
      }
    }
    if elements.withContiguousStorageIfAvailable(fill) == nil {
      Array(elements).withUnsafeBufferPointer(fill)
    }
  }

  /// All elements sequence by sequence: `[N, T, F]`, row-major.
  public var batchFirst: [Scalar] {
    let (steps, batch, rowBytes) = (steps, batch, rowBytes)
    let source = UnsafeRawPointer(pointer(atStep: 0))
    defer { withExtendedLifetime(self) {} }
    return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      guard let start = buffer.baseAddress else { return }
      for n in 0..<batch {
        copyRows(
          steps, of: rowBytes, source + n * rowBytes, every: batch * rowBytes,
          to: UnsafeMutableRawPointer(start) + n * steps * rowBytes, every: rowBytes)
      }
    }
  }

  /// Each sequence's last step, `[N, F]`: the one output of a sequence that many-to-one models read.
  ///
  /// - Parameter lengths: how many steps of each sequence count; nil means all. The row of an empty
  ///   sequence is zero.
  public func last(lengths: [Int]? = nil) -> Matrix<Scalar> {
    var result = Matrix<Scalar>(uninitializedRows: batch, columns: features)
    writeLast(lengths: lengths, to: &result)
    return result
  }

  /// ``last(lengths:)`` into a matrix; allocates nothing where that is `[N, F]` and unshared.
  public func writeLast(lengths: [Int]? = nil, to matrix: inout Matrix<Scalar>) {
    checkLengths(lengths)
    matrix.renew(rows: batch, columns: features)
    let (target, rowBytes) = (UnsafeMutableRawPointer(matrix.basePointer), rowBytes)
    for n in 0..<batch {
      let length = lengths?[n] ?? steps
      if length == 0 {
        clear(target + n * rowBytes, byteCount: rowBytes)
      } else {
        (target + n * rowBytes).copyMemory(
          from: UnsafeRawPointer(pointer(atStep: length - 1)) + n * rowBytes, byteCount: rowBytes)
      }
    }
  }

  /// The way back of ``last(lengths:)``: each row of `dLast [N, F]` at the last step of its sequence,
  /// zeros elsewhere, `[steps, N, F]`.
  ///
  /// - Parameters:
  ///   - dLast: the gradient of each sequence's last output.
  ///   - steps: `T`.
  ///   - lengths: as they were for ``last(lengths:)``; the rows of empty sequences are ignored.
  public init(scatteringLast dLast: Matrix<Scalar>, steps: Int, lengths: [Int]? = nil) {
    self.init(uninitializedSteps: steps, batch: dLast.rows, features: dLast.columns)
    scatterLast(dLast, steps: steps, lengths: lengths)
  }

  /// Becomes what ``init(scatteringLast:steps:lengths:)`` makes; allocates nothing where this has the
  /// right size and is unshared.
  public mutating func scatterLast(
    _ dLast: Matrix<Scalar>, steps: Int, lengths: [Int]? = nil
  ) {
    renew(steps: steps, batch: dLast.rows, features: dLast.columns)
    checkLengths(lengths)
    clearAll()
    let (source, rowBytes) = (UnsafeRawPointer(dLast.basePointer), rowBytes)
    for n in 0..<batch {
      let length = lengths?[n] ?? steps
      if length > 0 {
        (UnsafeMutableRawPointer(pointer(atStep: length - 1)) + n * rowBytes).copyMemory(
          from: source + n * rowBytes, byteCount: rowBytes)
      }
    }
    withExtendedLifetime(dLast) {}
  }
}
