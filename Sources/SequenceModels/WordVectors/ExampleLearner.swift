import Autodiff
import LinAlg

/// Takes steps of descent along the losses of examples.
struct ExampleLearner<Scalar: LinAlgScalar>: Sendable {
  private let features: Int
  private let hasFullSoftmax: Bool
  private var scratch = RowExampleScratch<Scalar>()
  /// Of the full softmax: `h` and `∂loss/∂h` `[D]`, the probabilities `[V]`.
  private var hidden: [Scalar] = []
  private var dHidden: [Scalar] = []
  private var probabilities: [Scalar] = []

  init(_ options: WordVectorOptions) {
    features = options.features
    hasFullSoftmax = options.output == .fullSoftmax
  }

  /// The sum of the examples' losses, each before its step; 0 where none is wanted.
  mutating func learn(
    _ examples: RowExamples, inputs: UnsafeMutableBufferPointer<Scalar>,
    outputs: UnsafeMutableBufferPointer<Scalar>, rate: Double, wantsLoss: Bool
  ) -> Double {
    guard hasFullSoftmax else {
      return Scalar.learn(
        examples, input: inputs, output: outputs, features: features, rate: rate, scratch: &scratch,
        wantsLoss: wantsLoss)
    }
    var loss = 0.0
    for e in 0..<examples.count {
      let rows = examples.inputs[
        Int(examples.inputStarts[e])..<Int(examples.inputStarts[e + 1])]
      loss += learnBySoftmax(
        rows, examples.outputs[Int(examples.outputStarts[e])], inputs, outputs, Scalar(rate))
    }
    return wantsLoss ? loss : 0
  }

  /// One example by the softmax over all rows.
  private mutating func learnBySoftmax(
    _ rows: ArraySlice<Int32>, _ word: Int32, _ inputs: UnsafeMutableBufferPointer<Scalar>,
    _ outputs: UnsafeMutableBufferPointer<Scalar>, _ rate: Scalar
  ) -> Double {
    let D = features
    let V = outputs.count / D
    require(
      !rows.isEmpty && rows.allSatisfy { $0 >= 0 && $0 < inputs.count / D }
        && word >= 0 && word < V,
      "learn: rows \(Array(rows)) and \(word) of tables of \(inputs.count / D) and \(V)")
    if probabilities.count != V {
      probabilities = Array(repeating: 0, count: V)
      hidden = Array(repeating: 0, count: D)
      dHidden = hidden
    }
    return probabilities.withUnsafeMutableBufferPointer { p in
      hidden.withUnsafeMutableBufferPointer { h in
        dHidden.withUnsafeMutableBufferPointer { dh in
          guard let p = p.baseAddress, let h = h.baseAddress, let dh = dh.baseAddress,
            let v = inputs.baseAddress, let u = outputs.baseAddress
          else { return 0 }
          for j in 0..<D {
            h[j] = 0
            for row in rows { h[j] += v[Int(row) * D + j] }
            h[j] /= Scalar(rows.count)
          }
          Scalar.gemv(
            .none, m: V, n: D, alpha: 1, a: u, lda: D, x: h, incx: 1, beta: 0, y: p, incy: 1)
          Scalar.apply(.softmax, p, into: p, rows: 1, columns: V)
          let loss = -Double(Scalar.log(p[Int(word)]))
          p[Int(word)] -= 1
          Scalar.gemv(
            .transpose, m: V, n: D, alpha: 1, a: u, lda: D, x: p, incx: 1, beta: 0, y: dh, incy: 1)
          Scalar.ger(m: V, n: D, alpha: -rate, x: p, incx: 1, y: h, incy: 1, a: u, lda: D)
          for row in rows {
            Scalar.axpy(n: D, alpha: -rate, x: dh, incx: 1, y: v + Int(row) * D, incy: 1)
          }
          return loss
        }
      }
    }
  }
}
