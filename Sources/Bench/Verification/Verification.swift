import Charts
import Foundation

/// Compares what a contestant computed with the oracle's results.
///
/// The error of a tensor is its largest difference as a share of the oracle's largest element,
/// `max|a − r| / max|r|`; anything that is not a finite number, on either side, counts as infinitely wrong.
///
/// The bound is `1e-5·√max(1, K/1024)`, where `K` is the longest sum in the tensor's history:
/// `D+H` forward; backward also `G·H` (the products with `Wᵀ` and `Uᵀ`) and `T·N` (the sums of the
/// weight gradients). Rounding errors of a sum of `K` terms grow as `u·√K` with `u = 2⁻²⁴` (Higham
/// & Mary, 2019): 1.9e-6 for 1024 terms, and a factor of five is left for what a recurrence and
/// activations of 4 ULP add.
enum Verification {
  /// The outcome for one contestant.
  struct Outcome: Equatable {
    /// The tensor whose error is the largest share of its bound.
    var worst: String
    /// That tensor's error and bound.
    var error: Double
    var bound: Double
    /// The largest error of all tensors.
    var maxError: Double

    var isCorrect: Bool { error <= bound }

    /// - Parameters:
    ///   - what: what computed the answer, and of which row.
    ///   - reference: what it was compared with.
    /// - Throws: ``BenchError`` (exit 1) when the answer is wrong.
    func check(_ what: String, against reference: String) throws {
      guard isCorrect else {
        throw BenchError.failure(
          """
          wrong answer: \(what): \(worst) differs from \(reference) by \(Format.scientific(error)) \
          relative, allowed \(Format.scientific(bound))
          """)
      }
    }
  }

  /// The error norm of one tensor.
  static func error(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    var difference = 0.0
    var magnitude = 0.0
    for (a, r) in zip(actual, expected) {
      guard a.isFinite, r.isFinite else { return .infinity }
      difference = max(difference, abs(a - r))
      magnitude = max(magnitude, abs(r))
    }
    if difference == 0 { return 0 }
    return magnitude == 0 ? .infinity : difference / magnitude
  }

  /// The largest error that rounding explains; `shape` is that of the compared part.
  static func bound(_ tensor: TensorName, cell: CellKind, shape: Shape) -> Double {
    bound(isGradient: tensor.isGradient, cell: cell, shape: shape)
  }

  private static func bound(isGradient: Bool, cell: CellKind, shape: Shape) -> Double {
    var longest = shape.D + shape.H
    if isGradient { longest = max(longest, cell.gates * shape.H, shape.T * shape.N) }
    return 1e-5 * max(1, Double(longest) / 1024).squareRoot()
  }

  /// The largest error where products round inputs and states to bytes: each number of a row is off by up to
  /// 1/254 of the row's largest, in either direction, so that errors add up as numbers of random signs do
  /// and the sums themselves, too. Six times that is far out of reach of them and below what a wrong number
  /// makes.
  static let quantizationBound = 6.0 / 254

  /// Compares every tensor of `expected`, and every gradient that either has; one that the other lacks is
  /// infinitely wrong.
  static func compare(
    _ actual: Results, with expected: Results, cell: CellKind, shape: Shape
  ) -> Outcome {
    var outcome = Outcome(
      worst: TensorName.outputs.rawValue, error: 0, bound: 1, maxError: 0)
    func compare(_ name: String, isGradient: Bool, _ actual: [Double]?, _ expected: [Double]?) {
      var error = Double.infinity
      if let actual, let expected { error = Self.error(actual, expected) }
      let bound = bound(isGradient: isGradient, cell: cell, shape: shape)
      outcome.maxError = max(outcome.maxError, error)
      if error / bound >= outcome.error / outcome.bound {
        (outcome.worst, outcome.error, outcome.bound) = (name, error, bound)
      }
    }
    for name in TensorName.allCases {
      guard let reference = expected.tensors[name] else { continue }
      compare(
        name.rawValue, isGradient: name.isGradient, actual.tensors[name], reference)
    }
    for name in Set(actual.gradients.keys).union(expected.gradients.keys).sorted() {
      compare(name, isGradient: true, actual.gradients[name], expected.gradients[name])
    }
    return outcome
  }
}
