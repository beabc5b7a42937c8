#if Distributed
  import Autodiff
  import LinAlg
  import Recurrent
  import SequenceModels

  /// A batch of which each rank takes some sequences.
  public protocol DivisibleBatch {
    /// How many steps of each sequence count: by them, ranks get about equally much to do.
    var validSteps: [Int] { get }
    /// A number that other batches hardly have: ranks that read different ones end the job.
    var fingerprint: UInt64 { get }
    /// Whether its sequences go on where those of the batch before ended, number by number: a training that
    /// carries states begins with that state, and else with none.
    var continuesSequences: Bool { get }

    /// The batch of some of its sequences, as many steps long.
    ///
    /// - Parameter sequences: their numbers in this batch, from 0; at least one.
    func part(_ sequences: [Int]) -> Self
  }

  extension DivisibleBatch {
    /// No: all of its sequences begin with it.
    public var continuesSequences: Bool { false }

    /// Follows from ``validSteps``.
    public var fingerprint: UInt64 {
      var result = Fingerprint()
      result.add(validSteps)
      return result.value
    }
  }

  extension FramedBatch: DivisibleBatch {
    /// The lengths.
    public var validSteps: [Int] { lengths }
    /// Follows from inputs, labels and lengths.
    public var fingerprint: UInt64 { fingerprintOf([inputs, labels], lengths) }

    /// The batch of some of its sequences.
    public func part(_ sequences: [Int]) -> FramedBatch {
      FramedBatch(
        inputs: inputs.part(sequences), labels: labels.part(sequences),
        lengths: sequences.map { lengths[$0] })
    }
  }

  extension LabelledSequences.Batch: DivisibleBatch {
    /// The lengths of the sequences.
    public var validSteps: [Int] { sequences.lengths }
    /// Follows from sequences, labels and lengths.
    public var fingerprint: UInt64 { fingerprintOf([sequences.tokens, labels], sequences.lengths) }

    /// The batch of some of its sequences.
    public func part(_ numbers: [Int]) -> LabelledSequences.Batch {
      var result = self
      result.sequences = sequences.part(numbers)
      result.labels = labels.part(numbers)
      return result
    }
  }

  extension SequencePairs.Batch: DivisibleBatch {
    /// The lengths of both sequences of each pair together.
    public var validSteps: [Int] { zip(sources.lengths, targets.lengths).map { $0 + $1 } }
    /// Follows from sources, targets and lengths.
    public var fingerprint: UInt64 {
      fingerprintOf([sources.tokens, targets.tokens], sources.lengths + targets.lengths)
    }

    /// The batch of some of its pairs.
    public func part(_ sequences: [Int]) -> SequencePairs.Batch {
      var result = self
      result.sources = sources.part(sequences)
      result.targets = targets.part(sequences)
      return result
    }
  }

  extension TokenWindow: DivisibleBatch {
    /// How many targets of each stream count.
    public var validSteps: [Int] {
      (0..<targets.batch).map { n in
        (0..<targets.steps).reduce(0) { $0 + (targets[$1, n] == TokenStreams.ignored ? 0 : 1) }
      }
    }
    /// Follows from inputs, targets and the window's number.
    public var fingerprint: UInt64 { fingerprintOf([inputs, targets], [index]) }
    /// In all windows but the first.
    public var continuesSequences: Bool { index > 0 }

    /// The window of some of its streams. It has no state: a training either carries that of its streams, see
    /// ``DistributedTrainer/run(_:on:batches:heldOut:carrying:)``, or begins each window without a past.
    public func part(_ sequences: [Int]) -> TokenWindow {
      var result = self
      result.inputs = inputs.part(sequences)
      result.targets = targets.part(sequences)
      return result
    }
  }

  private func fingerprintOf(_ batches: [TokenBatch], _ lengths: [Int]) -> UInt64 {
    var result = Fingerprint()
    result.add(lengths)
    for batch in batches {
      result.add(batch.shape)
      batch.withUnsafeBufferPointer { result.add($0.lazy.map { Int($0) }) }
    }
    return result.value
  }

  extension TokenBatch {
    fileprivate func part(_ sequences: [Int]) -> TokenBatch {
      TokenBatch(
        steps: steps, batch: sequences.count,
        tokens: (0..<steps).flatMap { t in sequences.map { self[t, $0] } })
    }
  }

  extension PaddedBatch {
    fileprivate func part(_ sequences: [Int]) -> PaddedBatch {
      // What fills the first of them that is filled; nothing is where none is.
      let filled = sequences.first { lengths[$0] < steps }
      let symbol = filled.map { tokens[side == .back ? steps - 1 : 0, $0] } ?? 0
      return PaddedBatch(
        sequences.map { sequence($0) }, padding: Padding(with: symbol, at: side), steps: steps)
    }
  }
#endif
