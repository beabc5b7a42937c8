import LinAlg
import Synchronization

/// Packed copies of a parameter block's weight matrices, made when a product first needs one.
///
/// They are shared by all copies of the block, also across threads, and made anew after the block has
/// changed: once per optimizer step, into the memory that they already have.
final class WeightPacks<Scalar: RecurrentScalar>: Sendable {
  private struct Pack {
    /// The layout that the pack was made for, or the form of weights that are made of the block and not
    /// packed. Held, so that no other gets its address.
    let key: AnyObject & Sendable
    let direction: ProductDirection
    /// That of the format; 0 for unpacked weights.
    let format: Int
    /// Bytes, because a format's elements need not be scalars.
    let storage: AlignedStorage<UInt8>
    var isCurrent: Bool
  }

  private let packs = Mutex<[Pack]>([])

  /// Marks every pack as out of date. The caller is the only owner of the block.
  func invalidate() {
    packs.withLock { packs in
      for i in packs.indices { packs[i].isCurrent = false }
    }
  }

  /// The packed copies of several matrices of the block, side by side as `layout` says.
  ///
  /// Valid until the block changes or its last copy goes.
  func packed(
    _ layout: PackLayout, in block: UnsafePointer<Scalar>, _ direction: ProductDirection,
    _ format: PackFormat<Scalar>, threads: Int
  ) -> PackedWeights<Scalar> {
    let packing = LayoutPacking(
      layout: layout, direction: direction, format: format, block: block)
    return PackedWeights(
      format: format,
      start: memory(
        key: layout, direction, format,
        bytes: format.bytes(format.elements(before: layout.size)), packing, threads: threads)
    )
  }

  /// The weights that `form` makes of the block, not packed.
  ///
  /// Valid until the block changes or its last copy goes.
  func pointer(_ form: WeightForm, from block: UnsafePointer<Scalar>) -> UnsafePointer<Scalar> {
    let bytes = form.weightCount * MemoryLayout<Scalar>.stride
    return memory(
      key: form, .forward, nil, bytes: bytes, FormPacking(form: form, block: block), threads: 1
    ).assumingMemoryBound(to: Scalar.self)
  }

  /// How many scalars would take as much memory as all packs.
  var scalarCount: Int {
    packs.withLock { packs in
      var count = 0
      for i in 0..<packs.count { count += packs[i].storage.count }
      return count / MemoryLayout<Scalar>.stride
    }
  }

  /// The pack of that key, direction and format, filled by `source` where it is new or out of date.
  private func memory(
    key: AnyObject & Sendable, _ direction: ProductDirection, _ format: PackFormat<Scalar>?,
    bytes: Int,
    _ source: some PackSource, threads: Int
  ) -> UnsafeRawPointer {
    // Not the format itself, whose comparison the runtime looks up: that allocates now and then.
    let identity = format?.identity ?? 0
    return packs.withLock { packs in
      var index = packs.startIndex
      while index < packs.endIndex,
        packs[index].key !== key || packs[index].direction != direction
          || packs[index].format != identity
      { index += 1 }
      if index == packs.endIndex {
        packs.append(
          Pack(
            key: key, direction: direction, format: identity,
            storage: AlignedStorage(uninitializedCount: bytes), isCurrent: false))
      }
      if !packs[index].isCurrent {
        source.pack(into: packs[index].storage.pointer, threads: threads)
        packs[index].isCurrent = true
      }
      return UnsafeRawPointer(packs[index].storage.pointer)
    }
  }
}

/// What fills a pack: a value and not a closure, which would cost an allocation.
private protocol PackSource {
  /// Writes the whole pack.
  func pack(into packed: UnsafeMutableRawPointer, threads: Int)
}

/// Weights that are made of a block.
private struct FormPacking<Scalar: RecurrentScalar>: PackSource {
  let form: WeightForm
  let block: UnsafePointer<Scalar>

  func pack(into weights: UnsafeMutableRawPointer, threads: Int) {
    form.makeWeights(
      weights.bindMemory(to: Scalar.self, capacity: form.weightCount), from: block, nil)
  }
}

/// Several matrices of a block side by side.
struct LayoutPacking<Scalar: RecurrentScalar>: PackSource {
  let layout: PackLayout
  let direction: ProductDirection
  let format: PackFormat<Scalar>
  let block: UnsafePointer<Scalar>

  func pack(into packed: UnsafeMutableRawPointer, threads: Int) {
    for i in 0..<layout.parts.count {
      let part = layout.parts[i]
      let place = packed + format.bytes(format.elements(before: part.packed))
      ThreadTeam.shared.run(
        threads: part.m * part.k < PartPacking<Scalar>.smallestShared ? 1 : threads,
        PartPacking(
          part: part, direction: direction, format: format, block: block, packed: place))
    }
  }
}

/// The work of packing one matrix.
private struct PartPacking<Scalar: RecurrentScalar>: TeamWork {
  /// From so many weights on it pays to wake other threads.
  static var smallestShared: Int { 1 << 16 }

  let part: PackLayout.Part
  let direction: ProductDirection
  let format: PackFormat<Scalar>
  let block: UnsafePointer<Scalar>
  let packed: UnsafeMutableRawPointer

  func run(_ member: TeamMember) {
    switch direction {
    case .forward:
      let mine = member.share(of: part.m / part.blocks, inMultiplesOf: format.panel)
      if !mine.isEmpty { part.packForward(mine, of: block, format, into: packed) }
    case .backward:
      let mine = member.share(of: part.k, inMultiplesOf: format.panel)
      if !mine.isEmpty { part.packBackward(mine, of: block, format, into: packed) }
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
