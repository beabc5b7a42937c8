import LinAlg

/// The binary tree over tokens in which frequent ones are near the root (Huffman 1952): among all trees, the
/// one with the shortest way from the root to a token that is drawn as often as it was counted.
public struct HuffmanTree: Sendable, Hashable {
  /// Which inner nodes a token is below of, from the root on, and on which side.
  package struct Branch: Sendable, Hashable {
    package var node: Int32
    package var isLeft: Bool
  }

  /// `V`, the number of tokens; there is one inner node less.
  public let vocabularySize: Int
  /// The children of each inner node: a token, or `−1 − i` for inner node `i`, which comes before its parent.
  /// The last one is the root.
  let children: [Child]
  /// The ways to all tokens, one after the other, and where each begins.
  private let branches: [Branch]
  private let starts: [Int]

  /// What is below an inner node.
  struct Child: Sendable, Hashable {
    var left: Int32
    var right: Int32
  }

  /// The tree of tokens that were counted so often.
  ///
  /// - Precondition: there are two tokens at least, and no count is negative.
  public init(counts: [Int]) {
    let V = counts.count
    require(V > 1, "HuffmanTree: \(V) tokens, expected two at least")
    if let token = counts.firstIndex(where: { $0 < 0 }) {
      failRequirement("HuffmanTree: token \(token) was counted \(counts[token]) times")
    }
    vocabularySize = V
    // Both queues are in the order of their counts, so that the rarest two are at their heads.
    let leaves = counts.indices.sorted { (counts[$0], $1) < (counts[$1], $0) }
    var (children, sums): ([Child], [Int]) = ([], [])
    var (leaf, inner) = (0, 0)
    func takeRarest() -> (child: Int32, count: Int) {
      if leaf < V, inner == sums.count || counts[leaves[leaf]] <= sums[inner] {
        leaf += 1
        return (Int32(leaves[leaf - 1]), counts[leaves[leaf - 1]])
      }
      inner += 1
      return (Int32(-inner), sums[inner - 1])
    }
    while children.count < V - 1 {
      let (right, left) = (takeRarest(), takeRarest())
      children.append(Child(left: left.child, right: right.child))
      sums.append(left.count + right.count)
    }
    self.children = children
    var ways = [[Branch]](repeating: [], count: V)
    var pending: [(node: Int32, way: [Branch])] = [(Int32(V - 2), [])]
    while let (node, way) = pending.popLast() {
      let child = children[Int(node)]
      for (below, isLeft) in [(child.left, true), (child.right, false)] {
        let longer = way + [Branch(node: node, isLeft: isLeft)]
        if below < 0 { pending.append((-1 - below, longer)) } else { ways[Int(below)] = longer }
      }
    }
    branches = ways.flatMap { $0 }
    starts = ways.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  /// How many decisions lead to a token.
  ///
  /// - Precondition: the token is in `0..<vocabularySize`.
  public func depth(of token: Token) -> Int {
    require(
      token >= 0 && token < vocabularySize,
      "token \(token) is outside the vocabulary of \(vocabularySize)")
    return range(Int(token)).count
  }

  /// The largest number of decisions.
  var largestDepth: Int { (0..<vocabularySize).reduce(0) { max($0, range($1).count) } }

  /// Where the way to a token stands.
  private func range(_ token: Int) -> Range<Int> { starts[token]..<starts[token + 1] }

  /// The number of decisions on the way to a token.
  package func count(_ token: Int) -> Int { starts[token + 1] - starts[token] }

  /// Decision `j` on the way to a token.
  package func branch(_ token: Int, _ j: Int) -> Branch { branches[starts[token] + j] }
}
