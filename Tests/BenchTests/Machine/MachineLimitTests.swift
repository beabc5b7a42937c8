import Foundation
import LinAlg
import Recurrent
import Testing

@testable import Bench

/// What `Bench peak` reads about the machine, and what it asks the engine.
struct MachineLimitTests {
  @Test(arguments: [
    ("512K", 512 << 10), ("32M", 32 << 20), ("1G", 1 << 30), ("48", 48), ("", nil), ("K", nil),
    ("-1K", nil), ("99999999999999999999K", nil), ("1.5M", nil),
  ])
  func sizesOfCaches(_ text: String, _ bytes: Int?) {
    #expect(MemoryLevel.bytes(text) == bytes)
  }

  @Test func cachesAreReadFromAFolder() throws {
    let folder = try TemporaryFolder()
    for (index, cache) in [
      ("1", "Data", "32K"), ("1", "Instruction", "64K"), ("2", "Unified", "1M"),
    ]
    .enumerated() {
      let path = folder.path("index\(index)")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for (name, text) in [("level", cache.0), ("type", cache.1), ("size", cache.2)] {
        _ = try folder.write(text + "\n", to: "index\(index)/\(name)")
      }
    }
    #expect(
      MemoryLevel.levels(folder: folder.url.path) == [
        MemoryLevel(name: "L1", bytes: 32 << 10, workingSet: 16 << 10),
        MemoryLevel(name: "L2", bytes: 1 << 20, workingSet: 512 << 10),
        MemoryLevel(name: "memory", bytes: nil, workingSet: 4 << 20),
      ])
  }

  @Test func anUnknownMachineHasLevelsToo() throws {
    let levels = try MemoryLevel.levels(folder: TemporaryFolder().url.path)
    #expect(levels.map(\.name) == ["L1", "L2", "L3", "memory"])
  }

  @Test func choicesAreTheEngines() {
    var random = SeededGenerator(seed: 1)
    let float = LSTM<Float>(inputSize: 256, hiddenSize: 256, using: &random)
    let alone = float.plan(steps: 50, batch: 32, threads: 1)
    #expect(alone.isPacked && alone.threads == 1 && alone.split == .none)
    let together = float.plan(steps: 50, batch: 32, threads: 2)
    #expect(together.threads == 2 && together.split != .none)
    #expect(together.chunkLength > 1 && together.chunkLength <= 50)
    #expect(!float.plan(steps: 50, batch: 32, threads: 2, products: .openBLAS).isPacked)
    let double = LSTM<Double>(inputSize: 8, hiddenSize: 8, using: &random)
    #expect(!double.plan(steps: 5, batch: 2).isPacked)
  }
}

/// The states of threads, as Linux's `/proc` tells them.
struct ThreadStateTests {
  @Test(arguments: [
    ("12 (Bench) R 1 2 3", true), ("12 (Bench) S 1 2 3", false), ("12 (a) R) S 1", false),
    ("12 (a b) R) R 1", true), ("", false), ("12", false), ("12 (x)", false),
  ])
  func runningOrNot(_ stat: String, _ isRunning: Bool) {
    #expect(SystemState.isRunning(stat: stat) == isRunning)
  }

  @Test func openBLASKeepsOneThreadAfterwards() {
    OpenBLASThreads.use(1)
    #expect(OpenBLASThreads.with(2) { OpenBLAS.threadCount } == 2)
    #expect(OpenBLAS.threadCount == 1)
  }
}
