#if Distributed

  /// What keeps a job of several ranks from going on.
  public struct DistributedError: Error, Hashable, CustomStringConvertible {
    /// What kind of thing it is.
    public enum Kind: Sendable, Hashable {
      /// MPI could not be started, or allows less than is needed.
      case start
      /// A call of MPI failed.
      case message
      /// Ranks do not say the same of what has to be the same.
      case disagreement
      /// A rank could not do what only it does, such as writing a checkpoint.
      case failure
    }

    /// What kind of thing it is.
    public var kind: Kind
    /// The ranks that it is about, in order; empty where it is about all.
    public var ranks: [Int]
    /// What happened.
    public var reason: String
    /// Whether every rank throws this same error, so that one of them is enough to say so.
    public var isCommon: Bool

    init(_ kind: Kind, ranks: [Int] = [], isCommon: Bool = false, _ reason: String) {
      (self.kind, self.ranks, self.isCommon, self.reason) = (kind, ranks, isCommon, reason)
    }

    /// The ranks and what happened.
    public var description: String {
      ranks.isEmpty ? reason : "\(listed(ranks)): \(reason)"
    }
  }

  /// `rank 1`, `ranks 0 and 2`, `ranks 0, 2 and 3`.
  func listed(_ ranks: [Int]) -> String {
    guard let last = ranks.last else { return "no rank" }
    if ranks.count == 1 { return "rank \(last)" }
    return "ranks \(ranks.dropLast().map(String.init).joined(separator: ", ")) and \(last)"
  }
#endif
