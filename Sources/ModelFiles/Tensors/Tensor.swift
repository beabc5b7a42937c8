import LinAlg

/// A named array as files hold it: an element type, a shape, and bytes in row-major order, the least
/// significant of a number first.
///
/// A tensor of an opened file is a place in it: its bytes are read when they are asked for, straight into
/// what they are wanted in. The file may then have become shorter, which is an error.
public struct Tensor: Sendable {
  /// What it is called.
  public var name: String
  /// The type of its elements.
  public let elementType: ElementType
  /// The extents, the slowest first; none for a single number.
  public let shape: [Int]
  let storage: FileBytes
  /// Where in the storage it begins.
  let offset: Int

  /// The number of elements.
  public var count: Int { byteCount / elementType.byteCount }
  /// The number of bytes.
  public let byteCount: Int

  /// A tensor at a place of a file.
  ///
  /// - Precondition: the shape fits, and the bytes are there.
  init(
    _ name: String, _ elementType: ElementType, _ shape: [Int], in storage: FileBytes,
    at offset: Int
  ) {
    guard let byteCount = elementType.byteCount(ofShape: shape) else {
      failRequirement("tensor \(quoted(name)) has the impossible shape \(shape)")
    }
    require(
      offset >= 0 && offset <= storage.count && byteCount <= storage.count - offset,
      "tensor \(quoted(name)) needs \(byteCount) bytes at \(offset) of \(storage.count)")
    (self.name, self.elementType, self.shape) = (name, elementType, shape)
    (self.storage, self.offset, self.byteCount) = (storage, offset, byteCount)
  }

  /// A tensor of bytes in memory.
  ///
  /// - Precondition: there are as many bytes as ``ElementType/byteCount(ofShape:)`` says.
  public init(_ name: String, _ elementType: ElementType, shape: [Int], bytes: [UInt8]) {
    require(
      elementType.byteCount(ofShape: shape) == bytes.count,
      "tensor \(quoted(name)): \(bytes.count) bytes given for \(elementType.rawValue) \(shape)")
    self.init(name, elementType, shape, in: FileBytes(bytes, named: name), at: 0)
  }

  /// The same tensor under another name.
  public func named(_ name: String) -> Tensor {
    var result = self
    result.name = name
    return result
  }

  /// The same elements, in the same order, in another shape.
  ///
  /// - Precondition: it has as many elements.
  public func reshaped(_ shape: [Int]) -> Tensor {
    require(
      elementType.byteCount(ofShape: shape) == byteCount,
      "tensor \(quoted(name)) of shape \(self.shape) as \(shape)")
    return Tensor(name, elementType, shape, in: storage, at: offset)
  }

  /// All bytes, copied.
  ///
  /// - Throws: ``ModelFileError`` where the file can no longer be read.
  public func bytes() throws(ModelFileError) -> [UInt8] {
    do {
      return try storage.bytes(offset..<offset + byteCount)
    } catch {
      throw placed(error)
    }
  }

  /// Calls `body` with the bytes where they are: in a file, as the system maps it. They need not be aligned.
  ///
  /// A file that another program shortens while `body` reads it ends the process, as with every mapped
  /// file; for files that others may change, use ``bytes()`` or ``values(as:)``, which throw.
  ///
  /// - Throws: ``ModelFileError`` where the file is already shorter, and what `body` throws.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(ModelFileError) -> Result
  ) throws(ModelFileError) -> Result {
    try storage.withUnsafeBytes(in: offset..<offset + byteCount, body)
  }

  /// An error of this tensor.
  func flaw(_ reason: String) -> ModelFileError {
    ModelFileError(path: storage.path, place: .tensor(name), reason: reason)
  }

  /// A storage's error, with the tensor for its place.
  func placed(_ error: ModelFileError) -> ModelFileError { flaw(error.reason) }
}

extension Tensor: CustomStringConvertible {
  /// The name, type and shape: `encoder.weight F32 [4, 3]`.
  public var description: String { "\(name) \(elementType.rawValue) \(shape)" }
}
