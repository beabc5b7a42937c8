#if Distributed
  import DistributedTraining
  import Foundation

  /// Sums, broadcasts and texts of all ranks, against what they have to be.
  func checkMessages(_ options: CheckOptions) {
    Communicator.run(timeout: options.timeout) { world in
      func expect(_ isRight: Bool, _ what: String) throws {
        if !isRight { throw CheckError(reason: "\(what) is wrong") }
      }
      let (rank, size) = (Double(world.rank), Double(world.size))
      for count in [0, 1, 5, 1000, 200_000] {
        let numbers = (0..<count).map { Double($0) + rank }
        let pending = try world.startSum(numbers, of: "test numbers")
        let others = try world.startSum([rank])
        let sums = pending.wait()
        try expect(
          sums.indices.allSatisfy { sums[$0] == Double($0) * size + size * (size - 1) / 2 },
          "the sum of \(count) numbers")
        try expect(others.wait() == [size * (size - 1) / 2], "the second sum")
      }
      for root in 0..<world.size {
        try expect(
          try world.broadcast([rank, -0.0, .pi], from: root).map(\.bitPattern)
            == [Double(root), -0.0, .pi].map(\.bitPattern), "the broadcast of rank \(root)")
        let texts = (0..<world.size).map { String(repeating: "zwölf ", count: 3 * $0) }
        try expect(
          try world.broadcast(texts[world.rank], from: root) == texts[root],
          "the text of rank \(root)")
        try expect(try world.gather(texts[world.rank]) == texts, "the gathered texts")
      }
      try world.requireAgreement([("a number", "7"), ("a text", "")])
      do {
        try world.requireAgreement([("the same", "0"), ("the rank", "\(world.rank)")])
        try expect(world.size == 1, "an agreement of ranks that do not agree")
      } catch let error as DistributedError {
        try expect(
          error.isCommon && error.kind == .disagreement
            && error.reason.contains("the rank: 0 on rank 0")
            && error.ranks == Array(1..<world.size), "the message \(error)")
      }
      try world.barrier()
      if world.rank == 0 { print("messages of \(world.size) ranks: right") }
    }
  }
#endif
