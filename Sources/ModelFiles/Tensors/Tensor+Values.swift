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
    let own: ElementType = Scalar.self == Float.self ? .float32 : .float64
    let type = elementType ?? own
    require(type.isFloatingPoint, "tensor \(quoted(name)): numbers as \(type.rawValue)")
    require(
      type.byteCount(ofShape: shape) == values.count * type.byteCount,
      "tensor \(quoted(name)): \(values.count) values given for shape \(shape)")
    let bytes = [UInt8](unsafeUninitializedCapacity: values.count * type.byteCount) {
      target, count in
      count = Self.store(values, as: type, to: UnsafeMutableRawBufferPointer(target))
    }
    self.init(name, type, shape: shape, bytes: bytes)
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
    var bytes = [UInt8](repeating: 0, count: count * type.byteCount)
    let piece = 1 << 14
    var first = 0
    while first < count {
      let range = first..<min(first + piece, count)
      // Concrete types: a loop over any type is many times slower.
      if elementType == .float64 {
        bytes.store(try values(in: range, as: Double.self), as: type, at: first * type.byteCount)
      } else {
        bytes.store(try values(in: range, as: Float.self), as: type, at: first * type.byteCount)
      }
      first = range.upperBound
    }
    return Tensor(name, type, shape: shape, bytes: bytes)
  }

  /// Writes numbers one behind the other, as a type.
  ///
  /// - Returns: how many bytes they have.
  @inline(__always)
  fileprivate static func store<Scalar: LinAlgScalar>(
    _ values: some Collection<Scalar>, as type: ElementType, to raw: UnsafeMutableRawBufferPointer
  ) -> Int {
    var place = 0
    for value in values {
      switch type {
      case .float64:
        raw.storeBytes(
          of: Double(value).bitPattern.littleEndian, toByteOffset: place, as: UInt64.self)
      case .float32:
        raw.storeBytes(
          of: Float(value).bitPattern.littleEndian, toByteOffset: place, as: UInt32.self)
      case .float16:
        raw.storeBytes(
          of: HalfPrecision.half(Self.roundedToOdd(value)).littleEndian, toByteOffset: place,
          as: UInt16.self)
      default:
        raw.storeBytes(
          of: HalfPrecision.bfloat(Self.roundedToOdd(value)).littleEndian, toByteOffset: place,
          as: UInt16.self)
      }
      place += type.byteCount
    }
    return place
  }

  /// A number in single precision such that rounding it on to half precision gives what rounding the number
  /// itself would: what does not fit is cut off and the last bit set (Boldo & Melquiond 2008).
  private static func roundedToOdd<Scalar: LinAlgScalar>(_ value: Scalar) -> Float {
    let nearest = Float(value)
    guard Scalar.self == Double.self, nearest.isFinite else { return nearest }
    let (exact, back) = (Double(value), Double(nearest))
    if exact == back || exact.isNaN { return nearest }
    let cut =
      abs(back) > abs(exact)
      ? Float(bitPattern: nearest.bitPattern &- 1) : nearest
    return Float(bitPattern: cut.bitPattern | 1)
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

  /// Writes as many elements as `target` has room for, from the one at `first` on.
  ///
  /// - Precondition: there are as many.
  private func read<Scalar: LinAlgScalar>(
    from first: Int, into target: UnsafeMutableBufferPointer<Scalar>
  ) throws(ModelFileError) {
    let own: ElementType = Scalar.self == Float.self ? .float32 : .float64
    let size = elementType.byteCount
    let offset = offset + first * size
    do {
      if elementType == own && isLittleEndian {
        return try storage.copy(
          offset..<offset + target.count * size, into: UnsafeMutableRawBufferPointer(target))
      }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
      defer { chunk.deallocate() }
      var done = 0
      while done < target.count {
        let count = min(target.count - done, chunk.count / size)
        let start = offset + done * size
        try storage.copy(start..<start + count * size, into: chunk)
        convert(
          UnsafeRawBufferPointer(rebasing: chunk[..<(count * size)]), elementType,
          into: UnsafeMutableBufferPointer(rebasing: target[done..<done + count]))
        done += count
      }
    } catch {
      throw placed(error)
    }
  }
}

extension [UInt8] {
  /// Writes numbers from a byte on.
  fileprivate mutating func store<Scalar: LinAlgScalar>(
    _ values: [Scalar], as type: ElementType, at place: Int
  ) {
    withUnsafeMutableBytes {
      _ = Tensor.store(
        values, as: type, to: UnsafeMutableRawBufferPointer(rebasing: $0[place...]))
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

private var isLittleEndian: Bool { 1.littleEndian == 1 }

/// Numbers of a file as numbers of the engine.
private func convert<Scalar: LinAlgScalar>(
  _ source: UnsafeRawBufferPointer, _ type: ElementType,
  into target: UnsafeMutableBufferPointer<Scalar>
) {
  // Concrete types, whoever calls: a loop over any type is many times slower.
  if Scalar.self == Float.self {
    target.withMemoryRebound(to: Float.self) { convertEach(source, type, into: $0) }
  } else if Scalar.self == Double.self {
    target.withMemoryRebound(to: Double.self) { convertEach(source, type, into: $0) }
  } else {
    convertEach(source, type, into: target)
  }
}

@inline(__always)
private func convertEach<Scalar: LinAlgScalar>(
  _ source: UnsafeRawBufferPointer, _ type: ElementType,
  into target: UnsafeMutableBufferPointer<Scalar>
) {
  func each<Word: FixedWidthInteger>(_: Word.Type, _ number: (Word) -> Scalar) {
    for i in 0..<target.count {
      let word = source.loadUnaligned(
        fromByteOffset: i * MemoryLayout<Word>.size, as: Word.self)
      target[i] = number(Word(littleEndian: word))
    }
  }
  switch type {
  case .float64: each(UInt64.self) { Scalar(Double(bitPattern: $0)) }
  case .float32: each(UInt32.self) { Scalar(Float(bitPattern: $0)) }
  case .float16: each(UInt16.self) { Scalar(HalfPrecision.float(half: $0)) }
  case .bfloat16: each(UInt16.self) { Scalar(HalfPrecision.float(bfloat: $0)) }
  case .int64: each(Int64.self) { Scalar($0) }
  case .int32: each(Int32.self) { Scalar($0) }
  case .int16: each(Int16.self) { Scalar($0) }
  case .int8: each(Int8.self) { Scalar($0) }
  case .uint64: each(UInt64.self) { Scalar($0) }
  case .uint32: each(UInt32.self) { Scalar($0) }
  case .uint16: each(UInt16.self) { Scalar($0) }
  case .uint8: each(UInt8.self) { Scalar($0) }
  case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
  }
}
