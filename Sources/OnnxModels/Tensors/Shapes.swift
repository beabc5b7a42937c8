/// The shape that operands of these shapes are stretched to, as NumPy does it: axes are aligned at the
/// fastest, and an axis of size 1 fits any other.
func broadcastShape(_ a: [Int], _ b: [Int]) throws(OnnxError) -> [Int] {
  if a == b { return a }
  let rank = max(a.count, b.count)
  var result = [Int](repeating: 1, count: rank)
  for i in 0..<rank {
    let x = i < rank - a.count ? 1 : a[i - (rank - a.count)]
    let y = i < rank - b.count ? 1 : b[i - (rank - b.count)]
    guard x == y || x == 1 || y == 1 else {
      throw OnnxError(.invalid, "shapes \(a) and \(b) do not fit each other")
    }
    result[i] = x == 1 ? y : x
  }
  return result
}

/// Throws unless the places of a shape can be counted, which whatever computes with its sizes relies on.
func checkPossible(_ shape: [Int]) throws(OnnxError) {
  guard OnnxTensor.count(of: shape) != nil else {
    throw OnnxError(.invalid, "the result would have the impossible shape \(shape)")
  }
}

/// The elements between neighbours along each axis.
func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  var stride = 1
  for i in shape.indices.reversed() {
    strides[i] = stride
    stride *= max(shape[i], 1)
  }
  return strides
}

/// The strides with which an operand is read as if it had the shape of the result.
func broadcastStrides(_ shape: [Int], to result: [Int]) -> [Int] {
  let (own, missing) = (rowMajorStrides(shape), result.count - shape.count)
  return result.indices.map { i in
    i < missing || shape[i - missing] == 1 ? 0 : own[i - missing]
  }
}

/// An axis counted from the front; negative ones are counted from behind.
func axis(_ axis: Int, rank: Int) throws(OnnxError) -> Int {
  let counted = axis < 0 ? axis + rank : axis
  guard counted >= 0 && counted < rank else {
    throw OnnxError(.invalid, "axis \(axis) of a tensor with \(rank) axes")
  }
  return counted
}

/// Axes counted from the front, each at most once.
func axes(_ given: [Int], rank: Int) throws(OnnxError) -> [Int] {
  var seen = Set<Int>()
  var result: [Int] = []
  for one in given {
    let counted = try axis(one, rank: rank)
    guard seen.insert(counted).inserted else {
      throw OnnxError(.invalid, "axis \(one) is given twice")
    }
    result.append(counted)
  }
  return result
}

/// The sizes before an axis, of it, and behind it, multiplied.
struct AxisSplit {
  let outer: Int
  let size: Int
  let inner: Int

  init(_ shape: [Int], _ axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    size = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }
}
