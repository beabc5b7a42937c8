import Foundation
import SequenceModels
import Testing

@testable import ModelFiles

/// Trainings that are killed, or whose file cannot be written.
@Suite(.serialized) struct KilledTrainingTests {
  /// How many trainings are killed before their end, with a checkpoint to go on from; `make test-long` kills as
  /// many as are claimed.
  static var kills: Int {
    ProcessInfo.processInfo.environment["SWIFT_RECURRENT_LONG_TESTS"] == nil ? 6 : 200
  }

  /// Long enough for checkpoints between which it can be killed.
  static func train(_ path: String?) throws -> CheckpointTests.Outcome {
    try CheckpointTests.train(CheckpointTests.adam, path: path, epochs: 12)
  }

  @Test func `killed at any moments, a training ends with the same bits`() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Steps(state: seed)
    let whole = try Self.train(nil)
    var microseconds = 0.0
    try await withFolder { folder in
      let start = ContinuousClock.now
      let kept = try Self.train(folder + "/run.safetensors")
      microseconds = (ContinuousClock.now - start) / .microseconds(1)
      #expect(kept == whole)
    }
    var (kills, unfinished, trainings) = (0, 0, 0)
    while unfinished < Self.kills {
      trainings += 1
      try await withFolder { folder in
        let path = folder + "/run.safetensors"
        var isFinished = false
        while !isFinished {
          let delay = UInt32(Double(generator.next() >> 11) * 0x1p-53 * microseconds)
          await #expect(processExitsWith: .signal(SIGKILL), "kill \(kills), seed \(seed)") {
            [path = path as String, delay = delay as UInt32] in
            Thread.detachNewThread {
              usleep(delay)
              kill(getpid(), SIGKILL)
            }
            _ = try KilledTrainingTests.train(path)
            // It has ended before: then it is killed while it does nothing.
            while true { usleep(1000) }
          }
          kills += 1
          guard FileBytes.isPresent(path) else { continue }
          // Whatever is there is whole.
          let model = CheckpointTests.model
          let snapshot = try TrainingSnapshot(
            contentsOf: path, for: model, optimizer: CheckpointTests.adam(model.parameters))
          isFinished = snapshot.history.updates == whole.losses.count
          if !isFinished { unfinished += 1 }
        }
        #expect(try Self.train(path) == whole, "training \(trainings), seed \(seed)")
      }
    }
    print(
      "\(trainings) trainings killed \(kills) times, \(unfinished) of them between checkpoint and end"
    )
  }

  @Test func `a folder that may not be written in leaves the old file whole`() async throws {
    try await withFolder { folder in
      let path = folder + "/run.safetensors"
      _ = try CheckpointTests.train(CheckpointTests.adam, path: path, interruptedAfter: 5)
      let before = try Data(contentsOf: URL(filePath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder)
      defer {
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
      }
      await #expect(processExitsWith: .success) { [path = path as String] in
        // The administrator may write everywhere, nobody may not.
        if geteuid() == 0 { seteuid(65_534) }
        do {
          _ = try CheckpointTests.train(CheckpointTests.adam, path: path)
          exit(1)
        } catch let error as ModelFileError {
          let expected = "cannot be written: Permission denied"
          exit(error.path == path && error.reason == expected ? 0 : 2)
        }
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run.safetensors"])
    }
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
