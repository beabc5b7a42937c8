import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a trainer tells, and how it is stopped.
@Suite struct TrainerReportTests {
  typealias Samples = TrainingSamples

  static let batch = Samples.sequences(8).batch(Array(0..<8))

  /// A trainer of a hundred updates and its model.
  static func trainer() -> (
    Trainer<Adam<ModelParameters<Float>>>, Samples.Classifier<Float>
  ) {
    let model = Samples.classifier(Float.self)
    var trainer = Trainer(optimizer: Adam(for: model.parameters))
    trainer.duration = .updates(100)
    trainer.validation = .updates(20)
    return (trainer, model)
  }

  static func run(
    _ trainer: inout Trainer<Adam<ModelParameters<Float>>>,
    _ model: inout Samples.Classifier<Float>,
    each: @escaping (Int) -> Void = { _ in }
  ) throws -> TrainingHistory {
    try trainer.run(
      &model, on: Graph(threads: 1),
      batches: .endless {
        each($0)
        return Self.batch
      }, heldOut: .list([Self.batch]), loss: Samples.loss)
  }

  @Test func `interrupted by a flag, with what was reached`() throws {
    var (trainer, model) = Self.trainer()
    var updates = 0
    trainer.interruption = .when { updates == 33 }
    let history = try Self.run(&trainer, &model) { updates = $0 + 1 }
    #expect(history.ending == .interruption && history.updates == 33)
    #expect(history.points.map(\.update) == [20, 33])
    #expect(history.best?.update == 33, "the loss of what is trained on falls")
    var (other, same) = Self.trainer()
    other.duration = .updates(33)
    _ = try Self.run(&other, &same)
    #expect(model.parameters.bits == same.parameters.bits)
  }

  /// What the signal does in this process, and on this thread: as the tests were started it may be ignored,
  /// and threads of a pool block it.
  static func setInterruptSignal(_ action: (@convention(c) (Int32) -> Void)?) {
    signal(SIGINT, action)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// One signal ends the first training and no other; the handler is there only while one runs.
  @Test func `interrupted by a signal`() async {
    await #expect(processExitsWith: .success) {
      TrainerReportTests.setInterruptSignal(SIG_IGN)
      for _ in 0..<2 {
        var (trainer, model) = TrainerReportTests.trainer()
        trainer.interruption = .interruptSignal
        let history = try TrainerReportTests.run(&trainer, &model) {
          // The second is ignored, as all were before.
          if $0 == 10 || $0 == 11 { raise(SIGINT) }
        }
        #expect(history.ending == .interruption && history.updates == 11)
        trainer.interruption = .none
        #expect(
          try TrainerReportTests.run(&trainer, &model) { if $0 == 1 { raise(SIGINT) } }.updates
            == 100)
      }
    }
    await #expect(processExitsWith: .signal(SIGINT)) {
      TrainerReportTests.setInterruptSignal(SIG_DFL)
      var (trainer, model) = TrainerReportTests.trainer()
      trainer.interruption = .interruptSignal
      _ = try TrainerReportTests.run(&trainer, &model) { _ in
        raise(SIGINT)
        raise(SIGINT)
      }
    }
    await #expect(processExitsWith: .signal(SIGINT)) {
      TrainerReportTests.setInterruptSignal(SIG_DFL)
      var (trainer, model) = TrainerReportTests.trainer()
      trainer.interruption = .interruptSignal
      _ = try TrainerReportTests.run(&trainer, &model)
      raise(SIGINT)
    }
  }

  static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test func `the curve is a picture of both losses`() throws {
    try Self.inFolder { folder in
      var (trainer, model) = Self.trainer()
      trainer.curveFile = folder + "/loss.svg"
      var sizes: [Int] = []
      trainer.didLook = { _ in
        sizes.append(
          (try? String(contentsOfFile: folder + "/loss.svg", encoding: .utf8))?.count ?? 0)
      }
      let history = try Self.run(&trainer, &model)
      let text = try String(contentsOfFile: folder + "/loss.svg", encoding: .utf8)
      #expect(text == history.curve())
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["loss.svg"])
      #expect(sizes.count == 5 && sizes[0] > 0 && sizes[0] < text.count)
      #expect(XMLParser(data: Data(text.utf8)).parse())
      for part in [">training<", ">validation<", "prefers-color-scheme: dark", "<desc>"] {
        #expect(text.contains(part), "\(part)")
      }
      let points = try #require(
        text.firstMatch(
          of: /<polyline points="([^"]*)" class="series s-0"/.anchorsMatchLineEndings(false)))
      #expect(!points.1.isEmpty)
    }
  }

  @Test func `a curve that cannot be written is said before the first update`() throws {
    try Self.inFolder { folder in
      var (trainer, model) = Self.trainer()
      trainer.curveFile = folder + "/none/loss.svg"
      let before = model.parameters.bits
      let error = #expect(throws: CurveFileError.self) { try Self.run(&trainer, &model) }
      #expect(error?.description.hasPrefix(folder + "/none/loss.svg: cannot be written") == true)
      #expect(model.parameters.bits == before && trainer.optimizer.stepCount == 0)
    }
  }

  /// Many updates are drawn as means.
  @Test func `a long curve is bounded`() throws {
    var (trainer, model) = Self.trainer()
    trainer.duration = .updates(1000)
    let history = try trainer.run(
      &model, on: Graph(threads: 1), batches: .endless { _ in Self.batch }, loss: Samples.loss)
    #expect(history.losses.count == 1000)
    #expect(history.curve().contains("training, means of 3 updates"))
    #expect(!history.curve().contains(">validation<"))
  }

  /// What is written, with a clock that goes on by `second` with each look at it.
  static func output(
    isTerminal: Bool, progress: TrainingProgress = .standardError, second: Double
  ) throws -> String {
    var (trainer, model) = Self.trainer()
    var (text, now) = ("", 0.0)
    trainer.progress = progress
    trainer.output = ProgressOutput(isTerminal: isTerminal) { text += $0 }
    trainer.clock = {
      now += second
      return now
    }
    _ = try Self.run(&trainer, &model)
    return text
  }

  @Test func `progress, rewritten on a terminal and sparse elsewhere`() throws {
    let terminal = try Self.output(isTerminal: true, second: 1)
    let lines = terminal.split(separator: "\n")
    #expect(lines.count == 5 && terminal.count { $0 == "\r" } > 90)
    #expect(terminal.hasSuffix("done\n"))
    let visible = lines.map { $0.split(separator: "\r").last ?? "" }
    #expect(visible.allSatisfy { $0.contains("validation") && $0.contains("tokens/s") })
    let sparse = try Self.output(isTerminal: false, second: 0.01)
    #expect(!sparse.contains("\r"))
    #expect(sparse.split(separator: "\n").count == 5)
    #expect(sparse.contains("update 20  loss ") && sparse.contains(" (best)"))
    #expect(sparse.contains(" left\n"))
    // Where looks are far apart, a line a minute.
    let slow = try Self.output(isTerminal: false, second: 30)
    #expect(slow.split(separator: "\n").count > 50)
    #expect(try Self.output(isTerminal: true, progress: .quiet, second: 1).isEmpty)
  }
}
