import CTestSupport

/// Memory for floats between two pages that nobody may touch: a kernel that reads or writes beyond
/// its operand ends the process.
final class GuardedFloats {
  /// Which end of an operand lies at a guard page.
  enum Edge: CaseIterable {
    case start, end
  }

  private let pages: UnsafeMutableRawPointer
  private let usable: Int

  init?(capacity: Int) {
    var usable = 0
    guard let pages = ct_guarded_pages(capacity * MemoryLayout<Float>.stride, &usable) else {
      return nil
    }
    self.pages = pages
    self.usable = usable
  }

  deinit { ct_guarded_pages_free(pages, usable) }

  /// The first or the last `count` floats; the same memory each time.
  func floats(_ count: Int, at edge: Edge) -> UnsafeMutablePointer<Float> {
    let size = count * MemoryLayout<Float>.stride
    precondition(size <= usable, "\(count) floats, there is room for \(usable / 4)")
    let start = edge == .start ? pages : pages + (usable - size)
    return start.assumingMemoryBound(to: Float.self)
  }
}
