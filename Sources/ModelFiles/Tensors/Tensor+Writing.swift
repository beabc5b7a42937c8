internal import WholeFiles

extension PartialFile {
  /// Writes a tensor's bytes behind those that were written before.
  ///
  /// Where its own file has become shorter the system refuses the bytes that are gone: no copy is made of
  /// them, and nothing here touches them.
  borrowing func write(_ tensor: borrowing Tensor) throws(ModelFileError) {
    let range = tensor.offset..<tensor.offset + tensor.byteCount
    var failure: ModelFileError?
    try tensor.storage.withUnsafeBytes(in: range) { (bytes) throws(ModelFileError) in
      do throws(ModelFileError) {
        try write(bytes)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}
