#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that are complete or absent: the one place of the package that writes them.
///
/// Bytes go to a temporary file in the same folder, which is synced and renamed over the path. What stood
/// there before stays until then; after a failure the temporary file is gone.
package enum WholeFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// - Throws: ``FileFailure``; the file at `path` is then as it was.
  package static func write(_ bytes: some Sequence<UInt8>, to path: String) throws(FileFailure) {
    let bytes = Array(bytes)
    try write(to: path) { (file) throws(FileFailure) in
      try bytes.withUnsafeBufferPointer { (buffer) throws(FileFailure) in
        try file.append(UnsafeRawBufferPointer(buffer))
      }
    }
  }

  /// Replaces the file at `path` by what `body` appends to it, piece by piece.
  ///
  /// - Throws: ``FileFailure``; the file at `path` is then as it was.
  package static func write(
    to path: String, _ body: (borrowing PartialFile) throws(FileFailure) -> Void
  ) throws(FileFailure) {
    let unique = String(UInt32.random(in: .min ... .max), radix: 16)
    let temporary = "\(path).\(getpid()).\(unique).partial"
    let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileFailure(path, "cannot be written") }
    var isOpen = true
    do throws(FileFailure) {
      try body(PartialFile(descriptor: descriptor, path: path))
      guard fsync(descriptor) == 0 else { throw FileFailure(path, "cannot be written") }
      isOpen = false
      guard close(descriptor) == 0, rename(temporary, path) == 0 else {
        throw FileFailure(path, "cannot be written")
      }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    syncFolder(of: path)
  }

  /// Every byte of the file at `path`.
  ///
  /// - Parameters:
  ///   - path: of a file; not a folder.
  ///   - limit: how many bytes it may have.
  /// - Throws: ``FileFailure``.
  package static func read(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(path, "cannot be read") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let room = buffer.count
      let count = buffer.withUnsafeMutableBytes { take(descriptor, $0.baseAddress, room) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileFailure(path, "cannot be read") }
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else {
        throw FileFailure(path: path, reason: "expected at most \(limit) bytes")
      }
      bytes += buffer[..<count]
    }
  }

  /// So that the new name is on the disk, too. Some file systems cannot; the file is whole all the same.
  private static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    let descriptor = open(folder ?? ".", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// `read` of the system, which the functions above would hide.
private func take(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, target, count)
}

/// A file that has not got its name yet.
package struct PartialFile: ~Copyable {
  fileprivate let descriptor: Int32
  fileprivate let path: String

  /// Writes bytes behind those that were written before.
  package borrowing func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // In pieces, so that the disk is not waited for until the last byte is in memory.
      let count = write(
        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress,
        min(rest.count, 8 * Self.largePiece))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(path, "cannot be written") }
      rest = rest.dropFirst(count)
      if count >= Self.largePiece { startWritingBack() }
    }
  }

  /// Writes bytes over some that were appended before.
  package borrowing func overwrite(_ bytes: [UInt8], at place: Int) throws(FileFailure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[done...])
        return pwrite(descriptor, rest.baseAddress, rest.count, off_t(place + done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(path, "cannot be written") }
      done += count
    }
  }

  /// What is worth a call to the system besides that which writes it.
  private static var largePiece: Int { 1 << 20 }

  /// Lets the disk work already while more is appended: the sync at the end then has less to wait for.
  private borrowing func startWritingBack() {
    #if os(Linux)
      // Linux writes back what a program says it does not need. Where it fails, the sync does all.
      _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    #endif
  }
}

/// Why a file could not be read or written.
package struct FileFailure: Error, Hashable, CustomStringConvertible {
  /// The file.
  package var path: String
  /// What is wrong with it.
  package var reason: String

  /// A failure of the file at `path`.
  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// What the system says about its last call.
  fileprivate init(_ path: String, _ what: String) {
    let code = errno
    self.init(path: path, reason: "\(what): \(String(cString: strerror(code)))")
  }

  /// One line: the file and what is wrong with it.
  package var description: String { "\(path): \(reason)" }
}
