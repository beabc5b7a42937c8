import Recurrent

/// A layer of the sequence, and what is needed to make it anew.
struct HeldLayer<Layer: SequenceLayer> {
  let name: String
  var layer: Layer
  /// A layer like this one that no call has ever got.
  var pristine: Layer
  /// What it is besides its numbers: kind and sizes, options.
  var configuration: String
  /// How often its parameters have been open for a change.
  var changes = 0
  /// Whether parts of other layers have been put into it, after which the suite does not know what fits.
  var isMixed = false

  /// Whether all blocks have the tensors that the layer was made with.
  var isWhole: Bool { layer.parameters.specs == pristine.parameters.specs }

  /// The same layer in memory of its own.
  var fresh: Layer {
    var result = pristine
    result.parameters = pristine.parameters.filled(with: layer.parameters)
    return result
  }
}

/// What a recording should hold.
struct Recorded<Layer: SequenceLayer> {
  /// The layer as it was, in memory of its own.
  var layer: Layer
  var configuration: String
  /// Which of the sequence's layers it was, and how often it had been changed.
  var name: String
  var changes: Int
  var x: SequenceBatch<Layer.Scalar>
  var state: Layer.State?
  var lengths: [Int]?
  var noise: RecordingNoise?
  var outputs: [Int]
}

/// A recording of the sequence, and what it should hold.
struct HeldTape<Layer: SequenceLayer> {
  let name: String
  let tape: Layer.Recording
  let maker: String
  let configuration: String
  let steps: Int
  let batch: Int
  var recorded: Recorded<Layer>?
  /// Whether something was done to it of which the suite does not know what it means.
  var isUnknown = false
}
