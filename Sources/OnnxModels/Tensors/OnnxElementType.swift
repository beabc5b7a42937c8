import Recurrent

/// The types of elements that this library runs. The raw values are those of ONNX's files.
public enum OnnxElementType: Int32, Hashable, Sendable, CaseIterable {
  /// `Float`.
  case float32 = 1
  /// `Int32`.
  case int32 = 6
  /// `Int64`.
  case int64 = 7
  /// `Bool`.
  case bool = 9
  /// `Double`.
  case float64 = 11

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool: 1
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  var isFloat: Bool { self == .float32 || self == .float64 }
  var isNumber: Bool { self != .bool }

  /// What ONNX calls the type of that number, also where this library does not run it.
  static func name(ofCode code: Int32) -> String {
    let names = [
      "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string",
      "bool",
      "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
      "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4",
      "float4e2m1", "float8e8m0", "uint2", "int2", "float6e2m3", "float6e3m2",
    ]
    guard let place = Int(exactly: code), names.indices.contains(place) else {
      return "type number \(code)"
    }
    return names[place]
  }

  /// The type of that number.
  ///
  /// - Throws: the type's name, where this library does not run it.
  init(code: Int32) throws(OnnxError) {
    guard let type = OnnxElementType(rawValue: code) else {
      throw OnnxError(
        .unsupported, "elements of type \(Self.name(ofCode: code)) are not supported")
    }
    self = type
  }
}

extension OnnxElementType: CustomStringConvertible {
  /// The type's name, such as `float32`.
  public var description: String { Self.name(ofCode: rawValue) }
}

/// A type of elements: `Float`, `Double`, `Int32`, `Int64` or `Bool`.
public protocol OnnxScalar: BitwiseCopyable, Sendable, Equatable {
  /// Which type it is.
  static var onnxType: OnnxElementType { get }
}

/// Numbers, with the arithmetic of ONNX: that of integers wraps around.
protocol OnnxNumber: OnnxScalar, Comparable, Numeric {
  static func sum(_ a: Self, _ b: Self) -> Self
  static func difference(_ a: Self, _ b: Self) -> Self
  static func product(_ a: Self, _ b: Self) -> Self
  static func negative(_ a: Self) -> Self
  static var lowest: Self { get }
  static var isFloat: Bool { get }
  var asDouble: Double { get }
  /// The nearest number towards zero; what no whole number is near to becomes the nearest end of the type's
  /// range, and NaN becomes 0.
  static func converted(fromDouble x: Double) -> Self
}

/// Floating-point numbers, which the engine computes with.
protocol OnnxFloat: OnnxNumber, RecurrentScalar {}

/// Whole numbers.
protocol OnnxInteger: OnnxNumber, FixedWidthInteger, SignedInteger {}

extension OnnxFloat {
  @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { a + b }
  @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { a - b }
  @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { a * b }
  @inline(__always) static func negative(_ a: Self) -> Self { -a }
  static var lowest: Self { -Self.infinity }
  static var isFloat: Bool { true }
  @inline(__always) static func converted(fromDouble x: Double) -> Self { Self(x) }
  var asDouble: Double { Double(self) }
}

extension OnnxInteger {
  @inline(__always) static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
  @inline(__always) static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
  @inline(__always) static func product(_ a: Self, _ b: Self) -> Self { a &* b }
  @inline(__always) static func negative(_ a: Self) -> Self { 0 &- a }
  static var lowest: Self { Self.min }
  static var isFloat: Bool { false }
  @inline(__always)
  static func converted(fromDouble x: Double) -> Self {
    if x.isNaN { return 0 }
    let end = Double(sign: .plus, exponent: bitWidth - 1, significand: 1)
    if x >= end { return max }
    if x <= -end { return min }
    return Self(x)
  }
  var asDouble: Double { Double(self) }
}

extension Float: OnnxFloat {
  /// `float32`.
  public static var onnxType: OnnxElementType { .float32 }
}

extension Double: OnnxFloat {
  /// `float64`.
  public static var onnxType: OnnxElementType { .float64 }
}

extension Int32: OnnxInteger {
  /// `int32`.
  public static var onnxType: OnnxElementType { .int32 }
}

extension Int64: OnnxInteger {
  /// `int64`.
  public static var onnxType: OnnxElementType { .int64 }
}

extension Bool: OnnxScalar {
  /// `bool`.
  public static var onnxType: OnnxElementType { .bool }
}
