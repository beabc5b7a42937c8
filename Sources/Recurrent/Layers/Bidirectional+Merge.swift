import LinAlg

extension SequenceBatch where Scalar: RecurrentScalar {
  /// Becomes the merged outputs of two directions.
  mutating func assignMerge(
    _ merge: DirectionMerge, _ forward: SequenceBatch, _ backward: SequenceBatch
  ) {
    switch merge {
    case .sum: assign(forward, by: .sum, backward)
    case .mean: assign(forward, by: .mean, backward)
    case .product: assign(forward, by: .product, backward)
    case .concatenate:
      require(
        forward.steps == backward.steps && forward.batch == backward.batch,
        "directions of shapes \(forward.shape) and \(backward.shape) cannot be concatenated")
      let rows = forward.steps * forward.batch
      renew(
        steps: forward.steps, batch: forward.batch, features: forward.features + backward.features)
      let target = UnsafeMutableRawPointer(pointer(atStep: 0))
      copyRows(
        rows, of: forward.rowBytes, forward.pointer(atStep: 0), every: forward.rowBytes,
        to: target, every: rowBytes)
      copyRows(
        rows, of: backward.rowBytes, backward.pointer(atStep: 0), every: backward.rowBytes,
        to: target + forward.rowBytes, every: rowBytes)
      withExtendedLifetime((forward, backward)) {}
    }
  }

  /// Becomes `a + b`, `(a + b)/2` or `a∘b`, for two batches of the same shape.
  mutating func assign(_ a: SequenceBatch, by operation: PairOperation, _ b: SequenceBatch) {
    require(
      a.hasShape(of: b), "directions have shapes \(a.shape) and \(b.shape), expected the same")
    renew(steps: a.steps, batch: a.batch, features: a.features)
    Scalar.combine(
      a.pointer(atStep: 0), b.pointer(atStep: 0), by: operation, into: pointer(atStep: 0),
      count: a.count)
    withExtendedLifetime((a, b)) {}
  }

  /// Becomes `a/2`.
  mutating func assignHalf(of a: SequenceBatch) {
    assign(a, steps: 0..<a.steps)
    Scalar.scal(n: count, alpha: 0.5, x: pointer(atStep: 0), incx: 1)
  }

  /// Writes the first `features` features of each step to `first` and the others to `second`.
  func split(into first: inout SequenceBatch, _ features: Int, _ second: inout SequenceBatch) {
    require(
      features <= self.features,
      "a gradient of \(self.features) features cannot be split after \(features)")
    first.renew(steps: steps, batch: batch, features: features)
    second.renew(steps: steps, batch: batch, features: self.features - features)
    let source = UnsafeRawPointer(pointer(atStep: 0))
    copyRows(
      steps * batch, of: first.rowBytes, source, every: rowBytes, to: first.pointer(atStep: 0),
      every: first.rowBytes)
    copyRows(
      steps * batch, of: second.rowBytes, source + first.rowBytes, every: rowBytes,
      to: second.pointer(atStep: 0), every: second.rowBytes)
  }
}
