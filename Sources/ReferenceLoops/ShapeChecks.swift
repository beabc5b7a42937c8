/// Traps unless an array has as many elements as its shape says; `symbols` spells the shape.
@usableFromInline
func checkCount(_ name: String, _ count: Int, _ symbols: String, _ extents: Int...) {
  let expected = extents.reduce(1, *)
  precondition(
    count == expected,
    "\(name) has \(count) elements, expected \(symbols) = \(extents): \(expected)")
}

/// Traps unless both sizes can be those of a layer.
@usableFromInline
func checkSizes(inputSize: Int, hiddenSize: Int) {
  precondition(
    inputSize >= 1 && hiddenSize >= 1,
    "inputSize and hiddenSize are \(inputSize) and \(hiddenSize), expected at least 1")
}

/// Traps unless the extents, and the lengths where there are any, are those of a batch.
@usableFromInline
func checkBatch(steps: Int, batch: Int, lengths: [Int]?) {
  precondition(
    steps >= 0 && batch >= 0, "steps and batch are \(steps) and \(batch), expected at least 0")
  guard let lengths else { return }
  precondition(
    lengths.count == batch, "lengths has \(lengths.count) elements, expected [N] = [\(batch)]")
  for (n, length) in lengths.enumerated() {
    precondition(
      length >= 0 && length <= steps, "lengths[\(n)] is \(length), expected 0...T = 0...\(steps)")
  }
}
