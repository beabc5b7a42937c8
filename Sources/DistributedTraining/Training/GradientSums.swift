#if Distributed
  import Autodiff
  import LinAlg
  import Recurrent

  /// The gradients of all ranks, added up block by block while the way back goes on.
  ///
  /// A rank, or each of its groups of sequences, gives the sum of `n·g` over the batches of the update, the gradient
  /// of its mean loss times how many rows were counted; the sum over all is divided by how many all have
  /// counted. Blocks are exchanged in one order on all ranks, once in an update: that in which they were
  /// complete on rank 0 in the last pass of the first update.
  final class GradientSums<Scalar: RecurrentScalar> {
    private let world: Communicator
    private let sums: any BlockSums<Scalar>
    private let names: [String]
    private var order: [Int]
    private var isComplete: [Bool]
    private var next = 0
    private var exchanges: [Exchange] = []
    /// The order in which they were complete; nil once all ranks have agreed on one.
    private var seen: [Int]? = []
    /// Whether they are exchanged before the way back has ended.
    var overlaps = true
    /// How many rows the loss of the present pass is the mean of.
    var weight = 0
    /// The first error of an exchange that was started inside the way back.
    private var failure: DistributedError?

    init(
      of parameters: ModelParameters<Scalar>, on world: Communicator, _ order: GradientOrder,
      sharesMemory: Bool
    ) throws(DistributedError) {
      self.world = world
      names = parameters.names
      let counts = (0..<parameters.blockCount).map { parameters[block: $0].count }
      switch order {
      case .any:
        let shared = sharesMemory ? try SharedSums<Scalar>(counts, on: world) : nil
        sums = shared ?? PlainSums(counts)
      case .ordered(let groups): sums = OrderedSums(counts, groups: groups, on: world)
      }
      self.order = counts.indices.filter { parameters.isTrained(block: $0) }.reversed()
      isComplete = [Bool](repeating: false, count: counts.count)
    }

    /// Begins a pass of this rank's.
    func begin(_ pass: UpdatePass) {
      sums.begin(pass)
      (isLast, next, weight) = (pass.isLast, 0, 0)
      for i in isComplete.indices { isComplete[i] = false }
      if pass.isFirst { exchanges.removeAll(keepingCapacity: true) }
    }
    private var isLast = false

    /// Takes the gradient of a block, to which nothing more is added in this pass.
    func complete(_ block: Int, on graph: Graph<Scalar>) {
      guard !isComplete[block], order.contains(block) else { return }
      isComplete[block] = true
      graph.withGradients { gradients in
        gradients[block: block].withUnsafeBufferPointer {
          sums.add($0, times: Scalar(weight), toBlock: block)
        }
      }
      guard isLast else { return }
      seen?.append(block)
      if overlaps && seen == nil { startComplete() }
    }

    /// Takes what the way back has not read, and starts what has not been started.
    func endPass(on graph: Graph<Scalar>) throws(DistributedError) {
      for block in order { complete(block, on: graph) }
      guard isLast else { return }
      if let seen {
        let agreed = try world.broadcast(seen.map { Double($0) })
        order = agreed.map { Int($0) }
        self.seen = nil
      }
      startComplete()
      if let failure { throw failure }
    }

    private func startComplete() {
      while next < order.count, isComplete[order[next]], failure == nil {
        do {
          exchanges.append(
            try sums.start(order[next], "the gradient of \(names[order[next]])", on: world))
        } catch {
          failure = error
        }
        next += 1
      }
    }

    /// Waits for the sums, and makes them the graph's gradients: divided by how many rows counted.
    func finish(rows: Int, on graph: Graph<Scalar>) {
      let factor = rows > 0 ? 1 / Scalar(rows) : 0
      for i in exchanges.indices {
        world.wait(exchanges[i])
        let block = order[i]
        graph.withGradients { gradients in
          gradients.withUnsafeMutableBufferPointer(ofBlock: block) {
            sums.take(block, times: factor, into: $0)
          }
        }
      }
    }
  }

  /// One of the passes by which a rank makes an update: each of its groups reads all batches, one after the other.
  package struct UpdatePass {
    /// The group, of all that a batch is divided into.
    package var group: Int
    /// Whether it reads the first batch.
    package var beginsGroup: Bool
    /// Whether it reads the last batch.
    package var endsGroup: Bool
    /// Whether it is the first of this rank's in the update.
    package var isFirst: Bool
    /// Whether it is the last of this rank's in the update.
    package var isLast: Bool

    /// The only one, of one batch and one group.
    package static let only = UpdatePass(
      group: 0, beginsGroup: true, endsGroup: true, isFirst: true, isLast: true)
  }

  /// How blocks are added up over batches, groups and ranks.
  package protocol BlockSums<Scalar>: AnyObject {
    associatedtype Scalar: RecurrentScalar

    /// Begins the gradients of a pass.
    func begin(_ pass: UpdatePass)
    /// Adds a factor times the gradient of the pass.
    func add(_ gradient: UnsafeBufferPointer<Scalar>, times factor: Scalar, toBlock block: Int)
    /// Starts the exchange of a block.
    func start(
      _ block: Int, _ name: String, on world: Communicator
    ) throws(DistributedError) -> Exchange
    /// Writes a factor times the sum, once the exchange has ended.
    func take(_ block: Int, times factor: Scalar, into gradient: UnsafeMutableBufferPointer<Scalar>)
  }

  /// Sums by messages, in whatever order MPI adds them up.
  package final class PlainSums<Scalar: RecurrentScalar>: BlockSums {
    private let memory: [ExchangeMemory<Scalar>]
    private var isFirst = true

    package init(_ counts: [Int]) {
      memory = counts.map { ExchangeMemory(repeating: 0, count: $0) }
    }

    package func begin(_ pass: UpdatePass) { isFirst = pass.isFirst }

    package func add(
      _ gradient: UnsafeBufferPointer<Scalar>, times factor: Scalar, toBlock block: Int
    ) {
      addUp(gradient, times: factor, isFirst: isFirst, in: memory[block].pointer)
    }

    package func start(
      _ block: Int, _ name: String, on world: Communicator
    ) throws(DistributedError) -> Exchange { try world.startSum(memory[block], name) }

    package func take(
      _ block: Int, times factor: Scalar, into gradient: UnsafeMutableBufferPointer<Scalar>
    ) {
      guard let target = gradient.baseAddress else { return }
      ElementWork.scale(memory[block].pointer, by: factor, into: target).run(0..<gradient.count)
    }
  }

  /// `sum ← factor·gradient`, or `sum ← sum + factor·gradient` where it is not the first.
  func addUp<Scalar: RecurrentScalar>(
    _ gradient: UnsafeBufferPointer<Scalar>, times factor: Scalar, isFirst: Bool,
    in sum: UnsafeMutablePointer<Scalar>
  ) {
    guard let start = gradient.baseAddress else { return }
    let work: ElementWork<Scalar> =
      isFirst
      ? .scale(start, by: factor, into: sum) : .addTimes(start, alpha: factor, to: sum)
    work.run(0..<gradient.count)
  }

  /// Sums over groups of sequences, always halved alike: `((g₀ + g₁) + (g₂ + g₃)) + …`.
  ///
  /// A rank has neighbouring groups, and adds up what lies whole in subtrees of the halving; the sums of all
  /// subtrees are gathered, and every rank adds up the rest. The additions are the same for any number of ranks.
  final class OrderedSums<Scalar: RecurrentScalar>: BlockSums {
    private let groups: Int
    private let rank: Int
    private let counts: [Int]
    /// The subtrees of each rank.
    private let trees: [[Range<Int>]]
    /// For each block, the sums of this rank so far, one behind the other.
    private var open: [[(range: Range<Int>, sum: ExchangeMemory<Scalar>)]]
    /// Memory that serves the next group.
    private var spare: [[ExchangeMemory<Scalar>]]
    private let gathered: [ExchangeMemory<Scalar>]
    private var pass = UpdatePass.only

    init(_ counts: [Int], groups: Int, on world: Communicator) {
      (self.groups, rank, self.counts) = (groups, world.rank, counts)
      let size = world.size
      trees = (0..<size).map {
        subtrees(of: DistributedTraining.groups(ofRank: $0, of: size, groups))
      }
      open = counts.map { _ in [] }
      spare = counts.map { _ in [] }
      let all = trees.reduce(0) { $0 + $1.count }
      gathered = counts.map { ExchangeMemory(repeating: 0, count: $0 * all) }
    }

    func begin(_ pass: UpdatePass) {
      self.pass = pass
      guard pass.isFirst else { return }
      // What an update that did not end has left.
      for block in open.indices {
        spare[block] += open[block].map(\.sum)
        open[block].removeAll(keepingCapacity: true)
      }
    }

    func add(_ gradient: UnsafeBufferPointer<Scalar>, times factor: Scalar, toBlock block: Int) {
      guard !gradient.isEmpty else { return }
      if pass.beginsGroup {
        let sum = spare[block].popLast() ?? ExchangeMemory(repeating: 0, count: counts[block])
        open[block].append((pass.group..<pass.group + 1, sum))
      }
      if let last = open[block].last {
        addUp(gradient, times: factor, isFirst: pass.beginsGroup, in: last.sum.pointer)
      }
      while pass.endsGroup, open[block].count > 1,
        areHalves(
          open[block][open[block].count - 2].range, open[block][open[block].count - 1].range)
      {
        let last = open[block].removeLast()
        let place = open[block].count - 1
        ElementWork.add(last.sum.pointer, to: open[block][place].sum.pointer).run(0..<counts[block])
        open[block][place].range = open[block][place].range.lowerBound..<last.range.upperBound
        spare[block].append(last.sum)
      }
    }

    func start(
      _ block: Int, _ name: String, on world: Communicator
    ) throws(DistributedError) -> Exchange {
      let count = counts[block]
      var place = trees[..<rank].reduce(0) { $0 + $1.count }
      for entry in open[block] {
        (gathered[block].pointer + place * count).update(from: entry.sum.pointer, count: count)
        spare[block].append(entry.sum)
        place += 1
      }
      open[block].removeAll(keepingCapacity: true)
      return try world.startGather(gathered[block], trees.map { $0.count * count }, name)
    }

    func take(
      _ block: Int, times factor: Scalar, into gradient: UnsafeMutableBufferPointer<Scalar>
    ) {
      guard let target = gradient.baseAddress else { return }
      let place = sum(of: 0..<groups, trees.flatMap { $0 }, block)
      ElementWork.scale(gathered[block].pointer + place * counts[block], by: factor, into: target)
        .run(0..<counts[block])
    }

    /// Adds up the sums of the subtrees of a range, and says where.
    private func sum(of range: Range<Int>, _ trees: [Range<Int>], _ block: Int) -> Int {
      if let place = trees.firstIndex(of: range) { return place }
      let middle = range.lowerBound + range.count / 2
      let left = sum(of: range.lowerBound..<middle, trees, block)
      let right = sum(of: middle..<range.upperBound, trees, block)
      let (pointer, count) = (gathered[block].pointer, counts[block])
      ElementWork.add(pointer + right * count, to: pointer + left * count).run(0..<count)
      return left
    }
  }
#endif
