import LinAlg
import Recurrent

/// A layer of somebody else's that needs whole sequences: `y[t] = x[t] − share ⊙ mean over t of x`.
struct Centred<Scalar: RecurrentScalar>: SequenceLayer {
  /// Nothing is carried from step to step: `[N, 0]`.
  typealias State = HiddenState<Scalar>

  let inputSize: Int
  var parameters: NamedParameters<Scalar>

  init(features: Int, share: Scalar) {
    inputSize = features
    parameters = NamedParameters("share", columns: features, of: share)
  }

  var outputSize: Int { inputSize }

  func zeroState(batch: Int) -> State { State(hidden: .zeros(rows: batch, columns: 0)) }

  func makeTape(steps: Int, batch: Int, products: ProductStrategy) -> PassRecord<State> {
    PassRecord()
  }

  func makeWorkspace(products: ProductStrategy) -> NoBuffers { NoBuffers() }

  func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    workspace: NoBuffers?
  ) -> RecurrentOutput<State> {
    let means = self.means(of: x, lengths)
    var outputs = SequenceBatch<Scalar>.zeros(steps: x.steps, batch: x.batch, features: inputSize)
    for n in 0..<x.batch {
      for t in 0..<(lengths?[n] ?? x.steps) {
        for f in 0..<inputSize {
          outputs[t, n, f] = x[t, n, f] - parameters.value[0, f] * means[n, f]
        }
      }
    }
    return RecurrentOutput(outputs, finalState: state ?? zeroState(batch: x.batch))
  }

  func forward(
    _ x: SequenceBatch<Scalar>, from state: State?, lengths: [Int]?, threads: Int?,
    recording tape: PassRecord<State>
  ) -> RecurrentOutput<State> {
    tape.record(x, from: state ?? zeroState(batch: x.batch), lengths: lengths)
    return self(x, from: state, lengths: lengths, threads: threads, workspace: nil)
  }

  func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State?,
    through tape: PassRecord<State>, threads: Int?,
    accumulatingInto gradients: inout NamedParameters<Scalar>
  ) -> InputGradients<State> {
    let (x, state, lengths) = tape.take()
    var dx = SequenceBatch<Scalar>.zeros(steps: x.steps, batch: x.batch, features: inputSize)
    if let dOutputs {
      let (means, dMeans) = (means(of: x, lengths), means(of: dOutputs, lengths))
      var dShare = gradients.value
      for n in 0..<x.batch {
        let length = lengths?[n] ?? x.steps
        for f in 0..<inputSize {
          dShare[0, f] -= Scalar(length) * dMeans[n, f] * means[n, f]
          for t in 0..<length {
            dx[t, n, f] = dOutputs[t, n, f] - parameters.value[0, f] * dMeans[n, f]
          }
        }
      }
      gradients.value = dShare
    }
    return InputGradients(dx, initialState: dFinalState ?? state)
  }

  private func means(of x: SequenceBatch<Scalar>, _ lengths: [Int]?) -> Matrix<Scalar> {
    var result = Matrix<Scalar>.zeros(rows: x.batch, columns: inputSize)
    for n in 0..<x.batch {
      let length = lengths?[n] ?? x.steps
      for t in 0..<length {
        for f in 0..<inputSize { result[n, f] += x[t, n, f] / Scalar(length) }
      }
    }
    return result
  }
}
