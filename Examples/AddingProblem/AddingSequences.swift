import Recurrent

/// Sequences of the adding problem of Hochreiter & Schmidhuber (1997) and what each adds up to.
///
/// A step has two inputs: a number drawn uniformly from [0, 1], and a marker that is 1 at two steps and
/// 0 at all others. The target is the sum of the two marked numbers. One marker is in the first half
/// and one in the second, as Arjovsky et al. (2016) have it: the first number has to be kept for about
/// half of the steps. Whoever always answers 1 has a mean squared error of 1/6, the variance of a sum
/// of two numbers.
struct AddingSequences {
  /// The numbers and the markers, `[T, N, 2]`.
  private(set) var x: SequenceBatch<Float>
  /// What each sequence adds up to, `[N]`.
  private(set) var sums: [Float]

  /// `batch` random sequences of `steps` steps, at least 2.
  init(steps: Int, batch: Int, using generator: inout some RandomNumberGenerator) {
    precondition(steps >= 2, "two markers need two steps, got \(steps)")
    x = .zeros(steps: steps, batch: batch, features: 2)
    sums = Array(repeating: 0, count: batch)
    redraw(using: &generator)
  }

  /// Replaces all sequences by new ones, in the same memory.
  mutating func redraw(using generator: inout some RandomNumberGenerator) {
    let (steps, batch) = (x.steps, x.batch)
    x.withUnsafeMutableBufferPointer { x in
      for i in 0..<steps * batch {
        x[2 * i] = .random(in: 0...1, using: &generator)
        x[2 * i + 1] = 0
      }
      for n in 0..<batch {
        sums[n] = 0
        for half in [0..<steps / 2, steps / 2..<steps] {
          let place = 2 * (Int.random(in: half, using: &generator) * batch + n)
          x[place + 1] = 1
          sums[n] += x[place]
        }
      }
    }
  }
}
