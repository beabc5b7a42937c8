#if Distributed
  internal import CMPI
  import LinAlg
  import Recurrent

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #else
    import Darwin
  #endif

  /// Says in one line on standard error why the job ends.
  func say(_ reason: String) {
    let line = "distributed: \(reason)\n"
    _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
  }

  /// The ranks of a job, and what they do together: processes that a launcher of MPI has started, on one machine
  /// or on many.
  ///
  /// ```swift
  /// Communicator.run(timeout: 60) { world in
  ///   let total = try world.sum([Double(world.rank)])
  ///   if world.rank == 0 { print("the ranks' numbers add up to", total[0]) }
  /// }
  /// ```
  /// ```
  /// mpirun -n 4 .build/release/Program
  /// ```
  /// All ranks call the same functions in the same order. A rank that does not come to one of them within
  /// ``timeout`` ends the job, on all ranks, with one line on standard error that says which rank and where it
  /// was. Calls belong to one thread at a time.
  public final class Communicator: Sendable {
    /// The number of this process, from 0.
    public let rank: Int
    /// How many processes there are.
    public let size: Int
    /// After how many seconds of waiting for another rank the job ends.
    public let timeout: Double
    private let thread: MessageThread

    private init(_ thread: MessageThread) {
      (self.thread, rank, size, timeout) = (thread, thread.rank, thread.size, thread.timeout)
    }

    /// Starts MPI, calls `body`, and ends MPI. Once in a process.
    ///
    /// What `body` throws ends the job on all ranks with status 1 and one line on standard error: that of the
    /// rank where it happened, or, where all ranks throw the same, of rank 0.
    ///
    /// - Parameters:
    ///   - timeout: after how many seconds of waiting for another rank the job ends: more than a rank ever
    ///     computes between two exchanges.
    ///   - body: what every rank does.
    /// - Precondition: the timeout is positive.
    public static func run(timeout: Double = 300, _ body: (Communicator) throws -> Void) {
      require(timeout > 0, "Communicator: a timeout of \(timeout) seconds")
      let world: Communicator
      do {
        world = Communicator(try MessageThread.start(timeout: timeout))
      } catch {
        say("\(error)")
        exit(1)
      }
      do {
        try body(world)
        try world.barrier()
      } catch let error as DistributedError where error.isCommon {
        if world.rank == 0 { say("\(error)") }
        // The launcher kills the others once one has ended: not before that line has been read.
        world.wait(world.thread.submit("the end") { cmpi_barrier($0, &$1) })
        rest(0.1)
        world.thread.finish()
        exit(1)
      } catch {
        world.end(because: error)
      }
      world.thread.finish()
    }

    /// Ends the job on all ranks, with one line on standard error: this rank's number and the error.
    public func end(because error: any Error) -> Never {
      thread.end("rank \(rank) of \(size): \(error)")
    }

    /// Which library of MPI carries the messages.
    public var library: String { thread.library }
  }

  extension Communicator {
    /// Waits until all ranks have come here.
    public func barrier() throws(DistributedError) {
      wait(thread.submit("a barrier") { cmpi_barrier($0, &$1) })
    }

    /// The sums over all ranks, the same bits on each.
    ///
    /// - Parameter numbers: as many on each rank.
    /// - Throws: ``DistributedError`` where there are too many for a message.
    public func sum(_ numbers: [Double]) throws(DistributedError) -> [Double] {
      try startSum(numbers).wait()
    }

    /// Starts to add numbers up over all ranks, while this one goes on.
    ///
    /// - Parameters:
    ///   - numbers: as many on each rank.
    ///   - name: what they are called in messages.
    /// - Throws: ``DistributedError`` where there are too many for a message.
    public func startSum(
      _ numbers: [Double], of name: String = "numbers"
    ) throws(DistributedError) -> PendingSum {
      let memory = ExchangeMemory(numbers)
      return PendingSum(world: self, memory: memory, exchange: try startSum(memory, name))
    }

    /// What rank `root` has.
    ///
    /// - Parameters:
    ///   - text: that of `root` counts.
    ///   - root: the rank that has it.
    /// - Throws: ``DistributedError`` where it is too long for a message.
    public func broadcast(_ text: String, from root: Int = 0) throws(DistributedError) -> String {
      checkRank(root)
      var bytes = Array(text.utf8)
      let length = try broadcast([UInt64(bytes.count)], from: root)[0]
      bytes.append(contentsOf: [UInt8](repeating: 0, count: 8))
      var words = [UInt64](repeating: 0, count: (Int(length) + 7) / 8)
      if rank == root {
        words = words.indices.map { i in
          (0..<8).reduce(0) { $0 | UInt64(bytes[8 * i + $1]) << UInt64(8 * $1) }
        }
      }
      words = try broadcast(words, from: root)
      let all = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
      }
      return String(decoding: all.prefix(Int(length)), as: UTF8.self)
    }

    /// The numbers that rank `root` has.
    ///
    /// - Parameters:
    ///   - numbers: as many on each rank; those of `root` count.
    ///   - root: the rank that has them.
    /// - Throws: ``DistributedError`` where there are too many for a message.
    public func broadcast(
      _ numbers: [Double], from root: Int = 0
    ) throws(DistributedError) -> [Double] {
      try broadcast(numbers.map(\.bitPattern), from: root).map { Double(bitPattern: $0) }
    }

    /// The texts of all ranks, in order, on each.
    ///
    /// - Throws: ``DistributedError`` where they are too long for a message.
    public func gather(_ text: String) throws(DistributedError) -> [String] {
      let lengths = try startGather([UInt64(text.utf8.count)], "lengths of texts").wait()
      let longest = Int(lengths.map { $0[0] }.max() ?? 0)
      var bytes = Array(text.utf8)
      bytes.append(contentsOf: [UInt8](repeating: 0, count: longest + 8 - bytes.count))
      let words = (0..<(longest + 7) / 8).map { i in
        bytes[8 * i..<8 * i + 8].reversed().reduce(UInt64(0)) { word, byte in
          word << 8 | UInt64(byte)
        }
      }
      let all = try startGather(words, "texts").wait()
      return zip(all, lengths).map { words, length in
        let bytes = words.flatMap { word in
          (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        return String(decoding: bytes.prefix(Int(length[0])), as: UTF8.self)
      }
    }
  }

  /// Numbers that are being added up over all ranks.
  public struct PendingSum: Sendable {
    let world: Communicator
    let memory: ExchangeMemory<Double>
    let exchange: Exchange

    /// The sums, as soon as they are there.
    public func wait() -> [Double] {
      world.wait(exchange)
      return memory.elements
    }
  }

  // What the trainer uses.
  extension Communicator {
    /// Words of all ranks that are being gathered.
    struct PendingGather {
      let world: Communicator
      let memory: ExchangeMemory<UInt64>
      let exchange: Exchange

      /// The words of each rank.
      func wait() -> [[UInt64]] {
        world.wait(exchange)
        let each = memory.count / world.size
        let all = memory.elements
        return (0..<world.size).map { Array(all[$0 * each..<($0 + 1) * each]) }
      }
    }

    package func wait(_ exchange: Exchange) { thread.wait(for: exchange) }

    /// Starts something in memory that ranks share.
    func startInMemory(
      _ name: String, begin: @escaping @Sendable () -> Void, goOn: @escaping @Sendable () -> Bool
    ) -> Exchange { thread.submit(name, .memory(begin: begin, goOn: goOn)) }

    /// Starts to gather words, as many on each rank.
    func startGather(
      _ words: [UInt64], _ name: String
    ) throws(DistributedError) -> PendingGather {
      let memory = ExchangeMemory(repeating: UInt64(0), count: words.count * size)
      for i in 0..<words.count { memory.pointer[rank * words.count + i] = words[i] }
      let counts = [Int](repeating: words.count, count: size)
      return PendingGather(
        world: self, memory: memory, exchange: try startGather(memory, counts, name))
    }

    /// Starts to gather what lies in `memory`, the part of each rank behind that of the one before.
    func startGather<Element>(
      _ memory: ExchangeMemory<Element>, _ counts: [Int], _ name: String
    ) throws(DistributedError) -> Exchange {
      let units = MemoryLayout<Element>.size / 4
      try check(memory.count * units, name)
      let lengths = counts.map { Int32($0 * units) }
      var places: [Int32] = []
      var place: Int32 = 0
      for length in lengths {
        places.append(place)
        place += length
      }
      // MPI reads these until the end.
      let (sizes, starts) = (ExchangeMemory(lengths), ExchangeMemory(places))
      return thread.submit("the gathering of \(name)") {
        cmpi_gather(memory.pointer, sizes.pointer, starts.pointer, $0, &$1)
      }
    }

    /// Starts to add up what lies in `memory`.
    func startSum<Element>(
      _ memory: ExchangeMemory<Element>, _ name: String
    ) throws(DistributedError) -> Exchange {
      try check(memory.count, name)
      let count = Int32(memory.count)
      let isDouble = MemoryLayout<Element>.size == 8
      return thread.submit("the sum of \(name)") {
        isDouble
          ? cmpi_sum_doubles(memory.pointer, count, $0, &$1)
          : cmpi_sum_floats(memory.pointer, count, $0, &$1)
      }
    }

    /// Gives all ranks what lies in the memory of `root`.
    func broadcast<Element>(
      _ memory: ExchangeMemory<Element>, from root: Int, _ name: String
    ) throws(DistributedError) {
      let units = memory.count * (MemoryLayout<Element>.size / 4)
      try check(units, name)
      wait(
        thread.submit("the broadcast of \(name)") {
          cmpi_broadcast(memory.pointer, Int32(units), Int32(root), $0, &$1)
        })
    }

    private func broadcast(_ words: [UInt64], from root: Int) throws(DistributedError) -> [UInt64] {
      checkRank(root)
      let memory = ExchangeMemory(words)
      try broadcast(memory, from: root, "numbers")
      return memory.elements
    }

    private func check(_ count: Int, _ name: String) throws(DistributedError) {
      guard count <= Int32.max else {
        throw DistributedError(
          .message, "\(name): \(count) numbers, MPI takes at most \(Int32.max) in one message")
      }
    }

    private func checkRank(_ root: Int) {
      require(root >= 0 && root < size, "Communicator: rank \(root), of \(size)")
    }
  }
#endif
