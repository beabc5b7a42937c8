/// A small, fast random generator whose sequence depends on its seed alone, on every platform.
///
/// The algorithm is xoshiro256** by Blackman and Vigna (2018), its state filled by SplitMix64 as its
/// authors advise. Not for cryptography.
///
/// Encoding a generator keeps its position, so that a run that was interrupted can go on with the
/// numbers that it would have drawn.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  // Four words and not a SIMD vector: every step mixes lanes, which vector registers are slow at.
  @usableFromInline var s0: UInt64
  @usableFromInline var s1: UInt64
  @usableFromInline var s2: UInt64
  @usableFromInline var s3: UInt64

  /// A generator that always gives the same numbers for the same `seed`.
  public init(seed: UInt64) {
    var z = seed
    // Not by capture, which allocates in unoptimised builds.
    func splitMix(_ z: inout UInt64) -> UInt64 {
      z &+= 0x9E37_79B9_7F4A_7C15
      var x = z
      x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
      return x ^ (x >> 31)
    }
    s0 = splitMix(&z)
    s1 = splitMix(&z)
    s2 = splitMix(&z)
    s3 = splitMix(&z)
  }

  /// A generator that goes on from a state of xoshiro256**.
  ///
  /// - Precondition: not all four words are 0, from where the sequence would never leave.
  public init(state: (UInt64, UInt64, UInt64, UInt64)) {
    (s0, s1, s2, s3) = state
    require(s0 | s1 | s2 | s3 != 0, "SeededGenerator: a state of zeros")
  }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    let scrambled = s1 &* 5
    let result = ((scrambled << 7) | (scrambled >> 57)) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << 45) | (s3 >> 19)
    return result
  }

  /// Reads what `encode(to:)` writes.
  ///
  /// - Throws: `DecodingError.dataCorrupted` for a state of zeros, besides what the decoder throws.
  public init(from decoder: any Decoder) throws {
    let words = try [UInt64](from: decoder)
    guard words.count == 4 && words.contains(where: { $0 != 0 }) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "SeededGenerator: the state is four words that are not all 0"))
    }
    self.init(state: (words[0], words[1], words[2], words[3]))
  }

  /// Writes the four words of the state.
  public func encode(to encoder: any Encoder) throws { try [s0, s1, s2, s3].encode(to: encoder) }
}
