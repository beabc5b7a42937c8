import LinAlg
import Recurrent

/// A softmax as a tree of decisions (Morin & Bengio 2005; with Huffman's tree, Mikolov et al. 2013): the cost of
/// a token's probability is that of the way to it, about the logarithm of the vocabulary.
///
/// ```
/// P(left at node i) = σ(W[i]·h + b[i])      P(token) = Π P(its side) over the nodes on the way to it
/// ```
/// The probabilities of all tokens sum to 1 as they are: nothing is approximated.
public struct HierarchicalSoftmax<Scalar: RecurrentScalar>: Trainable {
  /// `W [V − 1, D]` and `b`, a row for each inner node of the tree.
  public var parameters: LinearParameters<Scalar>
  /// The tree over the tokens.
  public let tree: HuffmanTree
  /// The longest way in the tree.
  let largestDepth: Int

  /// `D`, the number of input features.
  public var inputSize: Int { parameters.inputSize }
  /// `V`, the number of tokens.
  public var vocabularySize: Int { tree.vocabularySize }

  /// A softmax over the tokens of a tree, with random weights.
  ///
  /// - Parameters:
  ///   - inputSize: `D`.
  ///   - tree: the tree over the tokens.
  ///   - weights: the rule for `W`.
  ///   - generator: the source of randomness.
  public init(
    inputSize: Int, tree: HuffmanTree, weights: Initializer<Scalar> = .glorotUniform,
    using generator: inout some RandomNumberGenerator
  ) {
    self.tree = tree
    largestDepth = tree.largestDepth
    parameters =
      Linear(
        inputSize: inputSize, outputSize: tree.vocabularySize - 1, weights: weights,
        using: &generator
      ).parameters
  }

  /// Traps unless there is a row for each inner node.
  func checkLayout() {
    require(
      parameters.outputSize == vocabularySize - 1,
      "HierarchicalSoftmax: \(parameters.outputSize) rows for \(vocabularySize - 1) inner nodes")
    parameters.checkLayout("parameters of the hierarchical softmax")
  }
}
