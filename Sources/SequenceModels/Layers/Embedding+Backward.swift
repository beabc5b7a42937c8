import LinAlg
import Recurrent

/// What a recorded forward pass of an ``Embedding`` leaves for its backward pass.
///
/// Made once and used for every training step: a step allocates nothing once the results of the one
/// before have been dropped (they share the tape's memory). Belongs to one caller at a time.
public final class EmbeddingTape<Scalar: RecurrentScalar> {
  /// Whether a forward pass has been recorded and not yet been used by a backward pass.
  public fileprivate(set) var isRecorded = false
  fileprivate var tokens: TokenBatch?
  /// The version of the parameters that the recorded pass has read.
  fileprivate var version: UInt64 = 0
  fileprivate var outputs = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)

  /// An empty tape; it grows to what its first recording needs.
  public init() {}
}

extension Embedding {
  /// The rows of the given tokens, `[T, N, D]`, and a recording for the backward pass.
  ///
  /// - Parameters:
  ///   - tokens: `[T, N]`.
  ///   - tape: is overwritten.
  /// - Precondition: every token is in `0..<vocabularySize`.
  public func forward(
    _ tokens: TokenBatch, recording tape: EmbeddingTape<Scalar>
  ) -> SequenceBatch<Scalar> {
    tape.outputs.renew(steps: tokens.steps, batch: tokens.batch, features: features)
    gather(tokens, into: &tape.outputs)
    tape.tokens = tokens
    tape.version = parameters.block.version
    tape.isRecorded = true
    return tape.outputs
  }

  /// `dW[token[t, n]] += dy[t, n]`, one row at a time: only rows of tokens that occur are touched.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂y`, `[T, N, D]`.
  ///   - tape: the recording; it is spent by this call.
  ///   - gradients: the gradients are *added* to these.
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>, through tape: EmbeddingTape<Scalar>,
    accumulatingInto gradients: inout EmbeddingParameters<Scalar>
  ) {
    guard tape.isRecorded, let tokens = tape.tokens else { failUnrecorded() }
    let D = features
    require(
      dOutputs.hasShape(tokens.steps, tokens.batch, D),
      """
      dOutputs has shape \(dOutputs.shape), \
      expected [T, N, D] = \([tokens.steps, tokens.batch, D])
      """)
    parameters.checkLayout()
    parameters.block.checkUnchanged(since: tape.version)
    gradients.block.checkLayout(matches: parameters.block, "gradients of the embedding")
    gradients.block.withUnsafeMutableBufferPointer { dW in
      tokens.withUnsafeBufferPointer { tokens in
        dOutputs.withUnsafeBufferPointer { dy in
          guard let dW = dW.baseAddress, let dy = dy.baseAddress else { return }
          for i in 0..<tokens.count {
            Scalar.axpy(
              n: D, alpha: 1, x: dy + i * D, incx: 1, y: dW + Int(tokens[i]) * D, incy: 1)
          }
        }
      }
    }
    tape.isRecorded = false
    tape.tokens = nil
  }
}
