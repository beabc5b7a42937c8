import LinAlg

/// How the pass of a layer follows that of another layer, and is followed, while all of them run: as soon as some
/// steps are done, the next layer takes them.
///
/// The pass runs on one thread. Others may read what it writes up to the step that it has handed on, so that buffers
/// are made before the passes begin.
struct Relay {
  // Unmanaged: threads that count references to one object fight for its cache line.
  /// The steps that the layer in front has done; nil where all inputs are there.
  var input: Unmanaged<StepProgress>?
  /// The steps that this one has done; nil where nobody follows.
  var output: Unmanaged<StepProgress>?
  /// What is dropped between the layer in front and this one.
  var mask: Unmanaged<StepMask>?
  /// How many steps are handed on at once.
  var blockSteps: Int

  /// Waits until `done` steps can be read, and drops of the given ones what is dropped.
  func receive(_ steps: Range<Int>, after done: Int) {
    input?._withUnsafeGuaranteedRef { $0.wait(for: done) }
    if !steps.isEmpty { mask?._withUnsafeGuaranteedRef { $0.apply(to: steps) } }
  }

  /// Hands `done` steps on.
  func handOn(_ done: Int) { output?._withUnsafeGuaranteedRef { $0.reach(done) } }
}

/// What is dropped between two layers, a few steps at a time.
class StepMask {
  /// Writes what is left of some steps.
  func apply(to steps: Range<Int>) {}
}

/// A mask of numbers of one type.
final class ScalarStepMask<Scalar: RecurrentScalar>: StepMask {
  /// Nil while nothing is dropped.
  var work: MaskedSteps<Scalar>?

  override func apply(to steps: Range<Int>) { work?.run(steps) }
}

/// The buffers of a layer's pass that can follow another's.
protocol RelayedBuffers: AnyObject {
  /// The pass that begins follows others; nil for one by itself.
  var relay: Relay? { get set }
  /// Who computes the products.
  var products: ProductStrategy { get }
  /// Makes room for the outputs of the pass that begins.
  func renewOutputs(steps: Int, batch: Int, features: Int)
  /// The memory of the outputs, whatever is in it; nil where the numbers are of another type.
  func outputs<S: RecurrentScalar>(of: S.Type) -> SequenceBatch<S>?
}

/// The same for recorded passes, forward and backward.
protocol RelayedRecording: RelayedBuffers {
  /// The largest number of steps that a recording may have.
  var maximumSteps: Int { get }
  /// The largest number of sequences that a recording may have.
  var maximumBatch: Int { get }
  /// The version of the parameters that the recorded pass has read.
  var recordedVersion: UInt64 { get }
  /// Whether sequences of the recorded pass end before others.
  var isRagged: Bool { get }
  /// Makes room for the gradients of the inputs of the pass that begins.
  func renewInputGradients(steps: Int, batch: Int, features: Int)
  /// The memory of these gradients, whatever is in it; nil where the numbers are of another type.
  func inputGradients<S: RecurrentScalar>(of: S.Type) -> SequenceBatch<S>?
}

extension Workspace: RelayedBuffers {
  func renewOutputs(steps: Int, batch: Int, features: Int) {
    outputs.renew(steps: steps, batch: batch, features: features)
  }

  func outputs<S: RecurrentScalar>(of: S.Type) -> SequenceBatch<S>? { outputs as? SequenceBatch<S> }
}

extension Tape: RelayedRecording {
  func renewOutputs(steps: Int, batch: Int, features: Int) {
    outputs.renew(steps: steps, batch: batch, features: features)
  }

  func outputs<S: RecurrentScalar>(of: S.Type) -> SequenceBatch<S>? { outputs as? SequenceBatch<S> }

  var isRagged: Bool {
    guard let lengths else { return false }
    for n in 0..<lengths.count where lengths[n] != lengths[0] { return true }
    return false
  }

  func renewInputGradients(steps: Int, batch: Int, features: Int) {
    dx.renew(steps: steps, batch: batch, features: features)
  }

  func inputGradients<S: RecurrentScalar>(of: S.Type) -> SequenceBatch<S>? {
    dx as? SequenceBatch<S>
  }
}
