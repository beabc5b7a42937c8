import Autodiff
import LinAlg
import ModelFiles
import Recurrent
import SequenceModels

/// A model whose file has about the wanted size: a stack of LSTMs.
struct FileStack: Model {
  /// The units of each layer, and the features of its inputs.
  static let size = 1024
  /// The bytes of a layer's weights.
  private static let layerBytes = 4 * (4 * size * (2 * size + 1))

  var layers: Stacked<LSTM<Float>>

  /// - Parameter bytes: about how many its weights have; there is one layer at least.
  init(bytes: Int, seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    layers = Stacked(count: max(bytes / Self.layerBytes, 1), inputSize: Self.size) {
      LSTM(inputSize: $0, hiddenSize: Self.size, using: &rng)
    }
  }

  mutating func visitParts(_ part: inout PartVisitor<Float>) {
    part("layers", &layers)
  }

  /// Whether both have the same weights, bit for bit.
  func hasBits(of other: FileStack) -> Bool {
    let (a, b) = (parameters, other.parameters)
    guard a.blockCount == b.blockCount else { return false }
    return (0..<a.blockCount).allSatisfy { block in
      a[block: block].withUnsafeBufferPointer { a in
        b[block: block].withUnsafeBufferPointer { b in
          a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
        }
      }
    }
  }

  /// What trains it.
  var optimizer: Adam<ModelParameters<Float>> { Adam(for: parameters) }

  /// What a snapshot of its training holds.
  var snapshot: TrainingSnapshot<Float> {
    TrainingSnapshot(
      parameters: parameters, best: nil, optimizer: optimizer.state, state: nil,
      noise: RecordingNoise(seed: 1), history: TrainingHistory(), epoch: 0, batch: 0,
      course: TrainingCourse())
  }
}
