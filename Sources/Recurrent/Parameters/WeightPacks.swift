import LinAlg
import Synchronization

/// Packed copies of a parameter block's weight matrices, made when a product first needs one.
///
/// They are shared by all copies of the block, also across threads, and made anew after the block has
/// changed: once per optimizer step, into the memory that they already have.
final class WeightPacks<Scalar: RecurrentScalar>: Sendable {
  private struct Pack {
    /// Where the matrix begins in the block, or −1 for a layout of several.
    let key: Int
    let direction: ProductDirection
    let storage: AlignedStorage<Scalar>
    var isCurrent: Bool
  }

  private let packs = Mutex<[Pack]>([])

  /// Marks every pack as out of date. The caller is the only owner of the block.
  func invalidate() {
    packs.withLock { packs in
      for i in packs.indices { packs[i].isCurrent = false }
    }
  }

  /// The packed copy of `weights [m, k]`, which begins `offset` scalars into the block: forward, each
  /// of its `gates` by itself.
  ///
  /// Valid until the block changes or its last copy goes.
  func pointer(
    offset: Int, m: Int, k: Int, gates: Int, weights: UnsafePointer<Scalar>,
    _ direction: ProductDirection, panel: Int, threads: Int
  ) -> UnsafePointer<Scalar> {
    let size =
      direction == .forward
      ? gates * Scalar.packedSize(k: k, m: m / gates, panel: panel)
      : Scalar.packedSize(k: m, m: k, panel: panel)
    return pointer(key: offset, direction, size: size) { packed in
      let packing = Packing(
        m: m, k: k, gates: gates, direction: direction, panel: panel, weights: weights,
        packed: packed)
      packing.run(threads: threads)
    }
  }

  /// The packed copies of several matrices of the block, side by side as `layout` says.
  ///
  /// Valid until the block changes or its last copy goes.
  func pointer(
    _ layout: PackLayout, in block: UnsafePointer<Scalar>, _ direction: ProductDirection,
    panel: Int, threads: Int
  ) -> UnsafePointer<Scalar> {
    pointer(key: -1, direction, size: layout.size) { packed in
      for part in layout.parts {
        let packing = Packing(
          m: part.m, k: part.k, gates: part.blocks, direction: direction, panel: panel,
          weights: block + part.weights, packed: packed + part.packed)
        packing.run(threads: threads)
      }
    }
  }

  private func pointer(
    key: Int, _ direction: ProductDirection, size: Int,
    pack: (UnsafeMutablePointer<Scalar>) -> Void
  ) -> UnsafePointer<Scalar> {
    packs.withLock { packs in
      var index = packs.startIndex
      while index < packs.endIndex,
        packs[index].key != key || packs[index].direction != direction
      { index += 1 }
      if index == packs.endIndex {
        packs.append(
          Pack(
            key: key, direction: direction, storage: AlignedStorage(uninitializedCount: size),
            isCurrent: false))
      }
      if !packs[index].isCurrent {
        pack(packs[index].storage.pointer)
        packs[index].isCurrent = true
      }
      return UnsafePointer(packs[index].storage.pointer)
    }
  }
}

/// The work of packing one matrix.
private struct Packing<Scalar: RecurrentScalar>: TeamWork {
  /// From so many weights on it pays to wake other threads.
  static var smallestShared: Int { 1 << 16 }

  let m: Int
  let k: Int
  let gates: Int
  let direction: ProductDirection
  let panel: Int
  let weights: UnsafePointer<Scalar>
  let packed: UnsafeMutablePointer<Scalar>

  /// Packs with as many threads as pay.
  func run(threads: Int) {
    ThreadTeam.shared.run(threads: m * k < Self.smallestShared ? 1 : threads, self)
  }

  func run(_ member: TeamMember) {
    switch direction {
    case .forward:
      let width = m / gates
      let mine = member.share(of: width, inMultiplesOf: panel)
      if mine.isEmpty { return }
      for gate in 0..<gates {
        Scalar.packTransposed(
          k: k, m: mine.count, b: weights + (gate * width + mine.lowerBound) * k,
          into: packed + gate * Scalar.packedSize(k: k, m: width, panel: panel) + mine.lowerBound
            * k)
      }
    case .backward:
      let mine = member.share(of: k, inMultiplesOf: panel)
      if mine.isEmpty { return }
      Scalar.pack(
        k: m, m: mine.count, b: weights + mine.lowerBound, ldb: k,
        into: packed + mine.lowerBound * m)
    }
  }
}

/// Which product a weight matrix `[m, k]` takes part in.
enum ProductDirection: Sendable {
  /// `x·Wᵀ`: from `k` features to `m` gate columns.
  case forward
  /// `d·W`: from `m` gate columns back to `k` features.
  case backward
}
