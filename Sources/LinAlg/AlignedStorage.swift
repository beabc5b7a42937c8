/// A contiguous buffer of scalars, aligned to a cache line, freed with its last owner.
///
/// It is the one place where the engine allocates numerical memory. ``Matrix`` and the sequence
/// and parameter types built on it hold one each and copy it before they write to it
/// when somebody else holds it too.
///
/// The pointer is final storage: hot loops read it once and index it, which costs nothing, where an
/// array property indexed in a loop pays for exclusivity and uniqueness checks at each access.
///
/// Not public, since whoever holds the pointer can write past every check of ownership.
@usableFromInline
package final class AlignedStorage<Scalar: BitwiseCopyable>: @unchecked Sendable {
  // @unchecked Sendable: the contents are written only by a value type that has checked that it is
  // the only owner, or by an engine object that belongs to one caller at a time.

  /// The alignment of the first element in bytes: one cache line, and one AVX-512 register.
  package static var alignment: Int { 64 }

  /// The first element.
  @usableFromInline package let pointer: UnsafeMutablePointer<Scalar>

  /// How many elements there are.
  @usableFromInline package let count: Int

  /// Allocates room for `count` elements and leaves it uninitialised.
  ///
  /// - Precondition: `count` is not negative.
  @usableFromInline
  package init(uninitializedCount count: Int) {
    require(count >= 0, "AlignedStorage: negative element count \(count)")
    let (byteCount, overflow) =
      max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    require(!overflow, "AlignedStorage: \(count) elements do not fit the address space")
    let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: Self.alignment)
    self.pointer = raw.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }

  /// Allocates room for `count` elements, each set to `value`.
  package convenience init(repeating value: Scalar, count: Int) {
    self.init(uninitializedCount: count)
    // Bytes where they are zero, as nearly always: in code that is generic over the scalar, each element would
    // be a call.
    if withUnsafeBytes(of: value, { $0.allSatisfy { $0 == 0 } }) {
      UnsafeMutableRawPointer(pointer).initializeMemory(
        as: UInt8.self, repeating: 0, count: count * MemoryLayout<Scalar>.stride)
    } else {
      pointer.initialize(repeating: value, count: count)
    }
  }

  /// A new buffer with the same contents.
  @usableFromInline
  package func copy() -> AlignedStorage {
    let result = AlignedStorage(uninitializedCount: count)
    result.pointer.initialize(from: pointer, count: count)
    return result
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
