import LinAlg

// Some of the steps of a batch.
extension SequenceBatch {
  /// Step `t` of every sequence as a `[N, F]` matrix: a copy, which may be replaced.
  ///
  /// - Precondition: the step lies in the batch; a replacement is `[N, F]`.
  public subscript(step t: Int) -> Matrix<Scalar> {
    get {
      checkStep(t)
      let block = UnsafeBufferPointer(start: pointer(atStep: t), count: batch * features)
      return Matrix(rows: batch, columns: features, elements: block)
    }
    set {
      checkStep(t)
      require(
        newValue.rows == batch && newValue.columns == features,
        """
        SequenceBatch: a step of shape [\(newValue.rows), \(newValue.columns)] for a batch of \
        shape \(shape), expected [\(batch), \(features)]
        """)
      makeUnique()
      pointer(atStep: t).update(from: newValue.basePointer, count: newValue.count)
      withExtendedLifetime(newValue) {}
    }
  }

  /// The given steps of every sequence, `[range.count, N, F]`, without a copy: `x[steps: 4..<20]`.
  ///
  /// The part shares the storage of the whole, and keeps it, until one of the two is written to. A
  /// replacement is copied in.
  ///
  /// - Precondition: the range lies in `0..<steps`; a replacement has the shape of the part.
  public subscript(steps range: some RangeExpression<Int>) -> SequenceBatch {
    get {
      let range = stepRange(range)
      var part = self
      part.offset += range.lowerBound * batch * features
      part.steps = range.count
      return part
    }
    set {
      let range = stepRange(range)
      require(
        newValue.steps == range.count && newValue.batch == batch && newValue.features == features,
        """
        SequenceBatch: steps \(range) of shape \(shape) replaced by shape \(newValue.shape), \
        expected [\(range.count), \(batch), \(features)]
        """)
      // A value that shares the storage keeps the one it has: they do not overlap.
      makeUnique()
      copyIn(newValue, at: range.lowerBound)
    }
  }

  private func checkStep(_ t: Int) {
    require(t >= 0 && t < steps, "SequenceBatch: step \(t) outside shape \(shape)")
  }

  private func stepRange(_ range: some RangeExpression<Int>) -> Range<Int> {
    let range = range.relative(to: 0..<steps)
    require(
      range.lowerBound >= 0 && range.upperBound <= steps,
      "SequenceBatch: steps \(range) outside shape \(shape)")
    return range
  }
}
