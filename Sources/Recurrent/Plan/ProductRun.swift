import LinAlg

/// Products with one operand whose results lie side by side, as one product with one matrix of weights.
struct ProductRun: BitwiseCopyable {
  enum Source: Int, BitwiseCopyable {
    case input, state, expression
  }

  var source: Source
  /// The state, or the block of the expression.
  var index: Int
  /// The block of scratch memory for the gradient of an expression; negative where there is none.
  var scratch = -1
  /// The phase of a step before which the product takes place.
  var phase: Int
  /// The phase of a step backward before which the gradient of an expression is formed.
  var phaseBackward = 0
  /// The first block that it writes, and how many.
  var block: Int
  var blocks: Int
  /// How many columns of each it writes: `H`, or `P`.
  var width: Int
  /// The features of the operand: `D`, `H` or `P`.
  var k: Int
  /// Whether the product is added to what is there, and likewise backward.
  var accumulates: Bool
  var accumulatesBackward: Bool
  /// Of a standardization, which has no weights, what it adds to the variance; else 0.
  var epsilon = 0.0
  var standardizes: Bool { epsilon > 0 }
  /// Where the weights are among all, in one place but in packed runs; and packed for either direction.
  var weights: WeightRows
  var packedForward = PackPlace()
  var packedBackward = PackPlace()

  /// The columns of its results.
  var columns: Int { blocks * width }

  /// Takes in another run that begins where this one ends, if they can be one product.
  mutating func take(_ next: ProductRun, hiddenSize: Int) -> Bool {
    guard source == next.source, index == next.index, phase == next.phase,
      accumulates == next.accumulates, !standardizes, !next.standardizes,
      width == hiddenSize, next.width == hiddenSize, block + blocks == next.block
    else { return false }
    let end = weights.from(columns, count: 0, k: k)
    if weights.split < columns {
      // Two places are the most.
      guard end.rest == next.weights.start else { return false }
    } else if end.start == next.weights.start {
      weights.split += next.columns
    } else {
      weights.rest = next.weights.start
    }
    blocks += next.blocks
    return true
  }
}
