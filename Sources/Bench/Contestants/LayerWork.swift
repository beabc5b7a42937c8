import LinAlg
import Recurrent

/// What a layer of any kind works on.
struct LayerWork {
  /// The inputs, `[T, N, D]`.
  var x: SequenceBatch<Float>
  /// The gradient of the loss with respect to the outputs, `[T, N, F]`; nil without a backward pass.
  var dOutputs: SequenceBatch<Float>?

  /// Draws the numbers of a case; `outputs` is `F`.
  init(_ item: LayerCase, outputs: Int, using generator: inout SeededGenerator) {
    let shape = item.shape
    x = .uniform(steps: shape.T, batch: shape.N, features: shape.D, using: &generator)
    dOutputs =
      item.mode.includesBackward
      ? .uniform(steps: shape.T, batch: shape.N, features: outputs, using: &generator) : nil
  }

  /// The same work with the output gradients of every other sequence zero: the parameters' gradients
  /// are then those of `sequences` alone, while a layer still runs at the full batch.
  func maskingGradients(to sequences: [Int]) -> LayerWork {
    var result = self
    let others = Set(0..<x.batch).subtracting(sequences)
    guard let features = dOutputs?.features, !others.isEmpty else { return result }
    result.dOutputs?.withUnsafeMutableBufferPointer { elements in
      for t in 0..<x.steps {
        for n in others {
          let start = (t * x.batch + n) * features
          for i in start..<start + features { elements[i] = 0 }
        }
      }
    }
    return result
  }

  /// The same work on some of the sequences only.
  func restricted(to sequences: [Int]) -> LayerWork {
    func restricted(_ data: SequenceBatch<Float>) -> SequenceBatch<Float> {
      SequenceBatch(
        steps: data.steps, batch: sequences.count, features: data.features,
        elements: gatherSequences(
          data.elements, blocks: data.steps, batch: data.batch, sequences: sequences))
    }
    var result = self
    result.x = restricted(x)
    result.dOutputs = dOutputs.map(restricted)
    return result
  }
}
