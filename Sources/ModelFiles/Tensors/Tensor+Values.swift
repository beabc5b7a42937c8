import LinAlg

// Numbers out of tensors and into them.
extension Tensor {
  /// A tensor of floating-point numbers.
  ///
  /// - Parameters:
  ///   - name: what it is called.
  ///   - shape: its extents.
  ///   - values: its elements in row-major order.
  ///   - elementType: what they are stored as, each rounded to the nearest, ties to even; nil keeps them.
  /// - Precondition: there are as many values as the shape says; the type is a floating-point one.
  public init<Scalar: LinAlgScalar>(
    _ name: String, shape: [Int], _ values: some Collection<Scalar>,
    as elementType: ElementType? = nil
  ) {
    let type = elementType ?? .own(of: Scalar.self)
    require(type.isFloatingPoint, "tensor \(quoted(name)): numbers as \(type.rawValue)")
    require(
      type.byteCount(ofShape: shape) == values.count * type.byteCount,
      "tensor \(quoted(name)): \(values.count) values given for shape \(shape)")
    let all =
      values as? [Scalar] ?? values.withContiguousStorageIfAvailable { Array($0) } ?? Array(values)
    if type.isStored(as: Scalar.self) {
      self.init(
        name, type, shape, in: FileBytes(ArrayBytes(elements: all), named: name), at: 0)
    } else {
      self.init(name, type, shape: shape, bytes: all.withUnsafeBufferPointer { encoded($0, type) })
    }
  }

  /// A tensor of whole numbers.
  ///
  /// - Parameters:
  ///   - name: what it is called.
  ///   - shape: its extents.
  ///   - values: its elements in row-major order.
  ///   - elementType: what they are stored as.
  /// - Precondition: there are as many values as the shape says, and each fits the type, which is one of
  ///   whole numbers or `bool`.
  public init(
    _ name: String, shape: [Int], integers values: some Collection<Int>,
    as elementType: ElementType = .int64
  ) {
    let (size, signed) = elementType.integerForm(name)
    require(
      elementType.byteCount(ofShape: shape) == values.count * size,
      "tensor \(quoted(name)): \(values.count) values given for shape \(shape)")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * size)
    let bits = size * 8
    let lowest = signed ? (bits == 64 ? Int.min : -(1 << (bits - 1))) : 0
    let highest =
      elementType == .bool
      ? 1 : bits == 64 ? Int.max : signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1
    for value in values {
      require(
        value >= lowest && value <= highest,
        "tensor \(quoted(name)): \(value) does not fit \(elementType.rawValue)")
      for byte in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    self.init(name, elementType, shape: shape, bytes: bytes)
  }

  /// All elements as numbers of the engine's, in row-major order.
  ///
  /// Numbers of more precision are rounded to the nearest; a `bool` is 0 or 1.
  ///
  /// - Throws: ``ModelFileError`` where the file can no longer be read.
  public func values<Scalar: LinAlgScalar>(
    as: Scalar.Type = Scalar.self
  ) throws(ModelFileError) -> [Scalar] {
    try values(in: 0..<count)
  }

  /// Some elements as numbers of the engine's, for tensors that are looked at piece by piece.
  ///
  /// - Parameters:
  ///   - range: which, counted in row-major order.
  ///   - as: the type that they are wanted as, as of ``values(as:)``.
  /// - Throws: ``ModelFileError`` where the file can no longer be read.
  /// - Precondition: the tensor has them.
  public func values<Scalar: LinAlgScalar>(
    in range: Range<Int>, as: Scalar.Type = Scalar.self
  ) throws(ModelFileError) -> [Scalar] {
    require(
      range.lowerBound >= 0 && range.upperBound <= count,
      "elements \(range) of tensor \(quoted(name)), which has \(count)")
    var failure: ModelFileError?
    let result = [Scalar](unsafeUninitializedCapacity: range.count) { target, filled in
      do throws(ModelFileError) {
        try read(
          from: range.lowerBound, into: UnsafeMutableBufferPointer(rebasing: target[..<range.count])
        )
        filled = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return result
  }

  /// The same numbers stored as another type, each rounded to the nearest, ties to even.
  ///
  /// - Throws: ``ModelFileError`` where the file can no longer be read.
  /// - Precondition: both types are floating-point ones.
  public func converted(to type: ElementType) throws(ModelFileError) -> Tensor {
    require(
      elementType.isFloatingPoint && type.isFloatingPoint,
      "tensor \(quoted(name)) of \(elementType.rawValue) as \(type.rawValue)")
    if type == elementType { return self }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * type.byteCount)
    let piece = 1 << 14
    for first in stride(from: 0, to: count, by: piece) {
      let range = first..<min(first + piece, count)
      if elementType == .float64 {
        bytes += try values(in: range, as: Double.self).withUnsafeBufferPointer {
          encoded($0, type)
        }
      } else {
        bytes += try values(in: range, as: Float.self).withUnsafeBufferPointer { encoded($0, type) }
      }
    }
    return Tensor(name, type, shape: shape, bytes: bytes)
  }

  /// All elements as whole numbers, in row-major order.
  ///
  /// - Throws: ``ModelFileError`` where the elements are floating-point numbers or one is too large, and
  ///   where the file can no longer be read.
  public func integers() throws(ModelFileError) -> [Int] {
    guard !elementType.isFloatingPoint else {
      throw flaw("expected whole numbers, found \(elementType.rawValue)")
    }
    let (size, signed) = elementType.integerForm(name)
    let bytes = try bytes()
    var result: [Int] = []
    result.reserveCapacity(count)
    for start in stride(from: 0, to: bytes.count, by: size) {
      var word: UInt64 = signed && bytes[start + size - 1] & 0x80 != 0 ? .max : 0
      for byte in (0..<size).reversed() { word = word << 8 | UInt64(bytes[start + byte]) }
      guard signed || word <= UInt64(Int.max) else {
        throw flaw("element \(start / size) is \(word), expected at most \(Int.max)")
      }
      result.append(Int(truncatingIfNeeded: word))
    }
    return result
  }

  /// The elements as a matrix: one extent makes one row.
  ///
  /// - Throws: ``ModelFileError`` where there are more than two extents, or the file can no longer be read.
  public func matrix<Scalar: LinAlgScalar>(
    of: Scalar.Type = Scalar.self
  ) throws(ModelFileError) -> Matrix<Scalar> {
    guard shape.count <= 2 else { throw flaw("expected a matrix or a row, found shape \(shape)") }
    let columns = shape.last ?? 1
    var result = Matrix<Scalar>(
      uninitializedRows: shape.count == 2 ? shape[0] : 1, columns: columns)
    try result.withUnsafeMutableBufferPointer { (target) throws(ModelFileError) in
      try read(into: target)
    }
    return result
  }

  /// Writes all elements to `target`, in row-major order.
  ///
  /// - Precondition: it has room for exactly them.
  package func read<Scalar: LinAlgScalar>(
    into target: UnsafeMutableBufferPointer<Scalar>
  ) throws(ModelFileError) {
    require(
      target.count == count, "tensor \(quoted(name)) of shape \(shape) into \(target.count) numbers"
    )
    try read(from: 0, into: target)
  }

  /// Writes as many elements as `target` has to it, from element `first` on.
  ///
  /// - Precondition: there are as many.
  func read<Scalar: LinAlgScalar>(
    from first: Int, into target: UnsafeMutableBufferPointer<Scalar>
  ) throws(ModelFileError) {
    require(
      first >= 0 && target.count <= count - first,
      "elements \(first)..<\(first + target.count) of tensor \(quoted(name)) of shape \(shape)")
    let size = elementType.byteCount
    let start = offset + first * size
    do {
      if elementType.isStored(as: Scalar.self) {
        return try storage.copy(
          start..<start + target.count * size, into: UnsafeMutableRawBufferPointer(target))
      }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
      defer { chunk.deallocate() }
      var done = 0
      while done < target.count {
        let count = min(target.count - done, chunk.count / size)
        let place = start + done * size
        try storage.copy(place..<place + count * size, into: chunk)
        decode(
          UnsafeRawBufferPointer(rebasing: chunk[..<(count * size)]), elementType,
          into: UnsafeMutableBufferPointer(rebasing: target[done..<done + count]))
        done += count
      }
    } catch {
      throw placed(error)
    }
  }
}

extension ElementType {
  /// The size of a whole number, and whether it has a sign.
  fileprivate func integerForm(_ name: String) -> (size: Int, signed: Bool) {
    switch self {
    case .int64, .int32, .int16, .int8: (byteCount, true)
    case .uint64, .uint32, .uint16, .uint8, .bool: (byteCount, false)
    case .float64, .float32, .float16, .bfloat16:
      failRequirement("tensor \(quoted(name)): whole numbers as \(rawValue)")
    }
  }
}

extension ElementType {
  /// What numbers of the engine's are stored as without a loss.
  static func own<Scalar: LinAlgScalar>(of: Scalar.Type) -> ElementType {
    Scalar.self == Float.self ? .float32 : .float64
  }

  /// Whether the bytes in files are those in memory.
  func isStored<Scalar: LinAlgScalar>(as: Scalar.Type) -> Bool {
    self == .own(of: Scalar.self) && 1.littleEndian == 1
  }
}
