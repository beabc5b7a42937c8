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

  /// Writes a tensor's bytes behind those that were written before.
  ///
  /// - Returns: their CRC-32, computed while they are in the processor's caches and the disk is busy with those
  ///   before.
  borrowing func writeAndSum(_ tensor: borrowing Tensor) throws(ModelFileError) -> UInt32 {
    var sum: UInt32 = 0
    var failure: ModelFileError?
    try tensor.withUnsafeBytes { (bytes) throws(ModelFileError) in
      var rest = bytes[...]
      while !rest.isEmpty && failure == nil {
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20))
        sum = Deflate.checksum(piece, after: sum)
        do throws(ModelFileError) {
          try write(piece)
        } catch {
          failure = error
        }
        rest = rest.dropFirst(piece.count)
      }
    }
    if let failure { throw failure }
    return sum
  }
}
