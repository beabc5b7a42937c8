/// What the options of a measuring command ask for.
struct MeasurementSettings {
  var contestants: [ContestantKind]
  var threads = 1
  /// Seconds of timing for each contestant in each row.
  var minTime = 0.3
  /// Rounds in which the contestants of a row take turns. Twelve give a 95% interval of the median
  /// between the third smallest and the third largest ratio.
  var rounds = 12
  var seed: UInt64 = 1
  /// A relative error that is added to one of the engine's results; for testing the verifier.
  var injectedError = 0.0

  /// How long contestants with several threads run before they are timed in each round.
  var settlingSeconds: Double { threads == 1 ? 0 : 0.06 }

  /// The threads that OpenBLAS may use while a contestant runs.
  func blasThreads(_ kind: ContestantKind) -> Int { kind.usesOpenBLASThreads ? threads : 1 }
}
