#if Distributed
  import DistributedTraining
  import LinAlg

  /// How batches are divided among ranks: every sequence once, evenly, and always alike.
  func checkShares() throws {
    func expect(_ isRight: Bool, _ what: String) throws {
      if !isRight { throw CheckError(reason: "\(what) is wrong") }
    }
    try expect(
      shares(of: [3, 9, 1, 7, 8, 2], 2) == [[0, 1, 2, 5], [3, 4]], "the division of six sequences")
    try expect(shares(of: [5, 5, 5], 4) == [[0], [1], [2], []], "that of three among four")
    try expect(shares(of: [], 2) == [[], []], "that of none")
    let seed = UInt64.random(in: 0..<1000)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let steps = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        Int.random(in: 0...30, using: &generator)
      }
      let count = Int.random(in: 1...9, using: &generator)
      let parts = shares(of: steps, count)
      try expect(
        parts.flatMap { $0 }.sorted() == Array(steps.indices), "seed \(seed): not each once")
      let totals = parts.map { $0.reduce(0) { $0 + steps[$1] } }
      // Whoever has most would have less without its last, shortest sequence than anybody else has.
      let most = totals.max() ?? 0
      let shortest =
        parts.indices.filter { totals[$0] == most }
        .compactMap { part in parts[part].map { steps[$0] }.filter { $0 > 0 }.min() }.max() ?? 0
      try expect(most - shortest <= totals.min() ?? 0, "seed \(seed): shares of \(totals) steps")
    }
    try expect(subtrees(of: 0..<8) == [0..<8], "the subtrees of all")
    try expect(subtrees(of: 2..<5) == [2..<4, 4..<5], "those of 2..<5")
    try expect(subtrees(of: 3..<8) == [3..<4, 4..<8], "those of 3..<8")
    print("shares: right, seed \(seed)")
  }
#endif
