/// Where the random choices of recorded passes come from: what a layer drops, it drops by these
/// numbers.
///
/// There is no generator to be advanced: a choice is a function of the seed, of the number of the pass,
/// of its place in the layer and of the step. So two recordings with the same seed repeat each other's
/// choices pass by pass, and a pass that is run again in pieces repeats its own.
public struct RecordingNoise: Sendable, Hashable, Codable {
  /// What tells apart recordings of the same layer. Recordings that work side by side, on parts of a
  /// batch, need different ones.
  public var seed: UInt64
  /// How many passes have been recorded: each makes choices of its own.
  public var pass: UInt64 = 0
  /// The number of the recording's first step where the recording is a piece of a longer pass.
  public var firstStep = 0

  /// The choices that belong to `seed`.
  public init(seed: UInt64 = 0) { self.seed = seed }

  /// The same passes and steps in another place of a layer.
  func child(_ index: Int) -> RecordingNoise {
    var result = self
    result.seed = Self.mix(seed ^ Self.mix(UInt64(index) &+ 1))
    return result
  }

  /// The same pass from step `step` of this one on.
  func advanced(by step: Int) -> RecordingNoise {
    var result = self
    result.firstStep += step
    return result
  }

  /// The next pass.
  var next: RecordingNoise {
    var result = self
    result.pass += 1
    return result
  }

  /// What selects a random sequence for this pass.
  var key: UInt64 { Self.mix(Self.mix(seed) &+ pass) }

  /// The output function of SplitMix64 (Steele et al. 2014), whose neighbouring arguments give
  /// unrelated results.
  private static func mix(_ z: UInt64) -> UInt64 {
    var x = z &+ 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }
}
