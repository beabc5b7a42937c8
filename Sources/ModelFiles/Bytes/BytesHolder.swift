/// Something in memory that has bytes.
protocol BytesHolder: Sendable {
  /// How many there are.
  var byteCount: Int { get }
  /// Calls `body` with the bytes where they are.
  func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}

/// The bytes of an array, which are not copied.
struct ArrayBytes<Element: BitwiseCopyable & Sendable>: BytesHolder {
  let elements: [Element]

  var byteCount: Int { elements.count * MemoryLayout<Element>.stride }

  func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    elements.withUnsafeBytes(body)
  }
}
