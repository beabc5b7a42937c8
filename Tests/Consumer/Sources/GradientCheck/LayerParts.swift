import LinAlg
import Recurrent

// What the layers of this package are made of, by public names alone.

/// One row of trainable numbers.
struct NamedParameters<Scalar: RecurrentScalar>: LayerParameters {
  var block: ParameterBlock<Scalar>

  init(_ name: String, columns: Int, of value: Scalar) {
    block = ParameterBlock([ParameterSpec(name, rows: 1, columns: columns)])
    fill(with: value)
  }

  var value: Matrix<Scalar> {
    get { block[tensor: 0] }
    set { block[tensor: 0] = newValue }
  }
}

/// What went into a pass.
final class PassRecord<State: CarriedState>: SequenceRecording {
  private var pass: (x: SequenceBatch<State.Scalar>, state: State, lengths: [Int]?)?
  private(set) var recordedPasses = 0

  var noise: RecordingNoise?
  var isRecorded: Bool { pass != nil }
  var byteCount: Int { (pass?.x.count ?? 0) * MemoryLayout<State.Scalar>.stride }

  func record(_ x: SequenceBatch<State.Scalar>, from state: State, lengths: [Int]?) {
    pass = (x, state, lengths)
    recordedPasses += 1
  }

  /// The pass, which is then spent.
  func take() -> (x: SequenceBatch<State.Scalar>, state: State, lengths: [Int]?) {
    guard let pass else { preconditionFailure("nothing has been recorded") }
    discard()
    return pass
  }

  func discard() { pass = nil }
}

/// The buffers of layers that need none.
final class NoBuffers {}
