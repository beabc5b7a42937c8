import Recurrent

/// An implementation of a recurrent layer, set up for one workload, that can be called again and
/// again.
///
/// Everything that a caller would keep between calls (packed weights, tapes, gradient buffers) is
/// made when the contestant is; a call is what is timed.
protocol Contestant: AnyObject {
  /// Does the work of the workload's mode once.
  func call()

  /// What the last call computed.
  func results() -> Results

  /// The bytes that a recording takes on its tape, for those that have one.
  var tapeBytes: Int? { get }
}

extension Contestant {
  var tapeBytes: Int? { nil }
}

/// A kind of contestant, by the name that `--contestants` takes.
struct ContestantKind: Sendable {
  var name: String
  /// One line for `Bench list`.
  var summary: String
  /// For one that is only there to be compared with, the longest call in seconds: a longer one is timed
  /// on fewer steps and scaled. `nil` for the engine, whose times are never scaled.
  var longestCall: Double?
  /// Whether OpenBLAS may use the threads of the row; else it has one, and the contestant its own.
  var usesOpenBLASThreads = false
  /// The batches that it takes part in.
  var batches = Batches.all
  /// Whether it uses the threads of the row at all.
  var usesThreads = true
  /// What it keeps its weights in, for inference alone; nil for single precision.
  var weights: WeightFormat?
  var make: @Sendable (Workload) -> any Contestant

  /// Batches, by whether their sequences have lengths of their own.
  enum Batches: Sendable {
    case all, withLengths, withoutLengths
  }

  /// Whether it takes part in a case.
  func takesPart(in item: BenchCase) -> Bool {
    guard takesPart(in: item.mode) else { return false }
    return switch batches {
    case .all: true
    case .withLengths: item.lengths != nil
    case .withoutLengths: item.lengths == nil
    }
  }

  /// Whether it is only there to be compared with.
  var isBaseline: Bool { longestCall != nil }

  /// Whether it takes part in a mode.
  func takesPart(in mode: Mode) -> Bool { weights == nil || mode == .inference }

  /// Every contestant that computes with the weights as they are, baselines first.
  static let all: [ContestantKind] = [.naive, .perGate, .fused, .padded, .packed]

  /// The engine with its weights in fewer bytes.
  static let narrow: [ContestantKind] = [
    .packed(.float16, "IEEE 754's half precision"), .packed(.bfloat16, "bfloat16"),
    .packed(.int8, "whole numbers of one byte and a scale for each unit"),
    .packed(.int8Dynamic, "the same, which multiply inputs and states rounded to bytes"),
  ]

  /// Every contestant that there is.
  static let known: [ContestantKind] = all + narrow

  static let naive = ContestantKind(
    name: "naive", summary: "scalar Swift loops (ReferenceLoops)", longestCall: 0.1,
    batches: .withoutLengths, usesThreads: false,
    make: { NaiveContestant($0) })

  static let perGate = ContestantKind(
    name: "perGate",
    summary: "a plain BLAS port: one OpenBLAS product per gate and step, separate passes",
    longestCall: 1, usesOpenBLASThreads: true, batches: .withoutLengths,
    make: { workload in
      switch workload.cell {
      case .lstm: PerGateLSTM(workload)
      case .gru: PerGateGRU(workload)
      case .rnn: PerGateRNN(workload)
      }
    })

  static let fused = ContestantKind(
    name: "fused",
    summary: "the engine with OpenBLAS's products: one for all gates of a step",
    longestCall: 1, usesOpenBLASThreads: true, batches: .withoutLengths,
    make: { EngineContestants.make($0, products: .openBLAS) })

  static let padded = ContestantKind(
    name: "padded",
    summary: "where sequences have lengths, the engine without them: every sequence to the end",
    longestCall: nil, batches: .withLengths,
    make: { EngineContestants.make($0.padded, products: .automatic) })

  static let packed = ContestantKind(
    name: "packed",
    summary: "the engine: its own products with weights packed once, its own threads",
    longestCall: nil,
    make: { EngineContestants.make($0, products: .automatic) })

  private static func packed(_ weights: WeightFormat, _ what: String) -> ContestantKind {
    ContestantKind(
      name: weights.rawValue, summary: "the engine with weights in \(what); inference alone",
      longestCall: nil, batches: .withoutLengths, weights: weights,
      make: { EngineContestants.make($0, products: .automatic, weights: weights) })
  }

  /// The kinds that a comma-separated list names, in the list's order.
  static func named(list: String) throws -> [ContestantKind] {
    var kinds: [ContestantKind] = []
    for name in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let kind = known.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        let known = known.map(\.name).joined(separator: ", ")
        throw BenchError.usage("--contestants: unknown contestant '\(name)' (known: \(known))")
      }
      if !kinds.contains(where: { $0.name == kind.name }) { kinds.append(kind) }
    }
    return kinds
  }
}
