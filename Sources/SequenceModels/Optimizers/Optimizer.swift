import LinAlg
import Recurrent

/// A rule that turns gradients into a step of the parameters.
///
/// Works on any `ParameterSet`, block by block, and allocates nothing per step: what it remembers has
/// the type and the shapes of the parameters and is made once. Whoever trains sets the
/// ``learningRate`` before each step, by hand or from a ``LearningRateSchedule``.
public protocol Optimizer<Parameters>: Sendable {
  /// The parameters it updates.
  associatedtype Parameters: ParameterSet

  /// The size of the next steps.
  var learningRate: Double { get set }

  /// How many steps have been taken.
  var stepCount: Int { get }

  /// Moves `parameters` along their gradients.
  ///
  /// - Precondition: both have the shapes that the optimizer was made for.
  mutating func step(_ parameters: inout Parameters, gradients: Parameters)
}

extension ParameterSet {
  /// Traps unless `other` has the same blocks with the same tensors.
  func checkSameShapes(as other: Self, _ what: StaticString) {
    require(
      blockCount == other.blockCount,
      "\(what) have \(other.blockCount) blocks, the parameters \(blockCount)")
    for i in 0..<blockCount {
      require(
        self[block: i].specs == other[block: i].specs,
        """
        block \(i) of \(what) has the tensors \(other[block: i].specs), \
        that of the parameters \(self[block: i].specs)
        """)
    }
  }
}
