import LinAlg
import Recurrent

var rng = SeededGenerator(seed: 42)
let lstm = LSTM<Float>(inputSize: 64, hiddenSize: 128, using: &rng)
let x = SequenceBatch<Float>.uniform(steps: 32, batch: 16, features: 64, using: &rng)

let y = lstm(x)  // inference; the state starts at zero
print(y.outputs.shape)  // [32, 16, 128]: every hidden state, time first

let tape = lstm.makeTape(steps: 32, batch: 16)  // every buffer of training, allocated once
var gradients = lstm.parameters.zeros()  // same type as the parameters
let out = lstm.forward(x, from: y.finalState, recording: tape)
let dOutputs = out.outputs  // ∂L/∂outputs of the loss L = ½‖outputs‖²
let d = lstm.backward(dOutputs, through: tape, accumulatingInto: &gradients)
print(d.x.shape, gradients.U.rows)  // [32, 16, 64] 512: ∂L/∂x and ∂L/∂U
