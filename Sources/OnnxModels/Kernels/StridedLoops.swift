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
  func forEachRun(_ body: (Int, Int, Int, Int) throws(OnnxError) -> Void) throws(OnnxError) {
    if sizes.contains(0) { return }
    let (outer, n) = (sizes.count - 1, innerSize)
    let total = sizes[..<outer].reduce(1, *)
    let empty = [Int](repeating: 0, count: sizes.count)
    let a = strides.count > 0 ? strides[0] : empty
    let b = strides.count > 1 ? strides[1] : empty
    let c = strides.count > 2 ? strides[2] : empty
    var index = [Int](repeating: 0, count: max(outer, 1))
    var (atA, atB, atC) = (0, 0, 0)
    for run in 0..<total {
      try body(run * n, atA, atB, atC)
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

/// Copies elements that are read with strides into a row-major result: transposition, slices, stretching.
///
/// - Parameters:
///   - source: the tensor that is read, from element `start` on.
///   - strides: the elements of the source between neighbours of the result along each axis.
///   - target: the result; its shape gives the axes.
func copyStrided(
  _ source: OnnxTensor, from start: Int = 0, strides: [Int], into target: OnnxTensor
) throws(OnnxError) {
  guard target.count > 0 else { return }
  let loops = StridedLoops(target.shape, [strides])
  let (from, to) = (source.bytes, target.bytes)
  switch source.type.byteCount {
  case 1: try copy(loops, from, start, to, UInt8.self)
  case 4: try copy(loops, from, start, to, UInt32.self)
  default: try copy(loops, from, start, to, UInt64.self)
  }
  withExtendedLifetime((source, target)) {}
}

private func copy<Word: FixedWidthInteger>(
  _ loops: StridedLoops, _ from: UnsafeMutableRawPointer, _ start: Int,
  _ to: UnsafeMutableRawPointer, _: Word.Type
) throws(OnnxError) {
  let (n, stride, width) = (loops.innerSize, loops.innerStride(0), MemoryLayout<Word>.stride)
  let total = loops.sizes.reduce(1, *)
  let target = to.bindMemory(to: Word.self, capacity: total)
  let source = UnsafeRawPointer(from).assumingMemoryBound(to: Word.self)
  try loops.forEachRun { at, a, _, _ throws(OnnxError) in
    if stride == 1 {
      UnsafeMutableRawPointer(target + at)
        .copyMemory(from: source + (start + a), byteCount: n * width)
    } else {
      let first = start + a
      for i in 0..<n { target[at + i] = source[first + i * stride] }
    }
  }
}

/// A tensor with its axes in another order: axis `i` of the result is axis `order[i]`.
func transposed(
  _ x: OnnxTensor, _ order: [Int], _ context: RunContext
) throws(OnnxError) -> OnnxTensor {
  let strides = rowMajorStrides(x.shape)
  let result = try context.make(x.type, order.map { x.shape[$0] })
  try copyStrided(x, strides: order.map { strides[$0] }, into: result)
  return result
}
