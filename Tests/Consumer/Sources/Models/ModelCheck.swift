import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// One model: what it is called, how wrong its gradients are, and whether it writes what it was trained on.
struct ModelCheck {
  var name: String
  var gradientError: Double
  var isRight: Bool

  /// Compares gradients with central differences, then trains a copy and looks at what it does.
  ///
  /// - Parameters:
  ///   - loss: of the few sequences that there are.
  ///   - isRight: whether the trained model answers as they do.
  init<M: Model<Double>>(
    _ name: String, _ model: M, updates: Int = 300, loss: (M, Graph<Double>) -> Node<Double>,
    isRight: (M, Graph<Double>) -> Bool
  ) throws {
    self.name = name
    gradientError = Self.gradientError(model, loss)
    var trained = model
    let graph = Graph<Double>(threads: 1, seed: 1)
    var adam = Adam(for: trained.parameters, learningRate: 0.02)
    for _ in 0..<updates {
      try trained.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1, loss: loss)
    }
    self.isRight = trained.evaluate(on: graph, isRight)
  }

  /// The largest error of any gradient, relative to the largest gradient. Models without dropout draw nothing
  /// at random. All parameters are moved a little first: with biases of zero, a rectifier that is fed zeros
  /// lies at its kink.
  private static func gradientError<M: Model<Double>>(
    _ model: M, _ loss: (M, Graph<Double>) -> Node<Double>
  ) -> Double {
    let graph = Graph<Double>(threads: 1, seed: 1)
    var model = model
    var rng = SeededGenerator(seed: 5)
    for block in 0..<model.parameters.blockCount {
      model.parameters.withUnsafeMutableBufferPointer(ofBlock: block) { block in
        for i in block.indices { block[i] += Double.random(in: -0.1...0.1, using: &rng) }
      }
    }
    _ = model.gradients(on: graph, of: loss)
    let gradients = graph.gradients
    let step = 1e-4
    var (error, scale) = (0.0, 0.0)
    for block in 0..<gradients.blockCount where gradients.isTrained(block: block) {
      let own = gradients[block: block].withUnsafeBufferPointer { Array($0) }
      for i in own.indices {
        func value(_ change: Double) -> Double {
          var moved = model
          moved.parameters.withUnsafeMutableBufferPointer(ofBlock: block) { $0[i] += change }
          return moved.gradients(on: graph, of: loss).mean
        }
        let numeric = (value(step) - value(-step)) / (2 * step)
        error = max(error, abs(own[i] - numeric))
        scale = max(scale, abs(own[i]))
      }
    }
    return error / scale
  }
}
