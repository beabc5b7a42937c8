import LinAlg

extension SequenceBatch where Scalar: RecurrentScalar {
  /// Becomes the merged outputs of two directions.
  mutating func assignMerge(
    _ merge: DirectionMerge, _ forward: SequenceBatch, _ backward: SequenceBatch, threads: Int
  ) {
    switch merge {
    case .sum: assign(forward, by: .sum, backward, threads: threads)
    case .mean: assign(forward, by: .mean, backward, threads: threads)
    case .product: assign(forward, by: .product, backward, threads: threads)
    case .concatenate:
      require(
        forward.steps == backward.steps && forward.batch == backward.batch,
        "directions of shapes \(forward.shape) and \(backward.shape) cannot be concatenated")
      renew(
        steps: forward.steps, batch: forward.batch, features: forward.features + backward.features)
      copyRows(of: forward, besides: backward, splits: false, threads: threads)
    }
  }

  /// Becomes `a + b`, `(a + b)/2` or `a∘b`, for two batches of the same shape.
  mutating func assign(
    _ a: SequenceBatch, by operation: PairOperation, _ b: SequenceBatch, threads: Int
  ) {
    require(
      a.hasShape(of: b), "directions have shapes \(a.shape) and \(b.shape), expected the same")
    renew(steps: a.steps, batch: a.batch, features: a.features)
    PairedElements(
      a: a.pointer(atStep: 0), b: b.pointer(atStep: 0), operation: operation,
      y: pointer(atStep: 0)
    ).run(count: a.count, inMultiplesOf: 64, scalars: a.count, threads: threads)
    withExtendedLifetime((a, b)) {}
  }

  /// Becomes `a/2`.
  mutating func assignHalf(of a: SequenceBatch) {
    assign(a, steps: 0..<a.steps)
    Scalar.scal(n: count, alpha: 0.5, x: pointer(atStep: 0), incx: 1)
  }

  /// Writes the first `features` features of each step to `first` and the others to `second`.
  func split(
    into first: inout SequenceBatch, _ features: Int, _ second: inout SequenceBatch, threads: Int
  ) {
    require(
      features <= self.features,
      "a gradient of \(self.features) features cannot be split after \(features)")
    first.renew(steps: steps, batch: batch, features: features)
    second.renew(steps: steps, batch: batch, features: self.features - features)
    copyRows(of: first, besides: second, splits: true, threads: threads)
  }

  /// Copies the rows of two batches to this one's, side by side, or this one's to theirs.
  private func copyRows(
    of left: SequenceBatch, besides right: SequenceBatch, splits: Bool, threads: Int
  ) {
    SideBySideRows(
      left: left.pointer(atStep: 0), right: right.pointer(atStep: 0), leftBytes: left.rowBytes,
      rightBytes: right.rowBytes, both: pointer(atStep: 0), splits: splits
    ).run(count: steps * batch, scalars: count, threads: threads)
    withExtendedLifetime((left, right)) {}
  }
}

private struct PairedElements<Scalar: RecurrentScalar>: DividedWork {
  let a: UnsafePointer<Scalar>
  let b: UnsafePointer<Scalar>
  let operation: PairOperation
  let y: UnsafeMutablePointer<Scalar>

  func run(_ range: Range<Int>) {
    let i = range.lowerBound
    Scalar.combine(a + i, b + i, by: operation, into: y + i, count: range.count)
  }
}
