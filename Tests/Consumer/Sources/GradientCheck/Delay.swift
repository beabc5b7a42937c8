import LinAlg
import Recurrent

/// A causal layer of somebody else's: `y[t] = gain ⊙ x[t−1]`.
///
/// Its state is `[N, 2·D]`: what the last step has put out, before the gain, and what the next one will.
struct Delay<Scalar: RecurrentScalar>: CausalLayer {
  typealias State = HiddenState<Scalar>

  let inputSize: Int
  var parameters: NamedParameters<Scalar>

  init(features: Int, gain: Scalar) {
    inputSize = features
    parameters = NamedParameters("gain", columns: features, of: gain)
  }

  var outputSize: Int { inputSize }

  func zeroState(batch: Int) -> State {
    State(hidden: .zeros(rows: batch, columns: 2 * inputSize))
  }

  func makeTape(steps: Int, batch: Int, products: ProductStrategy) -> PassRecord<State> {
    PassRecord()
  }

  func makeWorkspace(products: ProductStrategy) -> NoBuffers { NoBuffers() }

  func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    workspace: NoBuffers?
  ) -> RecurrentOutput<State> {
    var state = state ?? initialState(batch: x.batch)
    var outputs = SequenceBatch<Scalar>.zeros(steps: x.steps, batch: x.batch, features: inputSize)
    for n in 0..<x.batch {
      for t in 0..<(lengths?[n] ?? x.steps) {
        for f in 0..<inputSize {
          shift(&state, n, f, x[t, n, f])
          outputs[t, n, f] = gain[0, f] * state.hidden[n, f]
        }
      }
    }
    return RecurrentOutput(outputs, finalState: state)
  }

  func forward(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    recording tape: PassRecord<State>
  ) -> RecurrentOutput<State> {
    tape.record(x, from: state ?? initialState(batch: x.batch), lengths: lengths)
    return self(x, from: state, lengths: lengths, threads: threads, workspace: nil)
  }

  func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State?,
    through tape: PassRecord<State>, threads: Int?,
    accumulatingInto gradients: inout NamedParameters<Scalar>
  ) -> InputGradients<State> {
    let pass = tape.take()
    let x = pass.x
    var dState = dFinalState ?? zeroState(batch: x.batch)
    var dx = SequenceBatch<Scalar>.zeros(steps: x.steps, batch: x.batch, features: inputSize)
    var dGain = gradients.value
    for n in 0..<x.batch {
      for t in (0..<(pass.lengths?[n] ?? x.steps)).reversed() {
        for f in 0..<inputSize {
          let dy = dOutputs?[t, n, f] ?? 0
          let source = t == 0 ? pass.state.hidden[n, inputSize + f] : x[t - 1, n, f]
          dGain[0, f] += dy * source
          dx[t, n, f] = dState.hidden[n, inputSize + f]
          dState.hidden[n, inputSize + f] = dState.hidden[n, f] + gain[0, f] * dy
          dState.hidden[n, f] = 0
        }
      }
    }
    gradients.value = dGain
    return InputGradients(dx, initialState: dState)
  }

  func step(_ x: Matrix<Scalar>, _ state: inout State, threads: Int?, workspace: NoBuffers?) {
    for n in 0..<x.rows {
      for f in 0..<inputSize { shift(&state, n, f, x[n, f]) }
    }
  }

  func output(of state: State) -> Matrix<Scalar> {
    var result = Matrix<Scalar>.zeros(rows: state.batch, columns: inputSize)
    for n in 0..<state.batch {
      for f in 0..<inputSize { result[n, f] = gain[0, f] * state.hidden[n, f] }
    }
    return result
  }

  func stepsPerProduct(batch: Int) -> Int { 1 }

  private var gain: Matrix<Scalar> { parameters.value }

  private func shift(_ state: inout State, _ n: Int, _ f: Int, _ x: Scalar) {
    state.hidden[n, f] = state.hidden[n, inputSize + f]
    state.hidden[n, inputSize + f] = x
  }
}
