#if Distributed
  internal import CMPI

  /// Something that all ranks do together: started once, waited for once, in one order on all ranks.
  package final class Exchange: Sendable {
    /// What it is called in messages.
    let name: String
    /// Its place among all exchanges of this rank, from 1.
    let number: Int
    /// How it is done; on the thread of messages only. Holds the memory that is worked on.
    private let way: Way
    // Of the thread of messages only.
    nonisolated(unsafe) private var request = cmpi_request()
    /// When it was started, on the thread's clock.
    nonisolated(unsafe) var since = 0.0
    /// Whether it has ended: read and written under the thread's lock.
    nonisolated(unsafe) var isDone = false

    enum Way {
      /// By MPI: what starts it.
      case messages(@Sendable (cmpi_group, inout cmpi_request) -> Int32)
      /// In memory that ranks share: what starts it, and what goes on with it and says whether it has ended.
      case memory(begin: @Sendable () -> Void, goOn: @Sendable () -> Bool)
    }

    init(_ name: String, number: Int, _ way: Way) {
      (self.name, self.number, self.way) = (name, number, way)
    }

    func start(_ group: cmpi_group, at time: Double) -> Int32 {
      since = time
      switch way {
      case .messages(let begin): return begin(group, &request)
      case .memory(let begin, _):
        begin()
        return Int32(CMPI_SUCCESS)
      }
    }

    /// Whether it has ended by now; makes it go on where it has not.
    func test() -> (code: Int32, isDone: Bool) {
      if case .memory(_, let goOn) = way { return (Int32(CMPI_SUCCESS), goOn()) }
      var done: Int32 = 0
      let code = cmpi_test(&request, &done)
      return (code, done != 0)
    }
  }

  /// Memory that MPI reads and writes while an exchange goes on: whoever starts it and the exchange hold it.
  final class ExchangeMemory<Element: BitwiseCopyable & Sendable>: Sendable {
    nonisolated(unsafe) let pointer: UnsafeMutablePointer<Element>
    let count: Int

    init(repeating element: Element, count: Int) {
      pointer = .allocate(capacity: max(count, 1))
      pointer.initialize(repeating: element, count: count)
      self.count = count
    }

    init(_ elements: [Element]) {
      count = elements.count
      pointer = .allocate(capacity: max(count, 1))
      elements.withUnsafeBufferPointer { from in
        guard let start = from.baseAddress else { return }
        pointer.initialize(from: start, count: from.count)
      }
    }

    deinit { pointer.deallocate() }

    var elements: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
  }
#endif
