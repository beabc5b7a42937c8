#if Distributed
  import LinAlg
  import Recurrent

  /// The states that sequences carry from batch to batch: a rank has those of its groups' sequences.
  ///
  /// The sequences of a group follow from how many there are in the batch and how many groups, and from nothing
  /// else: one that goes on is where its state is, however many of its steps count.
  struct SequenceStates<Scalar: RecurrentScalar> {
    private let groupCount: Int
    /// Which groups this rank has.
    private let mine: Range<Int>
    /// For each group of this rank `N`, how many sequences all groups had in the batch that it has read; nil
    /// before the first.
    private var batches: [Int?]
    /// For each group of this rank `[1, n, S]`; nil where there is none.
    private var states: [SequenceBatch<Scalar>?]

    /// No states.
    init(groups groupCount: Int, of mine: Range<Int>) {
      (self.groupCount, self.mine) = (groupCount, mine)
      batches = mine.map { _ in nil }
      states = mine.map { _ in nil }
    }

    /// The sequences of each group, of a batch of `batch`.
    static func parts(of batch: Int, _ groupCount: Int) -> [[Int]] {
      shares(of: [Int](repeating: 1, count: batch), groupCount)
    }

    /// Begins a batch of a group of this rank: what it carries is the state before.
    mutating func begin(_ batch: some DivisibleBatch, ofGroup group: Int) {
      let (place, count) = (group - mine.lowerBound, batch.validSteps.count)
      if batch.continuesSequences {
        require(
          batches[place] ?? count == count,
          "DistributedTrainer: a batch of \(count) sequences goes on, where \(batches[place] ?? 0) were"
        )
      } else {
        states[place] = nil
      }
      batches[place] = count
    }

    /// What a group of this rank carries, `[1, n, S]`; nil for nothing.
    subscript(_ group: Int) -> SequenceBatch<Scalar>? {
      get { states[group - mine.lowerBound] }
      _modify { yield &states[group - mine.lowerBound] }
    }

    /// Takes from the state of all sequences, `[1, N, S]`, those that this rank has.
    mutating func take(_ whole: SequenceBatch<Scalar>) {
      require(
        whole.steps == 1, "DistributedTrainer: a state of shape \(whole.shape), expected one step")
      batches = mine.map { _ in whole.batch }
      let (parts, width) = (Self.parts(of: whole.batch, groupCount), whole.features)
      for group in mine {
        let part = parts[group]
        guard !part.isEmpty else {
          states[group - mine.lowerBound] = nil
          continue
        }
        var own = SequenceBatch<Scalar>.zeros(steps: 1, batch: part.count, features: width)
        whole.withUnsafeBufferPointer { from in
          own.withUnsafeMutableBufferPointer { to in
            for (row, sequence) in part.enumerated() {
              for i in 0..<width { to[row * width + i] = from[sequence * width + i] }
            }
          }
        }
        states[group - mine.lowerBound] = own
      }
    }

    /// The state of all sequences, on every rank; nil while there is none.
    func gathered(on world: Communicator) throws(DistributedError) -> SequenceBatch<Scalar>? {
      guard case let batch?? = batches.first else { return nil }
      // A rank without a sequence does not know how wide a state is.
      let own = states.reduce(0) { max($0, $1?.features ?? 0) }
      let widths = try world.startGather([UInt64(own)], "the widths of the states").wait()
      let width = Int(widths.reduce(0) { max($0, $1[0]) })
      let parts = Self.parts(of: batch, groupCount)
      let counts = (0..<world.size).map { rank in
        groups(ofRank: rank, of: world.size, groupCount).reduce(0) { $0 + parts[$1].count } * width
      }
      let memory = ExchangeMemory(repeating: Scalar.zero, count: batch * width)
      var place = counts[..<world.rank].reduce(0, +)
      for case let state? in states {
        state.withUnsafeBufferPointer { from in
          for i in 0..<from.count { memory.pointer[place + i] = from[i] }
        }
        place += state.count
      }
      world.wait(try world.startGather(memory, counts, "the states"))
      var whole = SequenceBatch<Scalar>.zeros(steps: 1, batch: batch, features: width)
      whole.withUnsafeMutableBufferPointer { to in
        for (row, sequence) in parts.joined().enumerated() {
          for i in 0..<width { to[sequence * width + i] = memory.pointer[row * width + i] }
        }
      }
      return whole
    }
  }
#endif
