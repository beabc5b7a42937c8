import Autodiff
import LinAlg
internal import Synchronization

/// Learns word vectors from a corpus by skip-gram or CBOW (Mikolov et al. 2013).
///
/// ```swift
/// let vocabulary = Vocabulary(counting: sentences.joined(), special: [], minimumCount: 5)
/// var trainer = WordVectorTrainer<Float>(WordVectorOptions(.skipGram), vocabulary: vocabulary)
/// trainer.train(on: WordCorpus(sentences, vocabulary: vocabulary))
/// try trainer.vectors.write(to: "words.bin", as: .binary)
/// ```
/// For a word `w` and its neighbours `c` in a window around it, the vectors `v` and those that predict, `u`, follow
/// ```
/// h = v[c]  for each c alone (skip-gram), or the mean over all c (CBOW)
/// loss = −log P(w | h)      u ← u − rate·∂loss/∂u      v[c] ← v[c] − rate·∂loss/∂h
/// ```
/// As in the authors' program each neighbour of CBOW moves by the whole `∂loss/∂h`, not by its share. An example
/// touches the rows that it names alone: with five noise words one row of `v` and six of `u`.
public struct WordVectorTrainer<Scalar: LinAlgScalar>: Sendable {
  /// How the vectors are learned.
  public let options: WordVectorOptions
  /// The symbols.
  public let vocabulary: Vocabulary
  /// `v`, `[V, D]`.
  private var inputs: Matrix<Scalar>
  /// `u`: `[V, D]`, or `[V − 1, D]` for the decisions of a tree.
  public private(set) var outputs: Matrix<Scalar>

  /// What was learned so far.
  public var vectors: WordVectors<Scalar> {
    WordVectors(vocabulary: vocabulary, vectors: inputs)
  }

  /// Vectors that are drawn evenly from ±1/2D, and zeros that predict nothing yet.
  ///
  /// - Precondition: the vocabulary has two symbols at least; the options make sense.
  public init(_ options: WordVectorOptions, vocabulary: Vocabulary) {
    options.check()
    let (V, D) = (vocabulary.count, options.features)
    require(V > 1, "WordVectorTrainer: a vocabulary of \(V), expected two symbols at least")
    self.options = options
    self.vocabulary = vocabulary
    var rng = SeededGenerator(seed: options.seed)
    let bound = Scalar(0.5) / Scalar(D)
    inputs = .uniform(rows: V, columns: D, in: -bound..<bound, using: &rng)
    outputs = .zeros(rows: options.output == .hierarchicalSoftmax ? V - 1 : V, columns: D)
  }

  /// Replaces the vectors, such as by those of another corpus.
  ///
  /// - Precondition: both have the shapes that they have now.
  public mutating func start(from vectors: Matrix<Scalar>, outputs: Matrix<Scalar>) {
    require(
      vectors.rows == inputs.rows && vectors.columns == inputs.columns
        && outputs.rows == self.outputs.rows && outputs.columns == self.outputs.columns,
      """
      start: vectors [\(vectors.rows), \(vectors.columns)] and [\(outputs.rows), \
      \(outputs.columns)], expected [\(inputs.rows), \(inputs.columns)] and \
      [\(self.outputs.rows), \(self.outputs.columns)]
      """)
    inputs = vectors
    self.outputs = outputs
  }

  /// Reads the corpus as often as the options say, and learns from it.
  ///
  /// - Parameters:
  ///   - corpus: its counts say which words are subsampled, how noise is drawn and what tree decides.
  ///   - wantsLoss: whether the loss is computed.
  ///   - progress: is told the epoch, from 0, and the mean loss of its examples, or NaN where none was wanted
  ///     or made; false ends the training.
  /// - Precondition: the corpus is of the trainer's vocabulary.
  public mutating func train(
    on corpus: WordCorpus, wantsLoss: Bool = false,
    progress: (_ epoch: Int, _ loss: Double) -> Bool = { _, _ in true }
  ) {
    require(
      corpus.vocabularySize == vocabulary.count,
      """
      train: a corpus over a vocabulary of \(corpus.vocabularySize), expected one of \
      \(vocabulary.count)
      """)
    guard corpus.tokenCount > 0 else { return }
    let maker = ExampleMaker(options, counts: corpus.counts)
    let threads =
      switch options.threads {
      case .one: 1
      case .shared(let count): count ?? ThreadTeam.availableProcessors
      }
    let (options, tally) = (options, EpochTally(members: threads))
    for epoch in 0..<options.epochs {
      tally.begin()
      inputs.withUnsafeMutableBufferPointer { inputs in
        outputs.withUnsafeMutableBufferPointer { outputs in
          ThreadTeam.shared.run(
            threads: threads,
            EpochWork(
              corpus: corpus, maker: maker, options: options, epoch: epoch, wantsLoss: wantsLoss,
              inputs: inputs, outputs: outputs, tally: tally))
        }
      }
      if !progress(epoch, wantsLoss ? tally.meanLoss : .nan) { break }
    }
  }
}

/// How far an epoch is, and what its members found.
private final class EpochTally: Sendable {
  /// The next sentences that nobody has taken.
  let next = Atomic<Int>(0)
  // Each member writes its own place, while the epoch runs; the caller reads them after it.
  nonisolated(unsafe) private let losses: UnsafeMutableBufferPointer<Double>
  nonisolated(unsafe) private let counts: UnsafeMutableBufferPointer<Int>

  init(members: Int) {
    losses = .allocate(capacity: members)
    counts = .allocate(capacity: members)
  }

  deinit {
    losses.deallocate()
    counts.deallocate()
  }

  func begin() {
    losses.initialize(repeating: 0)
    counts.initialize(repeating: 0)
    next.store(0, ordering: .relaxed)
  }

  func set(loss: Double, count: Int, of member: Int) {
    losses[member] = loss
    counts[member] = count
  }

  var meanLoss: Double { losses.reduce(0, +) / Double(counts.reduce(0, +)) }
}

/// One member's part of an epoch: sentences as long as there are any that nobody has taken.
private struct EpochWork<Scalar: LinAlgScalar>: TeamWork {
  let corpus: WordCorpus
  let maker: ExampleMaker
  let options: WordVectorOptions
  let epoch: Int
  let wantsLoss: Bool
  let inputs: UnsafeMutableBufferPointer<Scalar>
  let outputs: UnsafeMutableBufferPointer<Scalar>
  let tally: EpochTally

  /// How many sentences a member takes at once.
  private static var sentencesAtOnce: Int { 32 }
  /// How many examples are learned from in one call: few enough that their rows' numbers stay in the nearest
  /// cache.
  private static var examplesAtOnce: Int { 256 }

  func run(_ member: TeamMember) {
    var examples = RowExamples()
    var learner = ExampleLearner<Scalar>(options)
    var scratch = ExampleMaker.Scratch()
    var (loss, count) = (0.0, 0)
    let total = Double(corpus.tokenCount) * Double(options.epochs)
    var rate = options.rate
    func learn(_ examples: inout RowExamples) {
      loss += learner.learn(
        examples, inputs: inputs, outputs: outputs, rate: rate, wantsLoss: wantsLoss)
      count += examples.count
      examples.removeAll()
    }
    while true {
      let first = tally.next.wrappingAdd(Self.sentencesAtOnce, ordering: .relaxed).oldValue
      guard first < corpus.sentenceCount else { break }
      for number in first..<min(first + Self.sentencesAtOnce, corpus.sentenceCount) {
        let range = corpus.starts[number]..<corpus.starts[number + 1]
        let read =
          Double(corpus.tokenCount) * Double(epoch) + Double(range.lowerBound)
        rate = max(
          min(options.rate, options.finalRate),
          options.rate + (options.finalRate - options.rate) * read / total)
        maker.addExamples(
          of: corpus.tokens[range], number: number, epoch: epoch, to: &examples,
          limit: Self.examplesAtOnce, scratch: &scratch, flush: learn)
      }
    }
    learn(&examples)
    tally.set(loss: loss, count: count, of: member.index)
  }
}
