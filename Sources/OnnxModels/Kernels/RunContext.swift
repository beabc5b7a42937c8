import LinAlg

/// What belongs to one run: its limits, its threads, and where its tensors come from.
final class RunContext {
  let limits: OnnxLimits
  let threads: Int

  init(limits: OnnxLimits, threads: Int) { (self.limits, self.threads) = (limits, threads) }

  /// A tensor whose elements are not set yet.
  ///
  /// - Throws: a shape that is impossible or that the limits do not allow.
  func make(_ type: OnnxElementType, _ shape: [Int]) throws(OnnxError) -> OnnxTensor {
    guard let count = OnnxTensor.count(of: shape) else {
      throw OnnxError(.invalid, "the result would have the impossible shape \(shape)")
    }
    guard count <= limits.tensorBytes / type.byteCount else {
      throw OnnxError(
        .limit,
        "the result would be \(type) \(shape), at most \(limits.tensorBytes) bytes are allowed")
    }
    return OnnxTensor(type, shape, count: count)
  }
}
