import LinAlg
import Recurrent

/// Any layer behind the contestants' protocol: what the gate measures where there are no other
/// implementations.
final class LayerContestant<Layer: SequenceLayer>: Contestant {
  private let layer: Layer
  private let threads: Int
  private let x: SequenceBatch<Layer.Scalar>
  private let dOutputs: SequenceBatch<Layer.Scalar>?
  private let workspace: Layer.Buffers?
  private let tape: Layer.Recording?
  private var gradients: Layer.Parameters

  private var output: RecurrentOutput<Layer.State>?
  private var inputGradients: InputGradients<Layer.State>?

  init(
    _ layer: Layer, _ mode: Mode, _ work: LayerWork, threads: Int,
    products: ProductStrategy = .automatic
  ) {
    func converted(_ data: SequenceBatch<Float>) -> SequenceBatch<Layer.Scalar> {
      SequenceBatch(
        steps: data.steps, batch: data.batch, features: data.features,
        elements: data.elements.map { Layer.Scalar($0) })
    }
    self.layer = layer
    self.threads = threads
    x = converted(work.x)
    dOutputs = mode.includesBackward ? work.dOutputs.map(converted) : nil
    workspace = mode == .inference ? layer.makeWorkspace(products: products) : nil
    tape =
      mode == .inference ? nil : layer.makeTape(steps: x.steps, batch: x.batch, products: products)
    tape?.noise = RecordingNoise(seed: 1)
    gradients = layer.parameters.zeros()
  }

  func call() {
    // Results share the workspace's or the tape's memory: dropped first, they let it be used again.
    output = nil
    inputGradients = nil
    guard let tape else {
      output = layer(x, from: nil, lengths: nil, threads: threads, workspace: workspace)
      return
    }
    output = layer.forward(x, from: nil, lengths: nil, threads: threads, recording: tape)
    guard let dOutputs else { return }
    gradients.setToZero()
    inputGradients = layer.backward(
      dOutputs, finalState: nil, through: tape, threads: threads, accumulatingInto: &gradients)
  }

  func results() -> Results {
    var results = Results(steps: x.steps, batch: x.batch)
    output?.outputs.withUnsafeBufferPointer { results.set(.outputs, $0) }
    guard let inputGradients else { return results }
    inputGradients.x.withUnsafeBufferPointer { results.set(.dx, $0) }
    for block in 0..<gradients.blockCount {
      let parameters = gradients[block: block]
      for (index, spec) in parameters.specs.enumerated() {
        let name = Results.gradientName(spec.name, block: block, of: gradients.blockCount)
        results.gradients[name] = parameters[tensor: index].withUnsafeBufferPointer {
          $0.map { Double($0) }
        }
      }
    }
    return results
  }
}

extension Results {
  /// What the gradient of a parameter is called, such as `dW of block 1` where there are several blocks.
  static func gradientName(_ parameter: String, block: Int, of count: Int) -> String {
    count == 1 ? "d\(parameter)" : "d\(parameter) of block \(block)"
  }
}

/// Makes the layers of ``LayerKind`` and what they work on, all drawn from one seed.
enum LayerContestants {
  /// - Throws: what a layer refuses.
  static func make(
    _ item: LayerCase, threads: Int, seed: UInt64 = 1
  ) throws -> any Contestant {
    func contestant<Layer: SequenceLayer<Float>>(
      _ layer: Layer, _ work: LayerWork
    ) -> any Contestant {
      LayerContestant(layer, item.mode, work, threads: threads)
    }
    let (layer, work) = try draw(item, seed: seed)
    return contestant(layer, work)
  }

  /// The layer and what it works on.
  static func draw(
    _ item: LayerCase, seed: UInt64
  ) throws -> (layer: any SequenceLayer<Float>, work: LayerWork) {
    var random = SeededGenerator(seed: seed)
    func disturbed<Layer: SequenceLayer<Float>>(_ layer: Layer) -> any SequenceLayer<Float> {
      layer.disturbed(hiddenSize: item.shape.H, using: &random)
    }
    let layer = disturbed(
      try item.layer.makeLayer(
        Float.self, inputSize: item.shape.D, hiddenSize: item.shape.H, using: &random))
    return (layer, LayerWork(item, outputs: layer.outputSize, using: &random))
  }
}
