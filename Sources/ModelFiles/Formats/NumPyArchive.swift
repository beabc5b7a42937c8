internal import WholeFiles

/// Reads an `.npz` file: every member is an array, called as the member without `.npy`.
func readNumPyArchive(
  _ file: FileBytes, _ allowance: inout Allowance
) throws(ModelFileError) -> TensorFile {
  let archive = try ZipArchive(file)
  var tensors: [Tensor] = []
  for member in archive.members {
    guard member.name.hasSuffix(".npy") else {
      throw ModelFileError(
        path: file.path, place: .member(member.name),
        reason: "expected members whose names end in .npy")
    }
    let (bytes, range) = try archive.contents(of: member, &allowance, isVerified: true)
    do {
      tensors.append(
        try readNumPyArray(bytes, range, named: String(member.name.dropLast(4)), &allowance))
    } catch {
      guard member.isDeflated, case .byte(let byte) = error.place else { throw error }
      throw ModelFileError(
        path: file.path, place: .member(member.name),
        reason: "unpacked byte \(byte): \(error.reason)")
    }
  }
  return TensorFile(tensors)
}

extension TensorFile {
  /// Writes an `.npz` file.
  ///
  /// - Parameters:
  ///   - path: where; what stands there is replaced when all is on the disk.
  ///   - deflated: whether the arrays are packed, which needs memory for one of them at a time.
  /// - Throws: ``ModelFileError`` where the file cannot be written, a type is none of NumPy's, or there is
  ///   metadata, which the format does not keep.
  public func writeNumPyArchive(to path: String, deflated: Bool) throws(ModelFileError) {
    try checkNoMetadata(path)
    for tensor in tensors where tensor.name.utf8.count > Int(UInt16.max) - 4 {
      throw ModelFileError(
        path: path, place: .tensor(String(tensor.name.prefix(40))),
        reason: "has a name of \(tensor.name.utf8.count) bytes, expected at most 65531")
    }
    let headers = try numPyHeaders(path)
    try writeWhole(path) { (file) throws(ModelFileError) in
      var zip = ZipWriter()
      for i in tensors.indices {
        if deflated {
          try zip.add(
            tensors[i].name + ".npy", deflating: headers[i] + tensors[i].bytes(), to: file)
        } else {
          try zip.add(tensors[i].name + ".npy", stored: headers[i], tensors[i], to: file)
        }
      }
      try zip.finish(file)
    }
  }

  private func numPyHeaders(_ path: String) throws(ModelFileError) -> [[UInt8]] {
    var headers: [[UInt8]] = []
    for tensor in tensors { headers.append(try tensor.numPyHeader(path)) }
    return headers
  }
}
