import Autodiff
import LinAlg

extension FramedBatch {
  /// The batch with some of its inputs replaced at random: the labels stay (data noising, Xie et al. 2017).
  ///
  /// A model that reads right words only learns also which words never follow each other in its training, and trusts
  /// that more than what it sees. One that reads a wrong word now and then looks again. The tokens before the
  /// sequences are left alone.
  ///
  /// - Parameters:
  ///   - rate: how likely an input is replaced, in `0...1`.
  ///   - tokens: what it is replaced by, each as likely as the others.
  ///   - generator: the source of randomness.
  /// - Precondition: the rate is in range, and there is a token.
  public func noised(
    _ rate: Double, by tokens: Range<Token>, using generator: inout some RandomNumberGenerator
  ) -> FramedBatch {
    require(
      (0...1).contains(rate) && !tokens.isEmpty,
      "FramedBatch: noise at a rate of \(rate) by tokens \(tokens)")
    var inputs = inputs
    for n in 0..<lengths.count {
      // Two draws for each, so that what is replaced at one rate is so at a higher one.
      for t in 1..<max(lengths[n], 1) {
        let coin = Double.random(in: 0..<1, using: &generator)
        let token = Token.random(in: tokens, using: &generator)
        if coin < rate { inputs[t, n] = token }
      }
    }
    return FramedBatch(inputs: inputs, labels: labels, lengths: lengths)
  }
}
