import Foundation

/// What a sequence of calls says about itself, in memory that it shares with the process that watches
/// it: it is there whatever becomes of the process.
struct SharedLog: @unchecked Sendable {
  // @unchecked: the child alone writes, and the parent reads when the child has ended.

  /// How a call is expected to end.
  enum Expectation: UInt8 {
    /// With a result.
    case fits
    /// In a trap.
    case traps
    /// In either; a result must be right all the same.
    case either
  }

  /// How many sequences have ended well, the seed of the present one, how the last call is expected to
  /// end, how many calls have been made, how long the text is, and whether all sequences have been run.
  struct Header {
    var ended: UInt64 = 0
    var seed: UInt64 = 0
    var calls: UInt64 = 0
    var expectation: UInt8 = 0
    var isWrong = false
    var length = 0
    var isDone = false
  }

  private static let capacity = 1 << 18
  private let header: UnsafeMutablePointer<Header>
  private let text: UnsafeMutablePointer<UInt8>

  init() {
    let size = Self.capacity + MemoryLayout<Header>.stride
    let raw = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
    guard let raw, raw != MAP_FAILED else { stop("no shared memory") }
    header = raw.bindMemory(to: Header.self, capacity: 1)
    header.initialize(to: Header())
    text = (raw + MemoryLayout<Header>.stride).assumingMemoryBound(to: UInt8.self)
  }

  var current: Header { header.pointee }

  /// The calls of the present sequence.
  var lines: String {
    String(decoding: UnsafeBufferPointer(start: text, count: header.pointee.length), as: UTF8.self)
  }

  /// Forgets what other children have written.
  func reset() { header.pointee = Header() }

  func begin(seed: UInt64) {
    header.pointee.seed = seed
    header.pointee.length = 0
    header.pointee.isWrong = false
    header.pointee.expectation = Expectation.either.rawValue
  }

  func end() { header.pointee.ended += 1 }

  /// Notes that all sequences have been run, and the process ends because of that.
  func finish() { header.pointee.isDone = true }

  /// Notes a call that is about to be made.
  func note(call: String, _ expectation: Expectation) {
    header.pointee.calls += 1
    header.pointee.expectation = expectation.rawValue
    write("  \(call)\n")
  }

  /// Notes that the suite itself now asks objects for their sizes, which may trap where it has mixed them.
  func prepare() { header.pointee.expectation = Expectation.either.rawValue }

  /// Notes something that is no call.
  func note(_ line: String) { write("  \(line)\n") }

  /// Notes that a result is wrong.
  func note(wrong: String) {
    write("WRONG: \(wrong)\n")
    header.pointee.isWrong = true
  }

  private func write(_ line: String) {
    for byte in line.utf8 where header.pointee.length < Self.capacity {
      text[header.pointee.length] = byte
      header.pointee.length += 1
    }
  }
}

/// Ends the program, which cannot do its work.
func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("MixUps: \(message)\n".utf8))
  exit(2)
}
