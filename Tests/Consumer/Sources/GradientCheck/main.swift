import Foundation
import LinAlg
import Recurrent
import SequenceModels

// Every gradient of every layer against central differences, through nothing but public names.
// L = ½‖outputs‖², so ∂L/∂outputs is the outputs themselves.

func loss<Layer: RecurrentLayer>(_ layer: Layer, _ x: SequenceBatch<Double>) -> Double
where Layer.Scalar == Double {
  layer(x).outputs.elements.reduce(0) { $0 + $1 * $1 } / 2
}

/// The largest error of a parameter or input gradient, relative to the largest gradient.
func gradientError<Layer: RecurrentLayer>(_ layer: Layer, _ x: SequenceBatch<Double>) -> Double
where Layer.Scalar == Double {
  var layer = layer
  var x = x
  let tape = layer.makeTape(steps: x.steps, batch: x.batch)
  var gradients = layer.parameters.zeros()
  let out = layer.forward(x, recording: tape)
  let d = layer.backward(out.outputs, through: tape, accumulatingInto: &gradients)

  let step = 1e-5
  var (error, scale) = (0.0, 0.0)
  func compare(_ gradient: Double, _ move: (Double) -> Void) {
    move(step)
    let above = loss(layer, x)
    move(-2 * step)
    let below = loss(layer, x)
    move(step)
    error = max(error, abs(gradient - (above - below) / (2 * step)))
    scale = max(scale, abs(gradient))
  }
  let dParameters = gradients.block.withUnsafeBufferPointer { Array($0) }
  for i in dParameters.indices {
    compare(dParameters[i]) { change in
      layer.parameters.block.withUnsafeMutableBufferPointer { $0[i] += change }
    }
  }
  let dx = d.x.elements
  for i in dx.indices {
    compare(dx[i]) { change in x.withUnsafeMutableBufferPointer { $0[i] += change } }
  }
  return error / scale
}

var rng = SeededGenerator(seed: 7)
let x = SequenceBatch<Double>.uniform(steps: 5, batch: 2, features: 3, using: &rng)
let errors = [
  ("LSTM", gradientError(LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  ("GRU", gradientError(GRU<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  ("SimpleRNN", gradientError(SimpleRNN<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
]
for (name, error) in errors {
  print("\(name): gradients agree with central differences to \(error)")
}
// The quotient's own error is about step² and rounding's 1e-16 / step: 1e-10 and 1e-11.
guard errors.allSatisfy({ $0.1 < 1e-8 }) else {
  print("a gradient is wrong: 1e-8 is the limit")
  exit(1)
}
