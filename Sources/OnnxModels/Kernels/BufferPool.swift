import LinAlg

/// The memory of tensors that nobody has any more, for the next ones of about that size.
struct BufferPool {
  private struct Free {
    let storage: AlignedStorage<UInt8>
    /// The run in which it was given back.
    let run: Int
  }

  /// More are not kept: each tensor looks through all of them.
  private static let most = 256

  private var free: [Free] = []
  private var run = 0

  /// The smallest buffer that fits and is not much larger.
  mutating func take(_ bytes: Int) -> AlignedStorage<UInt8>? {
    var (best, least) = (-1, bytes + bytes / 8 + 64)
    for i in 0..<free.count {
      let size = free[i].storage.count
      if size >= bytes && size <= least { (best, least) = (i, size) }
    }
    guard best >= 0 else { return nil }
    free.swapAt(best, free.count - 1)
    return free.removeLast().storage
  }

  mutating func give(_ storage: AlignedStorage<UInt8>) {
    if free.count < Self.most { free.append(Free(storage: storage, run: run)) }
  }

  /// Lets go of what this run has not used: the next one is most likely like it.
  mutating func endRun() {
    var i = 0
    while i < free.count {
      if free[i].run == run {
        i += 1
      } else {
        free.swapAt(i, free.count - 1)
        free.removeLast()
      }
    }
    run += 1
  }
}
