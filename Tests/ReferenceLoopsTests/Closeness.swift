/// The largest difference between two arrays in units of `Scalar.ulpOfOne` times a scale: the largest
/// magnitude of the second, or that of the terms it was summed from where these may cancel.
///
/// Infinite where the arrays differ in count, where a NaN is on one side only, or where the scale is
/// zero and the arrays are not equal.
func distance<Scalar: BinaryFloatingPoint>(
  _ actual: [Scalar], _ expected: [Scalar], terms: Scalar = 0
) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = Double(expected.map(\.magnitude).reduce(terms, max))
  var worst = 0.0
  for (a, e) in zip(actual, expected) where a != e {
    let error = (Double(a) - Double(e)).magnitude / (scale * Double(Scalar.ulpOfOne))
    worst = error.isNaN ? .infinity : max(worst, error)
  }
  return worst
}
