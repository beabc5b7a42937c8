import LinAlg

/// How long to train: until the first limit that is reached.
///
/// ```swift
/// trainer.duration = .epochs(20)
/// trainer.duration.minutes = 45         // at most
/// ```
/// Only with a limit in minutes does what is learnt depend on how fast the machine is.
public struct TrainingDuration: Sendable, Hashable {
  /// How often all batches are read; nil for no limit.
  public var epochs: Int?
  /// How many steps the optimizer takes; nil for no limit.
  public var updates: Int?
  /// How long it takes, validation among it; nil for no limit.
  public var minutes: Double?

  /// Limits, of which the first that is reached ends the training; nil for none.
  public init(epochs: Int? = nil, updates: Int? = nil, minutes: Double? = nil) {
    (self.epochs, self.updates, self.minutes) = (epochs, updates, minutes)
  }

  /// All batches, so many times.
  public static func epochs(_ count: Int) -> TrainingDuration { .init(epochs: count) }
  /// So many steps of the optimizer.
  public static func updates(_ count: Int) -> TrainingDuration { .init(updates: count) }
  /// So long.
  public static func minutes(_ count: Double) -> TrainingDuration { .init(minutes: count) }

  /// What share of the training is done, 0 to 1.
  func share(epochs done: Double, updates taken: Int, seconds: Double) -> Double {
    let shares = [
      epochs.map { done / Double($0) }, updates.map { Double(taken) / Double($0) },
      minutes.map { seconds / (60 * $0) },
    ]
    return min(1, shares.reduce(0) { max($0, $1 ?? 0) })
  }

  /// Traps where there is no end.
  func check(endless: Bool) {
    require(
      epochs ?? 1 > 0 && updates ?? 1 > 0 && minutes ?? 1 > 0,
      "Trainer: a duration of \(self)")
    require(
      updates != nil || minutes != nil || (epochs != nil && !endless),
      "Trainer: a duration without an end: \(self)\(endless ? ", and batches without one" : "")")
  }
}

/// How often to look at how the training goes.
public enum TrainingInterval: Sendable, Hashable {
  /// After every so many epochs.
  case epochs(Int)
  /// After every so many updates.
  case updates(Int)
  /// So many times over the whole training, evenly.
  case times(Int)

  /// How many of its marks have been passed.
  func marks(epochs: Double, updates: Int, share: Double) -> Int {
    switch self {
    case .epochs(let every): Int(epochs) / every
    case .updates(let every): updates / every
    case .times(let count): Int(share * Double(count))
    }
  }

  func check() {
    let count =
      switch self {
      case .epochs(let count), .updates(let count), .times(let count): count
      }
    require(count > 0, "Trainer: an interval of \(self)")
  }
}
