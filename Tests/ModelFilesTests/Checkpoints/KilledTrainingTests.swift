import Foundation
import SequenceModels
import Testing

@testable import ModelFiles

/// Trainings that are killed, or whose file cannot be written.
@Suite(.serialized) struct KilledTrainingTests {
  /// `make test-long` kills as often as is claimed.
  static var trials: Int {
    ProcessInfo.processInfo.environment["SWIFT_RECURRENT_LONG_TESTS"] == nil ? 2 : 40
  }

  @Test func `killed at any moments, a training ends with the same bits`() async throws {
    let whole = try CheckpointTests.train(CheckpointTests.adam, path: nil)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Steps(state: seed)
    // How many were killed before their end, with something to go on from.
    var unfinished = 0
    for trial in 0..<Self.trials {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let path = folder + "/run.safetensors"
      for _ in 0..<5 {
        let delay = UInt32(generator.next() % 15_000)
        await #expect(processExitsWith: .signal(SIGKILL), "trial \(trial), seed \(seed)") {
          [path = path as String, delay = delay as UInt32] in
          Thread.detachNewThread {
            usleep(delay)
            kill(getpid(), SIGKILL)
          }
          _ = try CheckpointTests.train(CheckpointTests.adam, path: path)
          // It has ended before: then it is killed while it does nothing.
          while true { usleep(1000) }
        }
        // Whatever is there is whole.
        if FileBytes.isPresent(path) {
          let model = CheckpointTests.model
          let snapshot = try TrainingSnapshot(
            contentsOf: path, for: model, optimizer: CheckpointTests.adam(model.parameters))
          if snapshot.history.updates < whole.losses.count { unfinished += 1 }
        }
      }
      let rest = try CheckpointTests.train(CheckpointTests.adam, path: path)
      #expect(rest == whole, "trial \(trial), seed \(seed)")
    }
    print(
      "killed \(5 * Self.trials) times, \(unfinished) of them between the first checkpoint and the end"
    )
  }

  @Test func `a write that fails leaves the old file whole`() async throws {
    try await withFolder { folder in
      let path = folder + "/run.safetensors"
      _ = try CheckpointTests.train(CheckpointTests.adam, path: path, interruptedAfter: 5)
      let before = try Data(contentsOf: URL(filePath: path))
      let limit = UInt64(before.count / 2)
      await #expect(processExitsWith: .success) {
        [path = path as String, limit = limit as UInt64] in
        // As on a full disk: the system takes half of the file.
        signal(SIGXFSZ, SIG_IGN)
        var most = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
        setrlimit(__rlimit_resource_t(1), &most)
        do {
          _ = try CheckpointTests.train(CheckpointTests.adam, path: path)
          exit(1)
        } catch let error as ModelFileError {
          exit(error.path == path && error.reason.contains("cannot be written") ? 0 : 2)
        }
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.safetensors"])
      let rest = try CheckpointTests.train(CheckpointTests.adam, path: path)
      #expect(try rest == CheckpointTests.train(CheckpointTests.adam, path: nil))
    }
  }

  /// Calls `body` with an empty folder.
  func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }
}
