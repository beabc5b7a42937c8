import RealModule

/// The mean of some numbers and how sure it is.
struct Spread {
  let mean: Double
  /// `s/√n` with the sample's deviation `s`; 0 of fewer than two numbers.
  let standardError: Double

  init(_ numbers: [Double]) {
    let n = Double(numbers.count)
    let mean = numbers.reduce(0, +) / n
    self.mean = mean
    let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardError = n < 2 ? 0 : (squares / (n - 1) / n).squareRoot()
  }

  /// Of shares: whether each of many items is right.
  init(_ items: [Bool]) { self.init(items.map { $0 ? 1 : 0 }) }
}
