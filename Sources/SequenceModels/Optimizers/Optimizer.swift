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
