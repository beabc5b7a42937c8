import CMachineProbe
import Foundation
import LinAlg

/// What cores can do at best, by loops that do nothing else.
enum CoreLimits {
  /// GFLOP/s of multiply–adds in registers, all of `threads` threads at once.
  static func multiplyAdds(threads: Int, samples: Int = 15) -> Interval? {
    let iterations = Yardstick.iterations * 50
    let rates = (0..<samples).map { _ in
      let start = Stopwatch.now()
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        _ = machine_probe_fma(iterations)
      }
      let seconds = Stopwatch.seconds(since: start)
      // The operations of one iteration.
      return Double(threads) * machine_probe_fma(1) * Double(iterations) / seconds * 1e-9
    }
    return Statistics.medianInterval(rates)
  }

  /// GB/s at which one core reads `bytes` bytes again and again.
  static func reading(bytes: Int, samples: Int = 15) -> Interval? {
    let count = max(1, bytes / 4)
    let memory = AlignedStorage<Float>(repeating: 1, count: count)
    let repetitions = max(1, (1 << 24) / bytes)
    let rates = (0..<samples + 1).map { _ in
      let seconds = Stopwatch.seconds {
        for _ in 0..<repetitions { _ = machine_probe_read(memory.pointer, count) }
      }
      return Double(repetitions * count * 4) / seconds * 1e-9
    }
    return Statistics.medianInterval(Array(rates.dropFirst()))
  }
}

/// A level of the memory that a core reads from.
struct MemoryLevel: Equatable {
  /// `L1`, `L2`, `L3` or `memory`.
  var name: String
  /// Its size in bytes; nil for memory.
  var bytes: Int?
  /// What is read to measure it: half of a cache, so that it holds it, four times the last one.
  var workingSet: Int

  /// The levels of this machine; where Linux does not tell, those of a typical one.
  static let all: [MemoryLevel] = levels(folder: "/sys/devices/system/cpu/cpu0/cache")

  /// Reads `level`, `type` and `size` of each cache that a folder of Linux's `/sys` describes.
  static func levels(folder: String) -> [MemoryLevel] {
    func text(_ index: Int, _ name: String) -> String? {
      (try? String(contentsOfFile: "\(folder)/index\(index)/\(name)", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var sizes: [Int: Int] = [:]
    for index in 0..<8 {
      guard let level = text(index, "level").flatMap({ Int($0) }),
        text(index, "type") != "Instruction", let size = text(index, "size").flatMap(bytes)
      else { continue }
      sizes[level] = size
    }
    if sizes.isEmpty { sizes = [1: 32 << 10, 2: 512 << 10, 3: 16 << 20] }
    let caches = sizes.sorted { $0.key < $1.key }
    return caches.map { MemoryLevel(name: "L\($0)", bytes: $1, workingSet: $1 / 2) }
      + [
        MemoryLevel(
          name: "memory", bytes: nil, workingSet: min(4 * (caches.last?.value ?? 0), 512 << 20))
      ]
  }

  /// The bytes that `512K` or `32M` says.
  static func bytes(_ text: String) -> Int? {
    let shift = ["K": 10, "M": 20, "G": 30][text.suffix(1)]
    guard let number = Int(shift == nil ? text[...] : text.dropLast()), number > 0,
      number < 1 << 30
    else { return nil }
    return number << (shift ?? 0)
  }
}
