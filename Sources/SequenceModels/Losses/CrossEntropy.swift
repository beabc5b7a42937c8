import LinAlg
import Recurrent

/// Softmax cross-entropy on integer labels ("sparse") and on distributions ("dense").
///
/// For every counted row of logits `z`, with `p = softmax z`,
/// ```
/// sparse   L = −log p[label]       dz = (p − onehot(label)) / count
/// dense    L = −Σ q·log p          dz = (p·Σq − q) / count
/// ```
/// and the loss is the mean over the `count` rows that count. Softmax and loss are one pass over each
/// row, on `log p = z − max z − log Σ exp(z − max z)`: no logit, however large, overflows, and no
/// probability, however small, makes the loss infinite. Losses are accumulated in `Double`.
public struct CrossEntropy: Sendable, Hashable {
  /// Rows with this label do not count; nil when every row counts. A mask is written as labels: the
  /// rows to leave out get this one.
  public var ignoredLabel: Token?

  /// A loss that leaves out rows labelled `ignoredLabel`.
  public init(ignoring ignoredLabel: Token? = nil) { self.ignoredLabel = ignoredLabel }

  /// The loss on integer labels, and its gradient.
  ///
  /// - Parameters:
  ///   - logits: `[T, N, K]`.
  ///   - labels: `[T, N]`; each in `0..<K`, or ``ignoredLabel``.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - dLogits: is replaced by the gradient of the *mean* loss, `[T, N, K]`; exactly zero where
  ///     nothing counts. Its storage is kept when it has the right size and nobody shares it.
  /// - Precondition: shapes as stated; `lengths` has one entry in `0...T` per sequence.
  public func callAsFunction<Scalar>(
    _ logits: SequenceBatch<Scalar>, labels: TokenBatch, lengths: [Int]? = nil,
    gradient dLogits: inout SequenceBatch<Scalar>
  ) -> Loss {
    check(logits, labels, lengths)
    let (K, N) = (logits.features, logits.batch)
    let count = countedRows(labels, lengths)
    dLogits.renew(steps: logits.steps, batch: N, features: K)
    let (z, dz) = (logits.pointer(atStep: 0), dLogits.pointer(atStep: 0))
    let scale = 1 / Scalar(max(count, 1))
    let sum = labels.withUnsafeBufferPointer { labels in
      var sum = 0.0
      for i in 0..<labels.count {
        let row = dz + i * K
        guard counts(labels[i], step: i / N, sequence: i % N, lengths) else {
          row.update(repeating: 0, count: K)
          continue
        }
        let label = Int(labels[i])
        Scalar.apply(.logSoftmax, z + i * K, into: row, rows: 1, columns: K)
        sum -= Double(row[label])
        Scalar.apply(.exp, row, into: row, count: K)
        Scalar.scal(n: K, alpha: scale, x: row, incx: 1)
        row[label] -= scale
      }
      return sum
    }
    withExtendedLifetime(logits) {}
    return Loss(sum: sum, count: count)
  }

  /// The loss on integer labels, without a gradient: for evaluation.
  ///
  /// - Parameters:
  ///   - logits: `[T, N, K]`.
  ///   - labels: `[T, N]`; each in `0..<K`, or ``ignoredLabel``.
  ///   - lengths: how many steps of each sequence count; nil means all.
  /// - Precondition: shapes as stated; `lengths` has one entry in `0...T` per sequence.
  public func callAsFunction<Scalar>(
    _ logits: SequenceBatch<Scalar>, labels: TokenBatch, lengths: [Int]? = nil
  ) -> Loss {
    check(logits, labels, lengths)
    let (K, N) = (logits.features, logits.batch)
    let scratch = AlignedStorage<Scalar>(uninitializedCount: K)
    let (z, row) = (logits.pointer(atStep: 0), scratch.pointer)
    var loss = Loss()
    labels.withUnsafeBufferPointer { labels in
      for i in 0..<labels.count
      where counts(labels[i], step: i / N, sequence: i % N, lengths) {
        Scalar.apply(.logSoftmax, z + i * K, into: row, rows: 1, columns: K)
        loss += Loss(sum: -Double(row[Int(labels[i])]), count: 1)
      }
    }
    withExtendedLifetime((logits, scratch)) {}
    return loss
  }

  /// The loss on distributions over the labels, and its gradient.
  ///
  /// - Parameters:
  ///   - logits: `[T, N, K]`, finite.
  ///   - distributions: `q`, `[T, N, K]`, not negative. A row need not sum to 1: the gradient is right
  ///     for weighted rows too.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - dLogits: is replaced by the gradient of the mean loss, `[T, N, K]`; exactly zero where
  ///     nothing counts.
  /// - Precondition: shapes as stated; `lengths` has one entry in `0...T` per sequence.
  public func callAsFunction<Scalar>(
    _ logits: SequenceBatch<Scalar>, distributions: SequenceBatch<Scalar>, lengths: [Int]? = nil,
    gradient dLogits: inout SequenceBatch<Scalar>
  ) -> Loss {
    require(
      distributions.hasShape(logits.steps, logits.batch, logits.features),
      "distributions have shape \(distributions.shape), the logits [T, N, K] = \(logits.shape)")
    check(logits, lengths)
    let (K, N, rows) = (logits.features, logits.batch, logits.steps * logits.batch)
    let count = lengths?.reduce(0, +) ?? rows
    dLogits.renew(steps: logits.steps, batch: N, features: K)
    let (z, dz) = (logits.pointer(atStep: 0), dLogits.pointer(atStep: 0))
    let q = distributions.pointer(atStep: 0)
    let scale = 1 / Scalar(max(count, 1))
    var sum = 0.0
    for i in 0..<rows {
      let (row, target) = (dz + i * K, q + i * K)
      if let lengths, i / N >= lengths[i % N] {
        row.update(repeating: 0, count: K)
        continue
      }
      Scalar.apply(.logSoftmax, z + i * K, into: row, rows: 1, columns: K)
      sum -= Double(Scalar.dot(n: K, x: target, incx: 1, y: row, incy: 1))
      let weight = Scalar.asum(n: K, x: target, incx: 1)
      Scalar.apply(.exp, row, into: row, count: K)
      Scalar.scal(n: K, alpha: weight * scale, x: row, incx: 1)
      Scalar.axpy(n: K, alpha: -scale, x: target, incx: 1, y: row, incy: 1)
    }
    withExtendedLifetime((logits, distributions)) {}
    return Loss(sum: sum, count: count)
  }
}

extension CrossEntropy {
  private func counts(_ label: Token, step: Int, sequence: Int, _ lengths: [Int]?) -> Bool {
    if let lengths, step >= lengths[sequence] { return false }
    return label != ignoredLabel
  }

  private func countedRows(_ labels: TokenBatch, _ lengths: [Int]?) -> Int {
    if lengths == nil && ignoredLabel == nil { return labels.count }
    let N = labels.batch
    return labels.withUnsafeBufferPointer { labels in
      var count = 0
      for i in 0..<labels.count
      where counts(labels[i], step: i / N, sequence: i % N, lengths) { count += 1 }
      return count
    }
  }

  /// Labels are checked where they count: padding may hold anything.
  private func check<Scalar>(
    _ logits: SequenceBatch<Scalar>, _ labels: TokenBatch, _ lengths: [Int]?
  ) {
    require(
      labels.steps == logits.steps && labels.batch == logits.batch,
      "labels have shape [T, N] = \(labels.shape), the logits [T, N, K] = \(logits.shape)")
    check(logits, lengths)
    let (N, K) = (logits.batch, logits.features)
    labels.withUnsafeBufferPointer { labels in
      for i in 0..<labels.count
      where counts(labels[i], step: i / N, sequence: i % N, lengths)
        && (labels[i] < 0 || Int(labels[i]) >= K)
      {
        failRequirement(
          """
          label \(labels[i]) at step \(i / N) of sequence \(i % N) \
          is outside the \(K) classes of the logits
          """)
      }
    }
  }

  private func check<Scalar>(_ logits: SequenceBatch<Scalar>, _ lengths: [Int]?) {
    require(logits.features > 0, "logits of no class: shape \(logits.shape)")
    guard let lengths else { return }
    require(
      lengths.count == logits.batch,
      "\(lengths.count) lengths given for a batch of \(logits.batch)")
    for (n, length) in lengths.enumerated() {
      require(
        length >= 0 && length <= logits.steps,
        "sequence \(n) has length \(length), expected 0...\(logits.steps)")
    }
  }
}
