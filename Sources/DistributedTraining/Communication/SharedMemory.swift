#if Distributed
  internal import CMPI
  import LinAlg

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #else
    import Darwin
  #endif

  /// Memory that all ranks of a job on one machine read and write; zeros at first.
  ///
  /// It is a file without a name (`memfd_create`), which the system frees with the last process that has it,
  /// whatever ends that.
  final class SharedMemory: Sendable {
    nonisolated(unsafe) let start: UnsafeMutableRawPointer
    private let mapped: Int

    /// Before what is shared: by which a rank knows that it has opened the right file.
    private static let header = 4096

    private init(_ file: Int32, bytes: Int) throws(Failure) {
      mapped = Self.header + bytes
      guard let start = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
        start != MAP_FAILED
      else { throw Failure() }
      self.start = start + Self.header
    }

    deinit { munmap(start - Self.header, mapped) }

    private struct Failure: Error {}

    /// Where the first rank has the file.
    private struct Place {
      var host: String
      var process: Int
      var file: Int
      var token: UInt64

      init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4, let process = Int(words[0]), let file = Int(words[1]),
          let token = UInt64(words[2])
        else { return nil }
        (self.process, self.file, self.token, host) = (process, file, token, words[3])
      }

      init(_ file: Int32) {
        (host, process, self.file) = (hostName(), Int(getpid()), Int(file))
        token = .random(in: 1...UInt64.max)
      }

      var text: String { "\(process) \(file) \(token) \(host)" }
    }

    private var token: UInt64 {
      get { (start - Self.header).load(as: UInt64.self) }
      set { (start - Self.header).storeBytes(of: newValue, as: UInt64.self) }
    }

    /// Memory of so many bytes, on every rank; nil on every rank where they are on several machines, or the
    /// system does not let processes share any.
    static func make(bytes: Int, on world: Communicator) throws(DistributedError) -> SharedMemory? {
      var (memory, text): (SharedMemory?, String) = (nil, "")
      var file: Int32 = -1
      defer { if file >= 0 { close(file) } }
      if world.rank == 0 {
        file = cmpi_nameless_file()
        if file >= 0, ftruncate(file, off_t(header + bytes)) == 0 {
          let place = Place(file)
          memory = try? SharedMemory(file, bytes: bytes)
          memory?.token = place.token
          if memory != nil { text = place.text }
        }
      }
      text = try world.broadcast(text)
      if world.rank != 0, let place = Place(text), place.host == hostName() {
        file = open("/proc/\(place.process)/fd/\(place.file)", O_RDWR | O_CLOEXEC)
        if file >= 0, lseek(file, 0, SEEK_END) == off_t(header + bytes) {
          memory = try? SharedMemory(file, bytes: bytes)
          if memory?.token != place.token { memory = nil }
        }
      }
      // The first rank keeps the file open until every other has come here.
      let all = try world.startGather([memory == nil ? 0 : 1], "who shares memory").wait()
      return all.allSatisfy { $0[0] == 1 } ? memory : nil
    }
  }

  private func hostName() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
      guard let start = name.baseAddress, gethostname(start, name.count - 1) == 0 else { return "" }
      name[name.count - 1] = 0
      return String(cString: start)
    }
  }
#endif
