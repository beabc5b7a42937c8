import LinAlg
import Recurrent

/// What a recorded forward pass of a ``Linear`` map leaves for its backward pass.
///
/// Made once and used for every training step: a step allocates nothing once the results of the one
/// before have been dropped (they share the tape's memory). Belongs to one caller at a time.
public final class LinearTape<Scalar: RecurrentScalar> {
  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public var isRecorded: Bool { x != nil }
  fileprivate var x: SequenceBatch<Scalar>?
  /// The version of the parameters that the recorded pass has read.
  fileprivate var version: UInt64 = 0
  fileprivate var outputs = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)
  fileprivate var dx = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)
  /// As many ones as there are rows: `db` is their product with `dy`.
  fileprivate var ones = AlignedStorage<Scalar>(repeating: 1, count: 0)

  /// An empty tape; it grows to what its first recording needs.
  public init() {}
}

extension Linear {
  /// `x·Wᵀ + b`, `[T, N, K]`, and a recording for the backward pass.
  ///
  /// - Parameters:
  ///   - x: `[T, N, D]`; the tape keeps a reference until its backward pass.
  ///   - tape: is overwritten.
  /// - Precondition: `x.features == inputSize`.
  public func forward(
    _ x: SequenceBatch<Scalar>, recording tape: LinearTape<Scalar>
  ) -> SequenceBatch<Scalar> {
    tape.outputs.renew(steps: x.steps, batch: x.batch, features: outputSize)
    apply(x, into: &tape.outputs)
    tape.x = x
    tape.version = parameters.block.version
    return tape.outputs
  }

  /// `dx = dy·W`, `dW += dyᵀ·x`, `db += Σ dy`: one product each.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂y`, `[T, N, K]`.
  ///   - tape: the recording; it is spent by this call.
  ///   - gradients: the gradients of `W` and `b` are *added* to these.
  /// - Returns: `∂L/∂x`, `[T, N, D]`. It shares the tape's memory: drop it before the next step, and
  ///   that step allocates nothing.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>, through tape: LinearTape<Scalar>,
    accumulatingInto gradients: inout LinearParameters<Scalar>
  ) -> SequenceBatch<Scalar> {
    guard let x = tape.x else { failUnrecorded() }
    let (D, K, rows) = (inputSize, outputSize, x.steps * x.batch)
    require(
      dOutputs.hasShape(x.steps, x.batch, K),
      "dOutputs has shape \(dOutputs.shape), expected [T, N, K] = \([x.steps, x.batch, K])")
    parameters.checkLayout()
    parameters.block.checkUnchanged(since: tape.version)
    gradients.block.checkLayout(matches: parameters.block, "gradients of the linear map")
    tape.dx.renew(steps: x.steps, batch: x.batch, features: D)
    if tape.ones.count < rows { tape.ones = AlignedStorage(repeating: 1, count: rows) }
    let (ones, dx) = (tape.ones.pointer, tape.dx.pointer(atStep: 0))
    let (dy, xs) = (dOutputs.pointer(atStep: 0), x.pointer(atStep: 0))
    parameters.block.withUnsafeBufferPointer { W in
      gradients.block.withUnsafeMutableBufferPointer { dW in
        guard rows > 0, let W = W.baseAddress, let dW = dW.baseAddress else { return }
        Scalar.gemm(
          .none, .none, m: rows, n: D, k: K, alpha: 1, a: dy, lda: K, b: W, ldb: D,
          beta: 0, c: dx, ldc: D)
        Scalar.gemm(
          .transpose, .none, m: K, n: D, k: rows, alpha: 1, a: dy, lda: K, b: xs, ldb: D,
          beta: 1, c: dW, ldc: D)
        Scalar.gemv(
          .transpose, m: rows, n: K, alpha: 1, a: dy, lda: K, x: ones, incx: 1,
          beta: 1, y: dW + K * D, incy: 1)
      }
    }
    withExtendedLifetime((x, dOutputs)) {}
    tape.x = nil
    return tape.dx
  }
}
