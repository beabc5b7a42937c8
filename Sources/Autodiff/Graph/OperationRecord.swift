import LinAlg
import Recurrent

/// What an operation of a pass is: for those who write a pass down elsewhere.
package enum OperationRecord<Scalar: RecurrentScalar> {
  /// A value that came from outside, `[T, N, F]`.
  case constant(SequenceBatch<Scalar>)
  /// The same value.
  case identity
  /// ``Graph/occurrences(of:features:)``.
  case occurrences(TokenBatch, features: Int)
  /// ``Graph/validSteps(_:steps:)``.
  case validSteps([Int], steps: Int)
  /// ``Graph/validFeatures(_:features:)``.
  case validFeatures([Int], features: Int)
  /// The matrix of a ``Parameter``.
  case parameter(ParameterBlock<Scalar>)
  /// Rows of a table by tokens.
  case lookup(ParameterBlock<Scalar>, TokenBatch)
  /// `x·Wᵀ`, and `+ b` where `hasBias`: the first tensor of the block, and the second.
  case affine(ParameterBlock<Scalar>, hasBias: Bool)
  /// A whole layer; a second input is its state.
  case layer(any SequenceLayer<Scalar>, lengths: [Int]?)
  /// Two values element by element.
  case combined(Combination)
  /// A function of each element.
  case activation(Activation)
  /// Another function of each element.
  case function(ElementFunction<Scalar>)
  /// A range of an axis.
  case slice(NodeAxis, Range<Int>)
  /// Values one behind the other.
  case joined(NodeAxis)
  /// ``Node/gathered(rows:sideBySide:)``.
  case gathered(TokenBatch, sideBySide: Int)
  /// ``Node/scattered(rows:steps:batch:)``.
  case scattered(TokenBatch)
  /// One row for each sequence.
  case pooled(Pooling, lengths: [Int]?)
  /// Scores of attention.
  case scores(ComparisonRecord<Scalar>)
  /// Attention: its weights and then its context.
  case attention(ComparisonRecord<Scalar>)
  /// A softmax of each row, or its logarithm.
  case softmax(RowActivation, lengths: [Int]?)
  /// ``Node/weightedSums(of:)``, or ``Node/innerProducts(with:)`` where it `isTransposed`.
  case sequenceProduct(isTransposed: Bool)
  /// ``Node/product(_:)``, or ``Node/product(transposed:)`` where it `isTransposed`.
  case product(isTransposed: Bool)
  /// Layer normalization: gain and bias are the tensors of the block.
  case layerNorm(ParameterBlock<Scalar>, epsilon: Scalar)
  /// ``Node/sumsOfEarlierSteps()``.
  case sumsOfEarlierSteps
  /// The sum along an axis.
  case sum(NodeAxis)
  /// The largest element along an axis.
  case maximum(NodeAxis)
  /// ``Node/picked(_:)``.
  case picked(TokenBatch)
  /// ``Node/entropy()``.
  case entropy
  /// ``Node/masked(where:)``.
  case masked
  /// ``Node/lstmCells(after:)``: the cells, then the hidden states.
  case lstmCells
  /// `log P` of the tokens of a tree from its decisions.
  case treeLeaves(HuffmanTree)
  /// ``Node/mixedWithCopies(of:attention:generating:words:lengths:)``.
  case copies(TokenBatch, words: Int, lengths: [Int]?)
  /// Something that has no description: its name, and why.
  case other(String)
}

/// How an operation compares queries with keys, its first two inputs.
package struct ComparisonRecord<Scalar: RecurrentScalar> {
  /// Of inner products.
  package var scale: Scalar
  /// Whether a small network compares, whose weights are the third input.
  package var isAdditive: Bool
  /// Whether it sees coverage: its weights and it are the fourth input and the fifth.
  package var hasCoverage: Bool
  /// How many steps of each sequence of keys count; nil means all.
  package var lengths: [Int]?
}

/// What the operations of a pass were, one behind the other, with the values that went in and came out.
package final class GraphRecord<Scalar: RecurrentScalar> {
  /// An operation.
  package struct Entry {
    /// What it is.
    package var operation: OperationRecord<Scalar>
    /// Numbers of the values that went in.
    package var inputs: [UInt64]
    /// Numbers of the values that came out, and their shapes.
    package var outputs: [(value: UInt64, shape: NodeShape)]
  }

  /// The operations.
  package private(set) var entries: [Entry] = []

  /// A record of nothing.
  package init() {}

  func add(
    _ operation: OperationRecord<Scalar>, inputs: [Int], outputs: [Int], _ graph: Graph<Scalar>
  ) {
    entries.append(
      Entry(
        operation: operation, inputs: inputs.map { graph.slots[$0].ticket },
        outputs: outputs.map { (graph.slots[$0].ticket, graph.slots[$0].shape) }))
  }
}

extension Node {
  /// The value's number, which no other value of its graph has.
  package var number: UInt64 { slot.ticket }
}
