/// How much memory and time a file may ask for. Files come from anywhere, and a few bytes can declare any
/// size.
public struct OnnxLimits: Hashable, Sendable {
  /// The bytes of a model file.
  public var fileBytes: Int
  /// The bytes of any one tensor.
  public var tensorBytes: Int
  /// The rounds of any one loop.
  public var loopRounds: Int

  /// Limits; the defaults are those of the format for files, and 4 GiB for a tensor.
  public init(
    fileBytes: Int = Int(Int32.max), tensorBytes: Int = 1 << 32, loopRounds: Int = 1 << 24
  ) {
    (self.fileBytes, self.tensorBytes, self.loopRounds) = (fileBytes, tensorBytes, loopRounds)
  }
}
