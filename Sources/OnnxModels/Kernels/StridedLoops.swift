/// Loops over the places of a row-major result while operands are read with strides of their own, 0 where
/// an operand is stretched. Neighbouring axes that all operands step through alike are one axis.
struct StridedLoops {
  /// The axes, the slowest first; at least one.
  private(set) var sizes: [Int]
  /// For each operand its strides along these axes.
  private(set) var strides: [[Int]]

  init(_ shape: [Int], _ operands: [[Int]]) {
    (sizes, strides) = ([], operands.map { _ in [] })
    for i in shape.indices where shape[i] != 1 {
      let isContinued =
        !sizes.isEmpty
        && operands.indices.allSatisfy {
          strides[$0][sizes.count - 1] == operands[$0][i] * shape[i]
        }
      if isContinued {
        sizes[sizes.count - 1] *= shape[i]
        for operand in operands.indices {
          strides[operand][sizes.count - 1] = operands[operand][i]
        }
      } else {
        sizes.append(shape[i])
        for operand in operands.indices { strides[operand].append(operands[operand][i]) }
      }
    }
    if sizes.isEmpty {
      sizes = [1]
      strides = operands.map { _ in [0] }
    }
  }

  /// The size of the fastest axis.
  var innerSize: Int { sizes[sizes.count - 1] }
  /// An operand's stride along the fastest axis.
  func innerStride(_ operand: Int) -> Int { strides[operand][sizes.count - 1] }

  /// Calls `body` for each run along the fastest axis with the place in the result and in up to three
  /// operands where it begins.
  @inline(__always)
  func forEachRun(_ body: (Int, Int, Int, Int) -> Void) {
    let (outer, n) = (sizes.count - 1, innerSize)
    if outer == 0 {
      if n > 0 { body(0, 0, 0, 0) }
      return
    }
    var total = 1
    for i in 0..<outer { total *= sizes[i] }
    if total == 0 || n == 0 { return }
    // The numbers of the axes, then for each operand its strides: 0 for those that there are not.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 4 * outer) { memory in
      guard let index = memory.baseAddress else { return }
      index.initialize(repeating: 0, count: 4 * outer)
      let (a, b, c) = (index + outer, index + 2 * outer, index + 3 * outer)
      for operand in 0..<min(strides.count, 3) {
        for i in 0..<outer { index[(operand + 1) * outer + i] = strides[operand][i] }
      }
      var (atA, atB, atC) = (0, 0, 0)
      for run in 0..<total {
        body(run * n, atA, atB, atC)
        var i = outer - 1
        while i >= 0 {
          index[i] += 1
          atA += a[i]
          atB += b[i]
          atC += c[i]
          if index[i] < sizes[i] { break }
          atA -= a[i] * sizes[i]
          atB -= b[i] * sizes[i]
          atC -= c[i] * sizes[i]
          index[i] = 0
          i -= 1
        }
      }
    }
  }
}

/// Copies elements that are read with strides into a row-major result: transposition, slices, stretching.
///
/// - Parameters:
///   - source: the tensor that is read, from element `start` on.
///   - loops: the result's axes, with the elements of the source between neighbours along each.
///   - target: the result.
func copyStrided(
  _ source: OnnxTensor, from start: Int = 0, _ loops: StridedLoops, into target: OnnxTensor
) {
  guard target.count > 0 else { return }
  let (from, to) = (source.bytes, target.bytes)
  switch source.type.byteCount {
  case 1: copy(loops, from, start, to, UInt8.self)
  case 4: copy(loops, from, start, to, UInt32.self)
  default: copy(loops, from, start, to, UInt64.self)
  }
  withExtendedLifetime((source, target)) {}
}

private func copy<Word: FixedWidthInteger>(
  _ loops: StridedLoops, _ from: UnsafeMutableRawPointer, _ start: Int,
  _ to: UnsafeMutableRawPointer, _: Word.Type
) {
  let (n, stride, width) = (loops.innerSize, loops.innerStride(0), MemoryLayout<Word>.stride)
  let target = to.assumingMemoryBound(to: Word.self)
  let source = UnsafeRawPointer(from).assumingMemoryBound(to: Word.self) + start
  if stride == 1 {
    loops.forEachRun { at, a, _, _ in
      UnsafeMutableRawPointer(target + at).copyMemory(from: source + a, byteCount: n * width)
    }
  } else if stride == 0 {
    loops.forEachRun { at, a, _, _ in (target + at).update(repeating: source[a], count: n) }
  } else {
    loops.forEachRun { at, a, _, _ in
      let (row, elements) = (target + at, source + a)
      for i in 0..<n { row[i] = elements[i &* stride] }
    }
  }
}

/// A shape, and how its elements are read from another tensor.
struct StridedCopy {
  let shape: [Int]
  let loops: StridedLoops
  /// Where the first element is.
  let start: Int
  /// Whether the elements are those of the other tensor, all and in order.
  let isWhole: Bool

  /// - Parameter count: how many elements the other tensor has.
  /// - Throws: a shape that is impossible.
  init(_ shape: [Int], strides: [Int], start: Int = 0, of count: Int) throws(OnnxError) {
    try checkPossible(shape)
    (self.shape, self.start) = (shape, start)
    loops = StridedLoops(shape, [strides])
    isWhole =
      start == 0 && loops.sizes.count == 1 && loops.innerStride(0) == 1
      && loops.innerSize == count
  }

  func callAsFunction(_ x: OnnxTensor, _ context: RunContext) throws(OnnxError) -> OnnxTensor {
    if isWhole { return x.reshaped(shape) }
    let result = try context.make(x.type, shape)
    copyStrided(x, from: start, loops, into: result)
    return result
  }
}

/// A tensor with its axes in another order: axis `i` of the result is axis `order[i]`.
func transposed(
  _ x: OnnxTensor, _ order: [Int], _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let copy = try context.planned(x, numbers: order) { () throws(OnnxError) in
    let strides = rowMajorStrides(x.shape)
    return try StridedCopy(
      order.map { x.shape[$0] }, strides: order.map { strides[$0] }, of: x.count)
  }
  return try copy(x, context)
}
