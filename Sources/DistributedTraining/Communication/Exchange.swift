#if Distributed
  internal import CMPI

  /// Something that all ranks do together: started once, waited for once, in one order on all ranks.
  final class Exchange: Sendable {
    /// What it is called in messages.
    let name: String
    /// Its place among all exchanges of this rank, from 1.
    let number: Int
    /// Starts it; on the thread of messages only. Holds the memory that MPI works on.
    private let begin: @Sendable (cmpi_group, inout cmpi_request) -> Int32
    // Of the thread of messages only.
    nonisolated(unsafe) private var request = cmpi_request()
    /// When it was started, on the thread's clock.
    nonisolated(unsafe) var since = 0.0
    /// Whether it has ended: read and written under the thread's lock.
    nonisolated(unsafe) var isDone = false

    init(
      _ name: String, number: Int,
      _ begin: @escaping @Sendable (cmpi_group, inout cmpi_request) -> Int32
    ) {
      (self.name, self.number, self.begin) = (name, number, begin)
    }

    func start(_ group: cmpi_group, at time: Double) -> Int32 {
      since = time
      return begin(group, &request)
    }

    /// Whether it has ended by now; makes it go on where it has not.
    func test() -> (code: Int32, isDone: Bool) {
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
