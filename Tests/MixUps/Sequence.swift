import LinAlg
import Recurrent

/// A random sequence of calls: something that makes one call after the other.
protocol CallSequence: AnyObject {
  /// A mistake to be made on purpose, or nil.
  var plant: Plant? { get set }
  /// Makes a call, chosen at random.
  func call()
}

/// What every kind of sequence has: dice, and a place to say what it does.
class Caller {
  var dice: Dice
  let log: SharedLog
  var plant: Plant?

  init(_ dice: Dice, _ log: SharedLog) {
    self.dice = dice
    self.log = log
  }

  /// Says which call comes, and how it should end.
  func will(_ call: String, _ expectation: SharedLog.Expectation) {
    log.note(call: call, expectation)
  }

  /// Says that a call returned, where it should have trapped.
  func returned(_ expectation: SharedLog.Expectation) {
    if plant.spoil(expectation) == .traps { log.note(wrong: "accepted what does not fit") }
  }

  /// Says so where a result is not the one expected.
  func check<Scalar: RecurrentScalar>(_ got: [Scalar], _ expected: [Scalar], _ what: String) {
    if !same(plant.spoil(got, as: .result), expected) {
      log.note(wrong: "another \(what) than fresh objects give")
    }
  }
}

/// Threads that a call may use.
extension Dice {
  mutating func threads() -> Int { 1 + below(2) }

  /// Lengths for a batch, at times such that do not fit.
  mutating func lengths(_ steps: Int, _ batch: Int) -> (lengths: [Int]?, fits: Bool) {
    if !oneIn(3) { return (nil, true) }
    if slips() {
      switch below(3) {
      case 0: return ((0..<batch + 1).map { _ in below(steps + 1) }, false)
      case 1: return batch > 0 ? ((0..<batch).map { _ in steps + 1 }, false) : (nil, true)
      default: return batch > 0 ? ((0..<batch).map { _ in -1 }, false) : (nil, true)
      }
    }
    return ((0..<batch).map { _ in below(steps + 1) }, true)
  }
}

func text(_ lengths: [Int]?) -> String { lengths.map { "\($0)" } ?? "nil" }
