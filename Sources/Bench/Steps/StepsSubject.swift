import LinAlg
import Recurrent

/// What is run again and again on some threads.
enum StepsSubject: String, CaseIterable {
  case character
  case tagger
  case stack128 = "stack-128"
  case stack256 = "stack-256"
  case stack128Training = "stack-128-training"
  case stack256Training = "stack-256-training"

  /// One line about it.
  var what: String {
    switch self {
    case .character: "a training step of the character model: LSTM 256, 32 × 64 of 96 characters"
    case .tagger: "one of the tagger: LSTM 2×128 in both directions, 32 × 5 to 50 of 5,000 words"
    case .stack128: "two LSTMs of 128 units over one sequence of 100 steps, inference"
    case .stack256: "the same with 256 units"
    case .stack128Training: "two LSTMs of 128 units, one sequence, forward and backward"
    case .stack256Training: "the same with 256 units"
    }
  }

  /// Whether it has layers that can run at the same time.
  var isStack: Bool {
    switch self {
    case .character, .tagger: false
    case .stack128, .stack256, .stack128Training, .stack256Training: true
    }
  }

  /// Makes it.
  ///
  /// - Parameter together: whether layers of a stack run at the same time; nil for what the engine chooses.
  func make(threads: Int, seed: UInt64, together: Bool?) -> any RepeatedSteps {
    var rng = SeededGenerator(seed: seed)
    switch self {
    case .character:
      let sizes = ModelRequest.Sizes(vocabulary: 96, embedding: 64, hidden: 256)
      let batches = (0..<8).map { _ in
        ModelBatch(lengths: Array(repeating: 64, count: 32), 96, classes: 96, using: &rng)
      }
      return TrainingSteps(
        TrainedModels.make(.character, sizes, dropout: 0.3, threads: threads, batches: batches))
    case .tagger:
      let sizes = ModelRequest.Sizes(vocabulary: 5000, embedding: 128, hidden: 128, classes: 40)
      let batches = (0..<8).map { _ in
        let lengths = (0..<32).map { _ in Int.random(in: 5...50, using: &rng) }
        return ModelBatch(lengths: lengths, 5000, classes: 40, using: &rng)
      }
      return TrainingSteps(
        TrainedModels.make(.tagger, sizes, dropout: 0.3, threads: threads, batches: batches))
    case .stack128: return StackSteps(128, trains: false, threads, together, using: &rng)
    case .stack256: return StackSteps(256, trains: false, threads, together, using: &rng)
    case .stack128Training: return StackSteps(128, trains: true, threads, together, using: &rng)
    case .stack256Training: return StackSteps(256, trains: true, threads, together, using: &rng)
    }
  }
}

/// Something that can be run again and again.
protocol RepeatedSteps: AnyObject {
  /// Runs it once.
  func step() throws
  /// The bits of all that came of it so far, in one number.
  ///
  /// - Parameter plantedError: relative, in the weights or outputs.
  func digest(plantedError: Float) -> UInt64
}

/// Updates of a model.
final class TrainingSteps: RepeatedSteps {
  private let model: any TrainedModel
  private var losses = BitDigest()

  init(_ model: any TrainedModel) { self.model = model }

  func step() throws { losses.add(try model.update().bitPattern) }

  func digest(plantedError: Float) -> UInt64 {
    var digest = losses
    for tensor in model.weights { digest.add(tensor.elements, scaledBy: 1 + plantedError) }
    return digest.value
  }
}

/// Calls of a stack of two LSTMs over one sequence.
private final class StackSteps: RepeatedSteps {
  private let stack: Stacked<LSTM<Float>>
  private let x: SequenceBatch<Float>
  private let dOutputs: SequenceBatch<Float>
  private let trains: Bool
  private let threads: Int
  private let tape: CompositeTape<Stacked<LSTM<Float>>>
  private let workspace: CompositeWorkspace<Stacked<LSTM<Float>>>
  private var gradients: StackedParameters<LSTMParameters<Float>>
  private var outputs: SequenceBatch<Float>?

  init(
    _ units: Int, trains: Bool, _ threads: Int, _ together: Bool?,
    using rng: inout SeededGenerator
  ) {
    let steps = 100
    stack = Stacked(count: 2, inputSize: units) {
      LSTM<Float>(inputSize: $0, hiddenSize: units, using: &rng)
    }
    x = .uniform(steps: steps, batch: 1, features: units, using: &rng)
    dOutputs = .uniform(steps: steps, batch: 1, features: units, using: &rng)
    (self.trains, self.threads) = (trains, threads)
    tape = stack.makeTape(steps: steps, batch: 1)
    workspace = stack.makeWorkspace()
    gradients = stack.parameters.zeros()
    stack.runLayersTogether(together, on: tape)
    stack.runLayersTogether(together, in: workspace)
  }

  func step() {
    outputs = nil
    if trains {
      outputs = stack.forward(x, threads: threads, recording: tape).outputs
      gradients.setToZero()
      stack.backward(dOutputs, through: tape, threads: threads, accumulatingInto: &gradients)
    } else {
      outputs = stack(x, threads: threads, workspace: workspace).outputs
    }
  }

  func digest(plantedError: Float) -> UInt64 {
    var digest = BitDigest()
    if let outputs { digest.add(outputs.elements, scaledBy: 1 + plantedError) }
    for i in 0..<gradients.blockCount {
      gradients[block: i].withUnsafeBufferPointer { digest.add($0) }
    }
    return digest.value
  }
}

/// The bits of many numbers in one (FNV-1a, of words instead of bytes).
struct BitDigest {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bits: UInt64) { value = (value ^ bits) &* 0x100_0000_01b3 }

  mutating func add(_ numbers: some Sequence<Float>, scaledBy factor: Float = 1) {
    for number in numbers { add(UInt64((number * factor).bitPattern)) }
  }
}

extension ModelRequest.Sizes {
  fileprivate init(vocabulary: Int, embedding: Int, hidden: Int, classes: Int = 1) {
    self.init()
    (self.vocabulary, self.embedding) = (vocabulary, embedding)
    (self.hidden, self.classes) = (hidden, classes)
  }
}

extension ModelBatch {
  /// Random tokens and labels, 0 after the ends.
  fileprivate init(
    lengths: [Int], _ vocabulary: Int32, classes: Int32, using rng: inout SeededGenerator
  ) {
    let steps = lengths.max() ?? 0
    func rows(_ count: Int32) -> [Int32] {
      (0..<steps).flatMap { t in
        lengths.map { t < $0 ? Int32.random(in: 0..<count, using: &rng) : 0 }
      }
    }
    self.init(
      tokens: rows(vocabulary), labels: rows(classes), steps: steps, lengths: lengths)
  }
}
