import CMachineProbe
import Foundation

/// A process that streams memory on one processor, while something is measured on the others: what a busy
/// machine does to a program.
///
/// Like any neighbour it takes bandwidth, and its part of the caches that processors share.
final class Neighbour {
  private let process = Process()
  /// Open while the neighbour is to go on: it ends with this process, whatever ends that.
  private let line = Pipe()

  /// Starts it on the last of the processors that this process may run on, and leaves this thread and
  /// those that it starts the others, where there are any.
  ///
  /// - Throws: ``BenchError`` where it cannot be started.
  init() throws {
    guard let path = PackageDirectory.executablePath else {
      throw BenchError.failure("the neighbour could not be started: no path of this program")
    }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = [NeighbourCommand.name]
    process.standardInput = line
    do {
      try process.run()
    } catch {
      throw BenchError.failure("the neighbour could not be started: \(error)")
    }
    let others = Array(Processors.allowed.dropLast())
    if !others.isEmpty { machine_probe_run_on(others, Int32(others.count)) }
  }

  deinit {
    try? line.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// What it does, in the neighbour's own process, until its standard input ends.
  static func work() {
    if let last = Processors.allowed.last { machine_probe_run_on([last], 1) }
    // Larger than caches that processors share.
    let bytes = 128 << 20
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 * bytes, alignment: 64)
    defer { memory.deallocate() }
    memset(memory, 1, 2 * bytes)
    var input = pollfd(
      fd: FileHandle.standardInput.fileDescriptor, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 0) == 0 { memcpy(memory + bytes, memory, bytes) }
  }
}
