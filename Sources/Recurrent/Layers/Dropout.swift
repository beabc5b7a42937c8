import LinAlg

/// Sets random elements to zero during training, and scales the others up so that their expectation
/// stays the same (Srivastava et al. 2014; "inverted", so that inference does nothing).
///
/// ```
/// y = x∘mask / (1 − rate)      dx = dy∘mask / (1 − rate)      mask ∈ {0, 1}, P(0) = rate
/// ```
/// Around a recurrent layer it belongs on the way in and on the way out, never on the recurrence
/// (Zaremba et al. 2014); a ``Stacked`` layer has it between its layers. The rate is kept to the nearest
/// 65536th.
public struct Dropout: Sendable, Hashable {
  /// How likely an element is to be set to zero.
  public let rate: Double

  /// A layer that drops elements with probability `rate`.
  ///
  /// - Precondition: the rate is in `0..<1`.
  public init(rate: Double) {
    require(rate >= 0 && rate < 1, "Dropout: rate \(rate) is not in 0..<1")
    self.rate = rate
  }

  /// `x` with random elements set to zero and the others scaled, and a recording for the backward
  /// pass. With a rate of 0 it is `x` itself.
  ///
  /// - Parameters:
  ///   - x: `[T, N, F]`.
  ///   - tape: is overwritten.
  ///   - generator: chooses the elements, with one draw.
  public func forward<Scalar>(
    _ x: SequenceBatch<Scalar>, recording tape: DropoutTape<Scalar>,
    using generator: inout some RandomNumberGenerator
  ) -> SequenceBatch<Scalar> {
    let key = generator.next() as UInt64
    tape.key = key
    tape.firstStep = 0
    return mask(x, key, firstStep: 0, into: &tape.outputs)
  }

  /// The gradient of the inputs of the recorded pass from that of its outputs.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂y`, of the shape that was recorded.
  ///   - tape: the recording.
  /// - Returns: `∂L/∂x`. It shares the tape's memory: drop it before the next step, and that step
  ///   allocates nothing.
  public func backward<Scalar>(
    _ dOutputs: SequenceBatch<Scalar>, through tape: DropoutTape<Scalar>
  ) -> SequenceBatch<Scalar> {
    guard let key = tape.key else {
      failRequirement(
        "backward needs a tape that a forward pass has recorded; each recording serves once")
    }
    require(
      rate == 0 || dOutputs.hasShape(of: tape.outputs),
      "dOutputs has shape \(dOutputs.shape), expected \(tape.outputs.shape)")
    tape.key = nil
    return mask(dOutputs, key, firstStep: tape.firstStep, into: &tape.dx)
  }

  /// ``forward(_:recording:using:)`` with the choices of a recording around it.
  func forward<Scalar>(
    _ x: SequenceBatch<Scalar>, recording tape: DropoutTape<Scalar>, _ noise: RecordingNoise
  ) -> SequenceBatch<Scalar> {
    tape.key = noise.key
    tape.firstStep = noise.firstStep
    return mask(x, noise.key, firstStep: noise.firstStep, into: &tape.outputs)
  }

  /// The mask of a step depends on the key, the step's number and the shape `[N, F]`, and not on where
  /// the recording begins: a pass in pieces drops what the whole pass drops.
  private func mask<Scalar>(
    _ x: SequenceBatch<Scalar>, _ key: UInt64, firstStep: Int,
    into y: inout SequenceBatch<Scalar>
  ) -> SequenceBatch<Scalar> {
    // A draw is one of 65536 equally likely numbers.
    let threshold = max(1, UInt32(((1 - rate) * 65536).rounded()))
    guard threshold < 65536 else { return x }
    y.renew(steps: x.steps, batch: x.batch, features: x.features)
    let count = x.batch * x.features
    // The kernel counts words of four draws from the key on in these strides (SplitMix64's).
    let stride = UInt64((count + 3) / 4) &* 0x9E37_79B9_7F4A_7C15
    for t in 0..<x.steps {
      Scalar.dropout(
        x.pointer(atStep: t), into: y.pointer(atStep: t), count: count,
        key: key &+ UInt64(firstStep + t) &* stride, threshold: threshold,
        scale: 65536 / Double(threshold))
    }
    withExtendedLifetime(x) {}
    return y
  }
}

/// What a recorded forward pass of ``Dropout`` leaves for its backward pass: not the mask, but the key
/// that repeats it. Belongs to one caller at a time.
public final class DropoutTape<Scalar: RecurrentScalar> {
  fileprivate var key: UInt64?
  fileprivate var firstStep = 0
  fileprivate var outputs = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)
  fileprivate var dx = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)

  /// An empty tape; it grows to what its first recording needs.
  public init() {}

  /// The bytes that the buffers take.
  var byteCount: Int { (outputs.count + dx.count) * MemoryLayout<Scalar>.stride }
}
