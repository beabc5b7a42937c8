import SequenceModels

/// The numbers of one batch after the other, epoch by epoch without end.
struct BatchOrder {
  private let buckets: LengthBuckets
  private var epoch = 0
  private var left: ArraySlice<[Int]> = []

  init(_ buckets: LengthBuckets) { self.buckets = buckets }

  mutating func next() -> [Int] {
    if left.isEmpty {
      left = buckets.order(epoch: epoch)[...]
      epoch += 1
    }
    return left.popFirst() ?? []
  }

  /// How many batches an epoch has.
  var batchesPerEpoch: Int { (buckets.count + buckets.batch - 1) / buckets.batch }
}
