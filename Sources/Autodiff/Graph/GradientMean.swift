import LinAlg
import Recurrent

// The gradients of several passes as those of one: for updates from more sequences than are in memory at once.
extension TrainedBlocks {
  /// Takes the gradients of the pass, a mean over `count` of something, into the mean over `before` of them
  /// that are in ``mean``.
  mutating func foldIntoMean(count: Int, before: Int, threads: Int) {
    if before == 0 {
      if !mean.hasLayout(of: gradients) { mean = gradients.zeros() }
      mean.isFrozen = gradients.isFrozen
      swap(&mean, &gradients)
      return
    }
    guard count > 0 else { return }
    let share = Scalar(Double(count) / Double(before + count))
    for i in 0..<gradients.blockCount {
      gradients.blocks[i].withUnsafeBufferPointer { new in
        mean.withUnsafeMutableBufferPointer(ofBlock: i) { old in
          guard let new = new.baseAddress, let target = old.baseAddress else { return }
          ElementWork.scale(target, by: 1 - share, into: target)
            .run(count: old.count, threads: threads)
          ElementWork.addTimes(new, alpha: share, to: target)
            .run(count: old.count, threads: threads)
        }
      }
    }
  }
}

extension TrainedBlocks {
  /// Puts the mean in the place of the gradients.
  mutating func useMean() { swap(&mean, &gradients) }
}

extension ModelParameters {
  fileprivate func hasLayout(of other: ModelParameters) -> Bool {
    guard blocks.count == other.blocks.count else { return false }
    for i in 0..<blocks.count where !blocks[i].layout.isSame(as: other.blocks[i].layout) {
      return false
    }
    return true
  }
}

extension Graph {
  /// Takes the gradients of the last pass into a mean over several passes.
  ///
  /// ```
  /// m ← g                              the first
  /// m ← m·(1 − s) + g·s                each further one, s = count / (before + count)
  /// ```
  /// The mean of one pass is its gradients, bit for bit.
  ///
  /// - Parameters:
  ///   - count: how many rows the pass's loss was the mean of.
  ///   - before: how many those were that are in the mean already; 0 begins a new one.
  package func foldGradientsIntoMean(count: Int, before: Int) {
    trained.foldIntoMean(count: count, before: before, threads: threads)
  }

  /// Puts the mean in the place of the gradients of the last pass.
  package func useMeanGradients() { trained.useMean() }
}
