import Recurrent

extension SequenceBatch {
  var numbers: [Scalar] { elements }
}

extension ParameterSet {
  /// All numbers of all blocks.
  var numbers: [Scalar] {
    (0..<blockCount).flatMap { self[block: $0].withUnsafeBufferPointer { Array($0) } }
  }

  /// The tensors of all blocks.
  var specs: [[ParameterSpec]] { (0..<blockCount).map { self[block: $0].specs } }

  /// This set's shapes with the numbers of another set of the same shapes, in memory of its own.
  func filled(with other: Self) -> Self {
    var result = self
    for i in 0..<blockCount {
      let numbers = other[block: i].withUnsafeBufferPointer { Array($0) }
      result[block: i].withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: numbers) }
    }
    return result
  }
}

/// Whether two lists hold the same bits, any NaN equal to any other.
func same<Scalar: RecurrentScalar>(_ a: [Scalar], _ b: [Scalar]) -> Bool {
  guard a.count == b.count else { return false }
  for i in a.indices where a[i] != b[i] && !(a[i].isNaN && b[i].isNaN) { return false }
  return true
}
