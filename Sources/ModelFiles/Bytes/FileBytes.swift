import LinAlg

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes of a file that stays on the disk, or bytes in memory: what tensors point into.
///
/// A file is mapped when it is opened, so that opening costs the same whatever its size. Another program
/// may shorten it later, and an access to a mapped page that is gone ends the process. So whatever is
/// parsed or converted is copied out by ``copy(_:into:)``, which asks the system for the bytes and throws
/// where they are gone; only ``withUnsafeBytes(in:_:)`` goes through the mapping.
final class FileBytes: @unchecked Sendable {
  // @unchecked Sendable: nothing changes after the initialiser.

  /// What errors call the file.
  let path: String
  /// The number of bytes when the file was opened.
  let count: Int
  /// Where there is no file.
  private let memory: any BytesHolder
  private let descriptor: Int32
  private let mapping: UnsafeMutableRawPointer?

  /// Bytes in memory.
  init(_ memory: some BytesHolder, named path: String) {
    (self.path, count, self.memory) = (path, memory.byteCount, memory)
    (descriptor, mapping) = (-1, nil)
  }

  /// Bytes in memory.
  convenience init(_ bytes: [UInt8], named path: String) {
    self.init(ArrayBytes(elements: bytes), named: path)
  }

  /// Opens and maps the file at `path`.
  init(contentsOf path: String) throws(ModelFileError) {
    func failure() -> ModelFileError {
      let code = errno
      return ModelFileError(
        path: path, reason: "cannot be read: \(String(cString: strerror(code)))")
    }
    // Does not wait where a pipe stands in the file's place.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure() }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = failure()
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size) else {
      close(descriptor)
      throw ModelFileError(path: path, reason: "expected a file, found something else of that name")
    }
    var mapping: UnsafeMutableRawPointer?
    if size > 0 {
      mapping = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let start = mapping, start != MAP_FAILED else {
        let error = failure()
        close(descriptor)
        throw error
      }
    }
    (self.path, count, memory) = (path, size, ArrayBytes<UInt8>(elements: []))
    (self.descriptor, self.mapping) = (descriptor, mapping)
  }

  /// Whether anything stands at `path`.
  static func isPresent(_ path: String) -> Bool { access(path, F_OK) == 0 }

  deinit {
    if let mapping { munmap(mapping, count) }
    if descriptor >= 0 { close(descriptor) }
  }

  /// Copies `range.count` bytes to `target`.
  ///
  /// - Throws: where the file has become shorter or cannot be read.
  func copy(
    _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelFileError) {
    require(
      range.lowerBound >= 0 && range.upperBound <= count && target.count >= range.count,
      "bytes \(range) of \(count), into \(target.count)")
    guard descriptor >= 0 else {
      memory.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range]))
      }
      return
    }
    var done = 0
    while done < range.count {
      let place = range.lowerBound + done
      let taken = pread(
        descriptor, target.baseAddress.map { $0 + done }, range.count - done, off_t(place))
      if taken < 0 && errno == EINTR { continue }
      guard taken > 0 else {
        throw ModelFileError(
          path: path, place: .byte(place),
          reason: taken == 0
            ? "the file has become shorter: it had \(count) bytes, \(place) are left"
            : "cannot be read: \(String(cString: strerror(errno)))")
      }
      done += taken
    }
  }

  /// The bytes of `range`, copied.
  func bytes(_ range: Range<Int>) throws(ModelFileError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: range.count)
    let failure: ModelFileError? = result.withUnsafeMutableBytes { target in
      do throws(ModelFileError) {
        try copy(range, into: target)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Calls `body` with the bytes of `range`, which are not copied.
  ///
  /// - Throws: where the file is shorter than it was, and what `body` throws.
  func withUnsafeBytes<Result>(
    in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(ModelFileError) -> Result
  ) throws(ModelFileError) -> Result {
    require(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
    guard descriptor >= 0 else {
      var result: Swift.Result<Result, ModelFileError>?
      memory.withUnsafeBytes { all in
        do throws(ModelFileError) {
          result = .success(try body(UnsafeRawBufferPointer(rebasing: all[range])))
        } catch {
          result = .failure(error)
        }
      }
      guard let result else { failRequirement("bytes in memory were not handed over") }
      return try result.get()
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size >= range.upperBound else {
      throw ModelFileError(
        path: path, place: .byte(range.lowerBound),
        reason: "the file has become shorter: it had \(count) bytes")
    }
    defer { withExtendedLifetime(self) {} }
    return try body(
      UnsafeRawBufferPointer(start: mapping.map { $0 + range.lowerBound }, count: range.count))
  }
}
