/// A tensor that a layer computes.
enum TensorName: String, CaseIterable, Sendable {
  case outputs, finalHidden, finalCell
  case dx, dW, dU, db, dRecurrentBias, dInitialHidden, dInitialCell

  /// How the elements belong to the sequences of a batch.
  enum Layout {
    /// `[T, N, F]`.
    case perStep
    /// `[N, F]`.
    case perSequence
    /// Summed over the batch.
    case summed
  }

  var layout: Layout {
    switch self {
    case .outputs, .dx: .perStep
    case .finalHidden, .finalCell, .dInitialHidden, .dInitialCell: .perSequence
    case .dW, .dU, .db, .dRecurrentBias: .summed
    }
  }

  /// Whether the backward pass computes it.
  var isGradient: Bool { rawValue.hasPrefix("d") }
}

/// The tensors that one call computed.
struct Results {
  /// The number of steps and of sequences that they are for.
  var steps: Int
  var batch: Int
  /// The elements, row-major.
  var tensors: [TensorName: [Double]] = [:]
  /// The gradients of the parameters of a layer that is no plain cell, by what they are called; summed
  /// over the batch.
  var gradients: [String: [Double]] = [:]

  init(steps: Int, batch: Int) {
    self.steps = steps
    self.batch = batch
  }

  /// Adds a tensor of another element type.
  mutating func set<Scalar: BinaryFloatingPoint>(
    _ name: TensorName, _ elements: some Sequence<Scalar>
  ) {
    tensors[name] = elements.map { Double($0) }
  }

  /// The results of some of the sequences alone; summed tensors stay as they are.
  func restricted(to sequences: [Int]) -> Results {
    var result = Results(steps: steps, batch: sequences.count)
    result.gradients = gradients
    for (name, elements) in tensors {
      switch name.layout {
      case .summed:
        result.tensors[name] = elements
      case .perStep:
        result.tensors[name] = gatherSequences(
          elements, blocks: steps, batch: batch, sequences: sequences)
      case .perSequence:
        result.tensors[name] = gatherSequences(
          elements, blocks: 1, batch: batch, sequences: sequences)
      }
    }
    return result
  }
}

/// The rows of `sequences` from each of `blocks` blocks of shape `[batch, F]`.
func gatherSequences<Scalar>(
  _ elements: some RandomAccessCollection<Scalar>, blocks: Int, batch: Int, sequences: [Int]
) -> [Scalar] {
  let features = elements.count / (batch * blocks)
  var result: [Scalar] = []
  result.reserveCapacity(features * blocks * sequences.count)
  for block in 0..<blocks {
    for sequence in sequences {
      let start = elements.index(
        elements.startIndex, offsetBy: (block * batch + sequence) * features)
      result.append(contentsOf: elements[start..<elements.index(start, offsetBy: features)])
    }
  }
  return result
}
