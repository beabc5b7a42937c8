import Autodiff
import LinAlg
import ModelFiles
import Recurrent
import SequenceModels

/// A model whose file has about the wanted size: a stack of LSTMs.
struct FileStack: Model {
  var layers: Stacked<LSTM<Float>>

  /// Layers of 1024 units and as many inputs; where one would be larger than the file is to be, a smaller one.
  ///
  /// - Parameter bytes: about how many its weights have.
  init(bytes: Int, seed: UInt64) {
    // Four gates of `H` rows with `H` inputs, `H` units and a bias.
    func layerBytes(_ H: Int) -> Int { 4 * 4 * H * (2 * H + 1) }
    let size = (1...1024).last { layerBytes($0) <= bytes } ?? 1
    var rng = SeededGenerator(seed: seed)
    layers = Stacked(count: max(bytes / layerBytes(size), 1), inputSize: size) {
      LSTM(inputSize: $0, hiddenSize: size, using: &rng)
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
