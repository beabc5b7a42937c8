import Autodiff
import LinAlg
import Recurrent

/// What a decoder with attention needs of a source: a sequence that was read, the regions of a picture, the
/// frames of a video.
public struct EncodedSource<Scalar: RecurrentScalar> {
  /// What attention gives sums of, `[T, N, F]`: the encoder's outputs.
  public let values: Node<Scalar>
  /// The same as attention compares them.
  public let keys: Node<Scalar>
  /// How many steps of each sequence count; nil means all.
  public let lengths: [Int]?
  /// The decoder's state before its first step.
  public let state: Node<Scalar>

  /// A source that has been encoded elsewhere, such as in another file.
  public init(
    values: Node<Scalar>, keys: Node<Scalar>, lengths: [Int]?, state: Node<Scalar>
  ) {
    (self.values, self.keys, self.lengths, self.state) = (values, keys, lengths, state)
  }

  /// Each source `count` times, one beside the other: the rows of a beam search. The state is left as it
  /// is: the search repeats it.
  public func repeated(_ count: Int) -> EncodedSource {
    EncodedSource(
      values: values.repeated(count), keys: keys.repeated(count),
      lengths: lengths?.repeated(count), state: state)
  }
}
