/// How much memory the reading of a file may take beyond the file's own size.
///
/// What a file declares is held against its bytes before anything is allocated for it. Two things can be
/// larger than the bytes that say so: what was deflated, and a tensor of PyTorch's whose elements are the
/// same memory many times. These limits are for them.
public struct ReadingLimits: Sendable, Hashable {
  /// The most bytes that may be unpacked or laid out anew from one file, all tensors together.
  public var unpackedBytes: Int

  /// Limits; 4 GiB unless told otherwise.
  public init(unpackedBytes: Int = 1 << 32) { self.unpackedBytes = unpackedBytes }
}

/// What is left of a file's limits while it is read.
struct Allowance {
  private(set) var unpackedBytes: Int
  private let limit: Int

  init(_ limits: ReadingLimits) {
    unpackedBytes = max(0, limits.unpackedBytes)
    limit = unpackedBytes
  }

  /// Takes `count` bytes off, if they are left.
  mutating func unpack(
    _ count: Int, _ path: String, _ place: ModelFileError.Place
  ) throws(ModelFileError) {
    guard count <= unpackedBytes else {
      throw ModelFileError(
        path: path, place: place,
        reason: "needs \(count) bytes unpacked, expected at most \(limit) for the whole file")
    }
    unpackedBytes -= count
  }
}
