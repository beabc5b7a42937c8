import Foundation
import LinAlg
import Recurrent
import SequenceModels

// Every gradient of every layer against central differences, through nothing but public names.
// L = ½‖outputs‖², so ∂L/∂outputs is the outputs themselves.

func loss<Layer: SequenceLayer>(
  _ layer: Layer, _ x: SequenceBatch<Double>, _ lengths: [Int]?
) -> Double where Layer.Scalar == Double {
  layer(x, from: nil, lengths: lengths, threads: nil, workspace: nil).outputs.elements
    .reduce(0) { $0 + $1 * $1 } / 2
}

/// The largest error of a parameter or input gradient, relative to the largest gradient.
func gradientError<Layer: SequenceLayer>(
  _ layer: Layer, _ x: SequenceBatch<Double>, lengths: [Int]? = nil
) -> Double where Layer.Scalar == Double {
  var layer = layer
  var x = x
  let tape = layer.makeTape(steps: x.steps, batch: x.batch)
  var gradients = layer.parameters.zeros()
  let out = layer.forward(x, from: nil, lengths: lengths, threads: nil, recording: tape)
  let d = layer.backward(out.outputs, through: tape, accumulatingInto: &gradients)

  let step = 1e-5
  var (error, scale) = (0.0, 0.0)
  func compare(_ gradient: Double, _ move: (Double) -> Void) {
    move(step)
    let above = loss(layer, x, lengths)
    move(-2 * step)
    let below = loss(layer, x, lengths)
    move(step)
    error = max(error, abs(gradient - (above - below) / (2 * step)))
    scale = max(scale, abs(gradient))
  }
  for block in 0..<gradients.blockCount {
    let dParameters = gradients[block: block].withUnsafeBufferPointer { Array($0) }
    for i in dParameters.indices {
      compare(dParameters[i]) { change in
        layer.parameters[block: block].withUnsafeMutableBufferPointer { $0[i] += change }
      }
    }
  }
  let dx = d.x.elements
  for i in dx.indices {
    compare(dx[i]) { change in x.withUnsafeMutableBufferPointer { $0[i] += change } }
  }
  return error / scale
}

/// The largest difference between a whole call and its steps, streamed in two sessions, of which the
/// second resumes the first from a file.
func streamingError<Layer: CausalLayer>(
  _ layer: Layer, _ x: SequenceBatch<Double>
) throws -> Double where Layer.Scalar == Double {
  let outputs = layer(x).outputs
  var error = 0.0
  var session = StreamingSession(layer, batch: x.batch)
  for t in 0..<x.steps {
    let y = session.step(x[step: t])
    for n in 0..<x.batch {
      for f in 0..<layer.outputSize { error = max(error, abs(y[n, f] - outputs[t, n, f])) }
    }
    let file = try JSONEncoder().encode(session.snapshot())
    session = try StreamingSession(
      layer, resuming: JSONDecoder().decode(StreamSnapshot.self, from: file))
  }
  return error
}

var rng = SeededGenerator(seed: 7)
let x = SequenceBatch<Double>.uniform(steps: 5, batch: 2, features: 3, using: &rng)
let delay = Delay<Double>(features: 3, gain: 0.7)
let options = MinimalGatedOptions(gateBias: 1)
let minimal: DefinedLayer<Double> = try options.makeLayer(inputSize: 3, hiddenSize: 4, using: &rng)
let errors = [
  ("LSTM", gradientError(LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  ("GRU", gradientError(GRU<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  ("SimpleRNN", gradientError(SimpleRNN<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  // Layers, options and a cell that are this package's own, alone and inside of layers of layers.
  ("Delay", gradientError(delay, x)),
  ("Delay of different lengths", gradientError(delay, x, lengths: [5, 2])),
  ("a stack of Delay", gradientError(Stacked([delay, delay]), x)),
  ("Delay with a learned start", gradientError(LearnedInitialState(delay), x, lengths: [3, 5])),
  ("both directions of Delay", gradientError(Bidirectional(forward: delay, backward: delay), x)),
  ("Centred", gradientError(Centred<Double>(features: 3, share: 0.8), x)),
  (
    "Centred of different lengths",
    gradientError(Centred<Double>(features: 3, share: 0.8), x, lengths: [4, 1])
  ),
  ("the minimal gated unit", gradientError(minimal, x)),
]
for (name, error) in errors {
  print("\(name): gradients agree with central differences to \(error)")
}
// The quotient's own error is about step² and rounding's 1e-16 / step: 1e-10 and 1e-11.
guard errors.allSatisfy({ $0.1 < 1e-8 }) else {
  print("a gradient is wrong: 1e-8 is the limit")
  exit(1)
}

let streamed = try [
  ("LSTM", streamingError(LSTM<Double>(inputSize: 3, hiddenSize: 4, using: &rng), x)),
  ("Delay", streamingError(delay, x)),
  ("Delay with a learned start", streamingError(LearnedInitialState(delay), x)),
  ("the minimal gated unit", streamingError(minimal, x)),
]
// Steps and a whole call add products up in other orders.
guard streamed.allSatisfy({ $0.1 < 1e-14 }) else {
  print("a stream is not what a whole call is: \(streamed)")
  exit(1)
}
let file = try JSONEncoder().encode(options)
guard try JSONDecoder().decode(MinimalGatedOptions.self, from: file) == options else {
  print("options do not survive their file")
  exit(1)
}
