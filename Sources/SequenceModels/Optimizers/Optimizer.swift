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
  /// - Parameters:
  ///   - parameters: are changed.
  ///   - gradients: `∂L/∂θ`.
  ///   - threads: how many threads the call may use; nil means one for each processor. The result does not
  ///     depend on it.
  /// - Precondition: both have the shapes that the optimizer was made for.
  mutating func step(_ parameters: inout Parameters, gradients: Parameters, threads: Int?)
}

extension Optimizer {
  /// ``step(_:gradients:threads:)`` on the caller's thread.
  public mutating func step(_ parameters: inout Parameters, gradients: Parameters) {
    step(&parameters, gradients: gradients, threads: 1)
  }
}

/// An update of each number by itself, of which any member can have any part.
protocol ElementUpdate: DividedWork {}

extension ElementUpdate {
  /// Updates `count` numbers on as many threads as pay.
  func run(count: Int, threads: Int?) {
    // Whole cache lines, so that no two threads write to one.
    run(count: count, inMultiplesOf: 64, scalars: count, threads: allowedThreads(threads))
  }
}
