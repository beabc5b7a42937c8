import LinAlg

/// A tensor: a shape and its elements in row-major order. A value whose elements never change; copies and
/// reshaped copies share them.
///
/// ```swift
/// let tokens = OnnxTensor(shape: [7, 2], tokenNumbers)    // [Int64]
/// let scores = tensor.elements(as: Float.self)
/// ```
public struct OnnxTensor: Sendable {
  /// The type of the elements.
  public let type: OnnxElementType
  /// The sizes of the axes, the slowest first; none for a single number.
  public let shape: [Int]
  /// The number of elements.
  public let count: Int
  // Written only by the kernel that made it, before anybody else has it; never replaced. May be longer.
  var storage: AlignedStorage<UInt8>

  /// A tensor of its elements in row-major order.
  ///
  /// - Precondition: there are as many elements as the shape has places.
  public init<Element: OnnxScalar>(shape: [Int], _ elements: some Collection<Element>) {
    let count = OnnxTensor.count(of: shape)
    require(
      count == elements.count,
      "OnnxTensor: \(elements.count) elements given for shape \(shape)")
    self.init(Element.onnxType, shape, count: elements.count)
    _ = UnsafeMutableBufferPointer(start: mutable(as: Element.self), count: self.count)
      .initialize(fromContentsOf: elements)
  }

  /// A tensor of one element and no axes.
  public init(_ element: some OnnxScalar) { self.init(shape: [], CollectionOfOne(element)) }

  /// All elements in row-major order.
  ///
  /// - Precondition: they are of that type.
  public func elements<Element: OnnxScalar>(as _: Element.Type = Element.self) -> [Element] {
    withElements(as: Element.self) { Array($0) }
  }

  /// Calls `body` with all elements in row-major order.
  ///
  /// - Precondition: they are of that type.
  public func withElements<Element: OnnxScalar, Result, Failure: Error>(
    as _: Element.Type = Element.self,
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    require(Element.onnxType == type, "a tensor of \(type), read as \(Element.onnxType)")
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer(as: Element.self), count: count))
  }

  /// A tensor whose elements are not set yet. The caller has checked the shape.
  init(_ type: OnnxElementType, _ shape: [Int], count: Int) {
    (self.type, self.shape, self.count) = (type, shape, count)
    storage = AlignedStorage(uninitializedCount: count * type.byteCount)
  }

  /// A tensor whose elements are not set yet, in memory that nobody else has.
  init(_ type: OnnxElementType, _ shape: [Int], count: Int, _ storage: AlignedStorage<UInt8>) {
    (self.type, self.shape, self.count, self.storage) = (type, shape, count, storage)
  }

  private init(_ source: OnnxTensor, _ shape: [Int]) {
    (type, count, storage) = (source.type, source.count, source.storage)
    self.shape = shape
  }

  /// The same elements in another shape, which has as many places.
  func reshaped(_ shape: [Int]) -> OnnxTensor { OnnxTensor(self, shape) }

  /// The first element. Valid while a copy of this tensor is alive.
  @inline(__always)
  func pointer<Element: OnnxScalar>(as _: Element.Type = Element.self) -> UnsafePointer<Element> {
    UnsafePointer(mutable(as: Element.self))
  }

  /// The first element, for the kernel that has just made this tensor.
  @inline(__always)
  func mutable<Element: OnnxScalar>(
    as _: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    UnsafeMutableRawPointer(storage.pointer).bindMemory(to: Element.self, capacity: count)
  }

  /// The first byte. Valid while a copy of this tensor is alive.
  var bytes: UnsafeMutableRawPointer { UnsafeMutableRawPointer(storage.pointer) }

  /// The bytes of all elements.
  public var byteCount: Int { count * type.byteCount }

  /// The number of places of a shape; nil where that is negative or not to be counted.
  static func count(of shape: [Int]) -> Int? {
    var (count, extent) = (1, 1)
    for size in shape {
      guard size >= 0 else { return nil }
      // As if no axis were empty: products of some of the axes fit then, too.
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, product <= Int.max / 16 else { return nil }
      (count, extent) = (count * size, product)
    }
    return count
  }
}

extension OnnxTensor: CustomStringConvertible {
  /// The type and the shape.
  public var description: String { "\(type) \(shape)" }
}

extension OnnxTensor {
  /// The elements of a tensor of whole numbers, of either type.
  func integers() throws(OnnxError) -> [Int] {
    switch type {
    case .int64: return elements(as: Int64.self).map { Int($0) }
    case .int32: return elements(as: Int32.self).map { Int($0) }
    default: throw OnnxError(.invalid, "expected whole numbers, found \(self)")
    }
  }

  /// The one element of a tensor of whole numbers.
  func integer() throws(OnnxError) -> Int {
    guard count == 1 else { throw OnnxError(.invalid, "expected one number, found \(self)") }
    return try integers()[0]
  }

  /// The one element of a tensor of truth values.
  func truth() throws(OnnxError) -> Bool {
    guard count == 1, type == .bool else {
      throw OnnxError(.invalid, "expected one truth value, found \(self)")
    }
    return elements(as: Bool.self)[0]
  }
}
