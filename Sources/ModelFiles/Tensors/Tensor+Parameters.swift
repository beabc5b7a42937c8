import LinAlg
import Recurrent

extension Tensor {
  /// A tensor of some numbers of a parameter block, which are not copied where they are stored as they are.
  ///
  /// - Precondition: the block has so many numbers from `start` on.
  init<Scalar>(
    _ name: String, shape: [Int], of block: ParameterBlock<Scalar>, from start: Int,
    as elementType: ElementType? = nil
  ) {
    let type = elementType ?? .own(of: Scalar.self)
    guard type.isStored(as: Scalar.self) else {
      let count = shape.reduce(1, *)
      self = block.withUnsafeBufferPointer {
        Tensor(name, shape: shape, $0[start..<start + count], as: type)
      }
      return
    }
    self.init(
      name, type, shape, in: FileBytes(BlockBytes(block: block), named: name),
      at: start * MemoryLayout<Scalar>.stride)
  }
}

/// The bytes of a parameter block, which are not copied.
private struct BlockBytes<Scalar: RecurrentScalar>: BytesHolder {
  let block: ParameterBlock<Scalar>

  var byteCount: Int { block.count * MemoryLayout<Scalar>.stride }

  func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    block.withUnsafeBufferPointer { body(UnsafeRawBufferPointer($0)) }
  }
}
