import LinAlg

// Numbers of files as numbers of the engine's, and back.
//
// The loops are over `Float` and `Double` themselves: over a generic type each number would be a call.

/// Numbers of a file as numbers of the engine.
///
/// - Precondition: there are as many numbers as `target` has.
func decode<Scalar: LinAlgScalar>(
  _ source: UnsafeRawBufferPointer, _ type: ElementType,
  into target: UnsafeMutableBufferPointer<Scalar>
) {
  require(
    source.count == target.count * type.byteCount,
    "\(source.count) bytes of \(type.rawValue) into \(target.count) numbers")
  if let floats = target as? UnsafeMutableBufferPointer<Float> {
    decodeEach(source, type, into: floats)
  } else if let doubles = target as? UnsafeMutableBufferPointer<Double> {
    decodeEach(source, type, into: doubles)
  } else {
    failRequirement("numbers of a file as \(Scalar.self)")
  }
}

@inline(__always)
private func decodeEach<Number: LinAlgScalar>(
  _ source: UnsafeRawBufferPointer, _ type: ElementType,
  into target: UnsafeMutableBufferPointer<Number>
) {
  func each<Word: FixedWidthInteger>(_: Word.Type, _ number: (Word) -> Number) {
    for i in 0..<target.count {
      let word = source.loadUnaligned(
        fromByteOffset: i * MemoryLayout<Word>.size, as: Word.self)
      target[i] = number(Word(littleEndian: word))
    }
  }
  switch type {
  case .float64: each(UInt64.self) { Number(Double(bitPattern: $0)) }
  case .float32: each(UInt32.self) { Number(Float(bitPattern: $0)) }
  case .float16: each(UInt16.self) { Number(HalfPrecision.float(half: $0)) }
  case .bfloat16: each(UInt16.self) { Number(HalfPrecision.float(bfloat: $0)) }
  case .int64: each(Int64.self) { Number($0) }
  case .int32: each(Int32.self) { Number($0) }
  case .int16: each(Int16.self) { Number($0) }
  case .int8: each(Int8.self) { Number($0) }
  case .uint64: each(UInt64.self) { Number($0) }
  case .uint32: each(UInt32.self) { Number($0) }
  case .uint16: each(UInt16.self) { Number($0) }
  case .uint8: each(UInt8.self) { Number($0) }
  case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
  }
}

/// The bytes that numbers of the engine's have in a file.
///
/// - Precondition: the type is a floating-point one.
func encoded<Scalar: LinAlgScalar>(
  _ source: UnsafeBufferPointer<Scalar>, _ type: ElementType
) -> [UInt8] {
  if let floats = source as? UnsafeBufferPointer<Float> {
    switch type {
    case .float64: return words(floats) { Double($0).bitPattern }
    case .float32: return words(floats) { $0.bitPattern }
    case .float16: return words(floats) { HalfPrecision.half($0) }
    case .bfloat16: return words(floats) { HalfPrecision.bfloat($0) }
    default: break
    }
  } else if let doubles = source as? UnsafeBufferPointer<Double> {
    switch type {
    case .float64: return words(doubles) { $0.bitPattern }
    case .float32: return words(doubles) { Float($0).bitPattern }
    case .float16: return words(doubles) { HalfPrecision.half(roundedToOdd($0)) }
    case .bfloat16: return words(doubles) { HalfPrecision.bfloat(roundedToOdd($0)) }
    default: break
    }
  }
  failRequirement("numbers of type \(Scalar.self) as \(type.rawValue)")
}

/// A word for each number, the least significant byte first.
@inline(__always)
private func words<Number, Word: FixedWidthInteger>(
  _ numbers: UnsafeBufferPointer<Number>, _ word: (Number) -> Word
) -> [UInt8] {
  let size = MemoryLayout<Word>.size
  return [UInt8](unsafeUninitializedCapacity: numbers.count * size) { target, count in
    let raw = UnsafeMutableRawBufferPointer(target)
    for i in 0..<numbers.count {
      raw.storeBytes(of: word(numbers[i]).littleEndian, toByteOffset: i * size, as: Word.self)
    }
    count = numbers.count * size
  }
}

/// A number in single precision such that rounding it on to half precision gives what rounding the number
/// itself would: what does not fit is cut off and the last bit set (Boldo & Melquiond 2008).
@inline(__always)
private func roundedToOdd(_ exact: Double) -> Float {
  let nearest = Float(exact)
  let back = Double(nearest)
  if !nearest.isFinite || exact == back || exact.isNaN { return nearest }
  let cut =
    abs(back) > abs(exact) ? Float(bitPattern: nearest.bitPattern &- 1) : nearest
  return Float(bitPattern: cut.bitPattern | 1)
}
