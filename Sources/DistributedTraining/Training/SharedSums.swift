#if Distributed
  internal import CMPI
  import Autodiff
  import LinAlg
  import Recurrent

  /// Sums in memory that all ranks share, where they are on one machine: each rank adds up its share of every block,
  /// which it reads where the others have written it.
  ///
  /// Messages copy a block twice for each rank that it goes to; here nothing is copied. Rank `r` of `N` writes its
  /// addends to its own region and says so; once all have, it adds those of the others to its own in the share
  /// `r` of the block, and says so; once all have, the sum is the shares, each in its rank's region. There are two
  /// sets of regions, for updates in turn: who writes to one of them has seen all ranks begin the
  /// update before, after they have read what was there.
  package final class SharedSums<Scalar: RecurrentScalar>: BlockSums {
    private let regions: Regions<Scalar>
    private let rank: Int
    private let counts: [Int]
    private var update: UInt64 = 0
    private var isFirst = true

    /// Nil on every rank where they share no memory.
    package init?(_ counts: [Int], on world: Communicator) throws(DistributedError) {
      let layout = RegionLayout(counts, size: MemoryLayout<Scalar>.size, ranks: world.size)
      guard let memory = try SharedMemory.make(bytes: layout.bytes, on: world) else { return nil }
      (self.counts, rank, regions) = (counts, world.rank, Regions(memory: memory, layout: layout))
    }

    package func begin(_ pass: UpdatePass) {
      isFirst = pass.isFirst
      if isFirst { update += 1 }
    }

    package func add(
      _ gradient: UnsafeBufferPointer<Scalar>, times factor: Scalar, toBlock block: Int
    ) {
      addUp(
        gradient, times: factor, isFirst: isFirst, in: regions.numbers(of: rank, block, update))
    }

    package func start(
      _ block: Int, _ name: String, on world: Communicator
    ) throws(DistributedError) -> Exchange {
      let (regions, rank, update) = (regions, rank, update)
      let share = regions.layout.share(of: rank, counts[block])
      // Of the thread of messages only.
      nonisolated(unsafe) var isAdded = false
      return world.startInMemory("the sum of \(name)") {
        regions.publish(.written, of: rank, block, update)
      } goOn: {
        if !isAdded {
          guard regions.have(.written, block, update) else { return false }
          let own = regions.numbers(of: rank, block, update)
          for other in 0..<regions.layout.ranks where other != rank {
            ElementWork.add(regions.numbers(of: other, block, update), to: own).run(share)
          }
          isAdded = true
          regions.publish(.added, of: rank, block, update)
        }
        return regions.have(.added, block, update)
      }
    }

    package func take(
      _ block: Int, times factor: Scalar, into gradient: UnsafeMutableBufferPointer<Scalar>
    ) {
      guard let target = gradient.baseAddress else { return }
      for other in 0..<regions.layout.ranks {
        let sum = regions.numbers(of: other, block, update)
        ElementWork.scale(sum, by: factor, into: target).run(
          regions.layout.share(of: other, counts[block]))
      }
    }
  }

  /// How far a rank is with a block.
  private enum Stage: Int {
    /// Its addends are there.
    case written
    /// Its share of the sum is there.
    case added
  }

  /// Where what lies: counters of ranks and blocks, each in a line of the cache of its own, then the regions, on
  /// pages of their own.
  private struct RegionLayout {
    let ranks: Int
    private let places: [Int]
    private let counters: Int
    private let region: Int

    private static let line = 64
    private static let page = 4096

    init(_ counts: [Int], size: Int, ranks: Int) {
      func rounded(_ bytes: Int, to unit: Int) -> Int { (bytes + unit - 1) / unit * unit }
      self.ranks = ranks
      var (places, end) = ([Int](), 0)
      for count in counts {
        places.append(end)
        end += rounded(count * size, to: Self.line)
      }
      self.places = places
      counters = rounded(2 * counts.count * ranks * Self.line, to: Self.page)
      region = rounded(end, to: Self.page)
    }

    var bytes: Int { counters + 2 * ranks * region }

    func counter(_ stage: Stage, of rank: Int, _ block: Int) -> Int {
      ((stage.rawValue * places.count + block) * ranks + rank) * Self.line
    }

    func place(of rank: Int, _ block: Int, _ update: UInt64) -> Int {
      counters + (Int(update % 2) * ranks + rank) * region + places[block]
    }

    /// Which elements of a block a rank adds up: whole lines of the cache.
    func share(of rank: Int, _ count: Int) -> Range<Int> {
      func bound(_ rank: Int) -> Int { rank == ranks ? count : count * rank / ranks / 16 * 16 }
      return bound(rank)..<bound(rank + 1)
    }
  }

  private struct Regions<Scalar: RecurrentScalar>: Sendable {
    let memory: SharedMemory
    let layout: RegionLayout

    func numbers(of rank: Int, _ block: Int, _ update: UInt64) -> UnsafeMutablePointer<Scalar> {
      (memory.start + layout.place(of: rank, block, update)).assumingMemoryBound(to: Scalar.self)
    }

    /// Says that this rank is so far, and lets the others see what it has written before.
    func publish(_ stage: Stage, of rank: Int, _ block: Int, _ update: UInt64) {
      cmpi_publish(memory.start + layout.counter(stage, of: rank, block), update)
    }

    /// Whether all ranks are so far: then what they had written before is seen.
    func have(_ stage: Stage, _ block: Int, _ update: UInt64) -> Bool {
      (0..<layout.ranks).allSatisfy {
        cmpi_published(memory.start + layout.counter(stage, of: $0, block)) >= update
      }
    }
  }
#endif
