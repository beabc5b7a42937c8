/// A small, fast random generator whose sequence depends on its seed alone, on every platform.
///
/// The algorithm is xoshiro256** by Blackman and Vigna (2018), its state filled by SplitMix64 as its
/// authors advise. Not for cryptography.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  private var state: SIMD4<UInt64>

  /// A generator that always gives the same numbers for the same `seed`.
  public init(seed: UInt64) {
    var z = seed
    func splitMix() -> UInt64 {
      z &+= 0x9E37_79B9_7F4A_7C15
      var x = z
      x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
      return x ^ (x >> 31)
    }
    state = SIMD4(splitMix(), splitMix(), splitMix(), splitMix())
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    func rotated(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotated(state.y &* 5, 7) &* 9
    let t = state.y << 17
    state.z ^= state.x
    state.w ^= state.y
    state.y ^= state.z
    state.x ^= state.w
    state.z ^= t
    state.w = rotated(state.w, 45)
    return result
  }
}
