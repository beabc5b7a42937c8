import LinAlg

/// Which of many items are trained on and which are kept for the end, at random.
struct HeldOut {
  let training: [Int]
  let held: [Int]

  /// - Parameters:
  ///   - count: how many items there are.
  ///   - share: how much of them is held out.
  ///   - seed: another one holds out others.
  init(_ count: Int, share: Double, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let shuffled = (0..<count).shuffled(using: &generator)
    let heldCount = Int((Double(count) * share).rounded())
    held = Array(shuffled[..<heldCount])
    training = Array(shuffled[heldCount...])
  }
}
