#if Distributed
  extension Communicator {
    /// Compares what has to be the same on all ranks.
    ///
    /// - Parameter fields: what it is called, and how it is here: as many on each rank, in the same order.
    /// - Throws: ``DistributedError`` with all fields that are not the same, and how they are on which ranks;
    ///   the same on every rank.
    public func requireAgreement(
      _ fields: [(name: String, value: String)]
    ) throws(DistributedError) {
      let text = fields.map { "\(Self.line($0.name))\n\(Self.line($0.value))" }.joined(
        separator: "\n")
      let all = try gather(text).map { $0.split(separator: "\n", omittingEmptySubsequences: false) }
      var (reasons, ranks): ([String], Set<Int>) = ([], [])
      for i in stride(from: 0, to: all[0].count - 1, by: 2) {
        var values: [(value: Substring, ranks: [Int])] = []
        for rank in 0..<size {
          let value =
            all[rank].count == all[0].count && all[rank][i] == all[0][i]
            ? all[rank][i + 1] : "nothing of this name"
          if let known = values.firstIndex(where: { $0.value == value }) {
            values[known].ranks.append(rank)
          } else {
            values.append((value, [rank]))
          }
        }
        guard values.count > 1 else { continue }
        // The most frequent value is what the others are measured by, that of rank 0 where none is.
        let most = values.map(\.ranks.count).max() ?? 0
        let usual = values.firstIndex { $0.ranks.count == most } ?? 0
        for (k, entry) in values.enumerated() where k != usual { ranks.formUnion(entry.ranks) }
        let parts = values.map { "\($0.value) on \(listed($0.ranks))" }
        reasons.append("\(all[0][i]): \(parts.joined(separator: "; "))")
      }
      guard reasons.isEmpty else {
        throw DistributedError(
          .disagreement, ranks: ranks.sorted(), isCommon: true,
          "the ranks do not agree on \(reasons.joined(separator: ", and on "))")
      }
    }

    private static func line(_ text: String) -> String {
      String(text.map { $0.isNewline ? " " : $0 })
    }
  }

  /// A number that two sequences of words hardly have in common unless they are equal (FNV-1a, 64 bits, a word at
  /// a time).
  struct Fingerprint {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
      value = (value ^ word) &* 0x0000_0100_0000_01B3
      value ^= value >> 29
    }

    mutating func add(_ words: some Sequence<Int>) {
      for word in words { add(UInt64(truncatingIfNeeded: word)) }
    }

    mutating func add(_ text: String) {
      for byte in text.utf8 { add(UInt64(byte)) }
    }
  }
#endif
