import ModelFiles

/// Opens bytes as a file of tensors and reads every number: all of it has the size that it declares, or there is a
/// typed error.
func readTensorFile(_ bytes: UnsafeBufferPointer<UInt8>, as format: TensorFile.Format) {
  do {
    let file = try TensorFile(
      bytes: Array(bytes), named: "fuzz", format: format,
      limits: ReadingLimits(unpackedBytes: 1 << 24))
    for tensor in file.tensors {
      precondition(file[tensor.name]?.shape == tensor.shape)
      precondition(tensor.elementType.byteCount(ofShape: tensor.shape) == tensor.byteCount)
      // What is one storage many times is declared in few bytes.
      guard tensor.byteCount <= 1 << 24 else { continue }
      let values: [Float] = try tensor.values()
      let content = try tensor.bytes()
      precondition(values.count == tensor.count && content.count == tensor.byteCount)
      if !tensor.elementType.isFloatingPoint, tensor.elementType != .uint64 {
        let integers = try tensor.integers()
        precondition(integers.count == tensor.count)
      }
    }
  } catch {
    precondition(error.path == "fuzz" && !error.reason.isEmpty)
  }
}
