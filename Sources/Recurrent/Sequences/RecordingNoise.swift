import CKernels
import LinAlg

/// Where the random choices of recorded passes come from: what a layer drops or keeps, it drops or keeps
/// by these numbers, and equal numbers give equal passes.
///
/// There is no generator to be advanced: a choice is a function of the seed, of the number of the pass,
/// of its place in the layer, of the sequence, the unit and, where it is not the same over time, the
/// step. So two recordings with the same seed repeat each other's choices pass by pass, and a pass that
/// is run again in pieces repeats its own. Choices do not depend on threads, on the type of the numbers,
/// or on which other sequences are in the batch: with ``sequences`` set, a sequence that is moved to
/// another row along with its number keeps its masks.
public struct RecordingNoise: Sendable, Hashable, Codable {
  /// What tells apart recordings of the same layer. Recordings that work side by side, on parts of a
  /// batch, need different ones, or different ``sequences``.
  public var seed: UInt64
  /// How many passes have been recorded: each makes choices of its own.
  public var pass: UInt64 = 0
  /// The number of the recording's first step where the recording is a piece of a longer pass.
  public var firstStep = 0
  /// For each row of the batch the number of its sequence; nil for the row's own.
  public var sequences: [Int]?

  /// The choices that belong to `seed`.
  public init(seed: UInt64 = 0) { self.seed = seed }

  /// The same passes and steps in another place of a layer.
  package func child(_ index: Int) -> RecordingNoise {
    var result = self
    result.seed = Self.mix(seed ^ Self.mix(UInt64(truncatingIfNeeded: index) &+ 1))
    return result
  }

  /// A generator for what is drawn at one step for the sequence in a row of the batch.
  ///
  /// - Precondition: ``sequences`` has a number for the row, or is nil.
  package func generator(row: Int, step: Int) -> SeededGenerator {
    let sequence = UInt64(truncatingIfNeeded: sequences?[row] ?? row)
    let place = UInt64(truncatingIfNeeded: firstStep + step)
    return SeededGenerator(seed: Self.mix(Self.mix(key ^ Self.mix(sequence)) &+ place))
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
    result.pass &+= 1
    return result
  }

  /// What selects a random sequence for this pass.
  var key: UInt64 { Self.mix(Self.mix(seed) &+ pass) }

  /// The output function of SplitMix64 (Steele et al. 2014), whose neighbouring arguments give
  /// unrelated results.
  static func mix(_ z: UInt64) -> UInt64 {
    var x = z &+ 0x9E37_79B9_7F4A_7C15
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  /// Traps unless there are as many numbers of sequences as sequences.
  package func checkBatch(_ batch: Int) {
    guard let sequences else { return }
    require(
      sequences.count == batch,
      "noise has the numbers of \(sequences.count) sequences, the batch has \(batch)")
  }
}

extension RecordingNoise {
  /// Hands out what the kernels take, or nil without noise.
  static func withKernelNoise<Result>(
    _ noise: RecordingNoise?, _ body: (ck_noise?) -> Result
  ) -> Result {
    guard let noise else { return body(nil) }
    return withOptionalPointer(to: noise.sequences) { sequences in
      body(
        ck_noise(
          seed: noise.key,
          // Int is 64 bits wide wherever the engine runs.
          sequences: sequences.map { UnsafeRawPointer($0).assumingMemoryBound(to: Int64.self) },
          first_sequence: 0, first_step: Int64(noise.firstStep)))
    }
  }
}

extension ck_noise {
  /// The same for a batch that begins at the given row.
  func fromRow(_ row: Int) -> ck_noise {
    var noise = self
    noise.first_sequence += Int64(row)
    noise.sequences = noise.sequences.map { $0 + row }
    return noise
  }
}
