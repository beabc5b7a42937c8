import WholeFiles

/// How much memory and time a file may ask for. Files come from anywhere, and a few bytes can declare any
/// size.
public struct OnnxLimits: Hashable, Sendable {
  /// The bytes of a model file.
  public var fileBytes: Int
  /// The bytes of any one tensor.
  public var tensorBytes: Int
  /// The rounds of any one loop.
  public var loopRounds: Int
  /// The messages of a file: its nodes, attributes, tensors, values and sizes of axes. Each takes some
  /// hundreds of bytes when it is read, and as few as two in the file.
  public var messages: Int

  /// Limits; the defaults are those of the format for files, 4 GiB for a tensor, and a million messages.
  public init(
    fileBytes: Int = Int(Int32.max), tensorBytes: Int = 1 << 32, loopRounds: Int = 1 << 24,
    messages: Int = 1 << 20
  ) {
    (self.fileBytes, self.tensorBytes, self.loopRounds) = (fileBytes, tensorBytes, loopRounds)
    self.messages = messages
  }

  /// The bytes of a file.
  ///
  /// - Throws: why it cannot be read.
  func read(_ path: String) throws(OnnxError) -> [UInt8] {
    do throws(FileFailure) {
      return try WholeFile.read(path, limit: fileBytes)
    } catch {
      throw OnnxError(.unreadable, at: path, error.reason)
    }
  }
}
