import Autodiff
import LinAlg
import Recurrent

/// What a decoder gives for all steps at once, where the tokens before each are given.
public struct DecoderPass<Scalar: RecurrentScalar> {
  /// One score for each token as the next one, `[T₂, N, V]`.
  public let scores: Node<Scalar>
  /// The weights of attention, for each step of the target one for each step of the source, `[T₂, N, T₁]`;
  /// nil without attention.
  public let attention: Node<Scalar>?
}

/// What a decoder with attention sees at some steps.
struct DecoderLook<Scalar: RecurrentScalar> {
  /// The embedded tokens before, `[T₂, N, E]`.
  var inputs: Node<Scalar>
  /// The decoder's outputs `h`, `[T₂, N, H]`.
  var outputs: Node<Scalar>
  /// `h̃`.
  var seen: Node<Scalar>
  /// What attention found, `[T₂, N, F]`.
  var context: Node<Scalar>?
  /// The weights of attention, `[T₂, N, T₁]`.
  var weights: Node<Scalar>?
  /// Their scores before the softmax, where they were asked for.
  var attentionScores: Node<Scalar>?
}

extension DecoderLook {
  /// What was seen step by step, as one.
  init(joining looks: [DecoderLook]) {
    func joined(_ part: (DecoderLook) -> Node<Scalar>) -> Node<Scalar> {
      Node.joined(looks.map(part), along: .steps)
    }
    func joined(_ part: (DecoderLook) -> Node<Scalar>?) -> Node<Scalar>? {
      let nodes = looks.compactMap(part)
      return nodes.isEmpty ? nil : Node.joined(nodes, along: .steps)
    }
    self.init(
      inputs: joined { $0.inputs as Node<Scalar> }, outputs: joined { $0.outputs as Node<Scalar> },
      seen: joined { $0.seen as Node<Scalar> }, context: joined { $0.context },
      weights: joined { $0.weights }, attentionScores: joined { $0.attentionScores })
  }
}
