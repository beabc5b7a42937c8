import Autodiff
import LinAlg
import SequenceModels

/// Puts the unknown token in the place of some tokens of each batch at random, so that a model learns to go by
/// what stands around a word that it does not know (Iyyer et al. 2015).
struct HiddenTokens {
  /// How likely a token is hidden.
  let share: Double
  let unknown: Token
  private var generator: SeededGenerator

  init(share: Double, unknown: Token, seed: UInt64) {
    (self.share, self.unknown) = (share, unknown)
    generator = SeededGenerator(seed: seed)
  }

  /// The batch with tokens hidden in it; what fills it up stays.
  mutating func hiding(_ batch: PaddedBatch, padding: Padding) -> PaddedBatch {
    let sequences = (0..<batch.batch).map { n in
      batch.sequence(n).map {
        Double.random(in: 0..<1, using: &generator) < share ? unknown : $0
      }
    }
    return PaddedBatch(sequences, padding: padding, steps: batch.steps)
  }
}
