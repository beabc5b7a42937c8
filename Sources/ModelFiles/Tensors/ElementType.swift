/// The type of the elements of a ``Tensor``, by the name that safetensors files give it.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// Double precision.
  case float64 = "F64"
  /// Single precision.
  case float32 = "F32"
  /// IEEE half precision: 5 bits of exponent, 10 of fraction.
  case float16 = "F16"
  /// The upper half of single precision: 8 bits of exponent, 7 of fraction.
  case bfloat16 = "BF16"
  /// Signed, 64 bits.
  case int64 = "I64"
  /// Signed, 32 bits.
  case int32 = "I32"
  /// Signed, 16 bits.
  case int16 = "I16"
  /// Signed, 8 bits.
  case int8 = "I8"
  /// Unsigned, 64 bits.
  case uint64 = "U64"
  /// Unsigned, 32 bits.
  case uint32 = "U32"
  /// Unsigned, 16 bits.
  case uint16 = "U16"
  /// Unsigned, 8 bits.
  case uint8 = "U8"
  /// One byte that is 0 or 1.
  case bool = "BOOL"

  /// The size of an element in bytes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether the elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }

  /// The number of bytes of a tensor of this type.
  ///
  /// - Returns: nil where an extent is negative or the extents that are not zero do not fit the address
  ///   space: such a shape is a mistake or an attack, also where another extent is zero.
  public func byteCount(ofShape shape: [Int]) -> Int? {
    var product = byteCount
    for extent in shape {
      guard extent >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }
}
