import LinAlg

/// Numbered sequences grouped into batches of similar lengths, in another order each epoch.
///
/// The sequences are shuffled and cut into pools; the batches of a pool are those of similar lengths, and all
/// batches together are shuffled again. So a batch needs little filling, and which sequences meet in one is
/// still chance. Everything follows from ``seed`` and the epoch alone.
///
/// A pool is halved, at a multiple of the batch, until halves are batches: by length, and where each
/// sequence has several lengths (those of a source and a target), each time by the one that leaves less to
/// fill.
public struct LengthBuckets: Sendable, Hashable {
  /// How many sequences a batch has; the last one of the longest sequences may have fewer.
  public let batch: Int
  /// What the order follows from, besides the epoch.
  public let seed: UInt64
  /// Of how many batches a pool is. A larger pool needs less filling, a smaller one mixes more.
  public let pool: Int
  /// The lengths by which sequences are similar: for each kind, one for each sequence.
  private let lengths: [[Int]]

  /// Batches of sequences of one length each.
  ///
  /// - Parameters:
  ///   - lengths: how long each sequence is; with these numbers, from 0, it is named.
  ///   - batch: how many sequences a batch has.
  ///   - seed: what the order follows from, besides the epoch.
  ///   - pool: of how many batches a pool is.
  /// - Precondition: lengths are not negative; `batch` and `pool` are positive.
  public init(lengths: [Int], batch: Int, seed: UInt64, pool: Int = 256) {
    self.init(kinds: [lengths], batch: batch, seed: seed, pool: pool)
  }

  /// Batches of pairs of sequences.
  ///
  /// - Parameters:
  ///   - lengths: how long the first sequence of each pair is; with these numbers, from 0, it is named.
  ///   - others: how long the second one is.
  ///   - batch: how many pairs a batch has.
  ///   - seed: what the order follows from, besides the epoch.
  ///   - pool: of how many batches a pool is.
  /// - Precondition: there are as many of both lengths, none negative; `batch` and `pool` are positive.
  public init(
    lengths: [Int], and others: [Int], batch: Int, seed: UInt64, pool: Int = 256
  ) {
    self.init(kinds: [lengths, others], batch: batch, seed: seed, pool: pool)
  }

  init(kinds: [[Int]], batch: Int, seed: UInt64, pool: Int) {
    require(
      batch > 0 && pool > 0, "LengthBuckets: batches of \(batch) sequences, pools of \(pool)")
    for lengths in kinds {
      require(
        lengths.count == kinds[0].count,
        "LengthBuckets: \(kinds[0].count) first and \(lengths.count) second lengths")
      if let n = lengths.firstIndex(where: { $0 < 0 }) {
        failRequirement("LengthBuckets: sequence \(n) has length \(lengths[n])")
      }
    }
    lengths = kinds
    self.batch = batch
    self.seed = seed
    self.pool = pool
  }

  /// How many sequences there are.
  public var count: Int { lengths[0].count }

  /// The numbers of the sequences of each batch, each sequence once.
  public func order(epoch: Int) -> [[Int]] {
    // The epoch's own generator: it depends on no other epoch having been asked for.
    var seeds = SeededGenerator(seed: seed)
    let word = seeds.next()
    var generator = SeededGenerator(seed: word &+ UInt64(truncatingIfNeeded: epoch))
    let shuffled = (0..<count).shuffled(using: &generator)
    var batches: [[Int]] = []
    var start = 0
    while start < count {
      let end = min(start + min(pool, count) * batch, count)
      divide(Array(shuffled[start..<end]), into: &batches)
      start = end
    }
    return batches.shuffled(using: &generator)
  }

  /// What share of all steps of an epoch's batches is filling.
  public func paddingShare(epoch: Int) -> Double {
    let batches = order(epoch: epoch)
    let total = batches.reduce(0) { $0 + cost($1[...]) }
    let needed = lengths.reduce(0) { $0 + $1.reduce(0, +) }
    return total == 0 ? 0 : 1 - Double(needed) / Double(total)
  }

  /// Halves `members` until each part is a batch.
  private func divide(_ members: [Int], into batches: inout [[Int]]) {
    let count = (members.count + batch - 1) / batch
    if count <= 1 {
      if !members.isEmpty { batches.append(members) }
      return
    }
    let half = count / 2 * batch
    var best: (cost: Int, members: [Int]) = (.max, [])
    for lengths in lengths {
      let sorted = sorted(members, by: lengths)
      let cost = cost(sorted[..<half]) + cost(sorted[half...])
      if cost < best.cost { best = (cost, sorted) }
    }
    divide(Array(best.members[..<half]), into: &batches)
    divide(Array(best.members[half...]), into: &batches)
  }

  /// In the order of their lengths; those of equal lengths in the order that they have.
  private func sorted(_ members: [Int], by lengths: [Int]) -> [Int] {
    members.enumerated().sorted {
      let (a, b) = (lengths[$0.element], lengths[$1.element])
      return a < b || (a == b && $0.offset < $1.offset)
    }.map(\.element)
  }

  /// How many steps these would take as one batch.
  private func cost(_ members: ArraySlice<Int>) -> Int {
    lengths.reduce(0) { sum, lengths in
      sum + members.count * (members.lazy.map { lengths[$0] }.max() ?? 0)
    }
  }
}
