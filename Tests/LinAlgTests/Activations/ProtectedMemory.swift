#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct NoMemory: Error {}

/// Calls `body` with the end of at least `count` floats after which a page may not be accessed.
func withMemoryAtItsEnd(
  count: Int, _ body: (UnsafeMutablePointer<Float>) throws -> Void
) throws {
  let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  let used = (count * MemoryLayout<Float>.stride + page - 1) / page * page
  let start = mmap(nil, used + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  guard let start, start != MAP_FAILED else { throw NoMemory() }
  defer { munmap(start, used + page) }
  guard mprotect(start + used, page, PROT_NONE) == 0 else { throw NoMemory() }
  try body((start + used).assumingMemoryBound(to: Float.self))
}
