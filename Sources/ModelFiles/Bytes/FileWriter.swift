internal import WholeFiles

/// Replaces the file at `path` by what `body` appends to it, or leaves it as it was.
///
/// - Throws: what `body` throws, and why the file cannot be written.
func writeWhole(
  _ path: String, _ body: (borrowing PartialFile) throws(ModelFileError) -> Void
) throws(ModelFileError) {
  var flaw: ModelFileError?
  do {
    try WholeFile.write(to: path) { (file) throws(FileFailure) in
      do throws(ModelFileError) {
        try body(file)
      } catch {
        flaw = error
        throw FileFailure(path: error.path, reason: error.reason)
      }
    }
  } catch {
    throw flaw ?? ModelFileError(path: error.path, reason: error.reason)
  }
}

extension PartialFile {
  /// Writes bytes behind those that were written before.
  borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(ModelFileError) {
    do throws(FileFailure) {
      try append(bytes)
    } catch {
      throw ModelFileError(path: error.path, reason: error.reason)
    }
  }

  /// Writes bytes behind those that were written before.
  borrowing func write(_ bytes: [UInt8]) throws(ModelFileError) {
    var failure: ModelFileError?
    bytes.withUnsafeBytes { all in
      do throws(ModelFileError) {
        try write(all)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Writes bytes over some that were written before.
  ///
  /// - Precondition: as many were written from `place` on.
  borrowing func replace(
    _ bytes: some Sequence<UInt8>, at place: Int
  ) throws(ModelFileError) {
    do throws(FileFailure) {
      try overwrite(Array(bytes), at: place)
    } catch {
      throw ModelFileError(path: error.path, reason: error.reason)
    }
  }
}
