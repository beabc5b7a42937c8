import Recurrent
import TestNumbers

/// How far two results are apart: the largest difference, relative to the largest expected magnitude
/// of the same tensor. NaN counts as infinitely far, and so does a different number of elements.
///
/// One tensor is one scale: an element that is small by cancellation has the rounding error of the
/// products that made it, not of its own size.
func relativeError<Scalar: RecurrentScalar>(_ actual: [Scalar], _ expected: [Scalar]) -> Double {
  let apart = distance(actual, expected)
  return apart.difference == 0 ? 0 : apart.difference / max(apart.scale, .leastNormalMagnitude)
}

/// Every tensor whose error exceeds `tolerance`, described; empty when the results agree.
func disagreements<Scalar: RecurrentScalar>(
  _ actual: PassResults<Scalar>, _ expected: PassResults<Scalar>, tolerance: Double
) -> [String] {
  zip(actual.named, expected.named).compactMap { a, e in
    let error = relativeError(a.values, e.values)
    return error <= tolerance ? nil : "\(a.name): relative error \(error)"
  }
}

/// The project's promise: fused results equal the naive loops' within rounding.
func tolerance<Scalar: RecurrentScalar>(_: Scalar.Type) -> Double {
  Scalar.self == Float.self ? 1e-5 : 1e-12
}
