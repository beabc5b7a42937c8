import CKernels
import LinAlg

/// Sets random elements to zero during training, and scales the others up so that their expectation
/// stays the same (Srivastava et al. 2014; "inverted", so that inference does nothing).
///
/// ```
/// y = x∘mask / (1 − rate)      dx = dy∘mask / (1 − rate)      mask ∈ {0, 1}, P(0) = rate
/// ```
/// Around a recurrent layer it belongs on the way in and on the way out (Zaremba et al. 2014); a
/// ``Stacked`` layer has it between its layers. On the recurrence, which a layer does not leave, it is an
/// option of the layer: ``Regularization/recurrentDropout``. Which elements are dropped is a function of
/// the recording's ``RecordingNoise``.
public struct Dropout: Sendable, Hashable {
  /// Which elements share a mask.
  public enum Mask: String, Sendable, Hashable, Codable, CaseIterable {
    /// None: another mask in each step of each sequence (Zaremba et al. 2014).
    case perStep
    /// All steps of a sequence: its mask says which features it has been given (variational dropout,
    /// Gal & Ghahramani 2016). Windows of one sequence share it too.
    case perSequence
  }

  /// How likely an element is to be set to zero.
  public let rate: Double
  /// Which elements share a mask.
  public let mask: Mask

  /// A layer that drops elements with probability `rate`.
  ///
  /// - Parameters:
  ///   - rate: how likely an element is to be set to zero.
  ///   - mask: which elements share a mask.
  /// - Precondition: the rate is in `0..<1`.
  public init(rate: Double, mask: Mask = .perStep) {
    require(rate >= 0 && rate < 1, "Dropout: rate \(rate) is not in 0..<1")
    (self.rate, self.mask) = (rate, mask)
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
    forward(x, recording: tape, noise: RecordingNoise(seed: generator.next()))
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
    if !tape.isRecorded { failUnrecorded() }
    require(
      tape.dropout == self,
      """
      the tape holds a pass of a dropout of rate \(tape.dropout?.rate ?? 0), \
      \(tape.dropout?.mask.rawValue ?? ""), expected \(rate), \(mask.rawValue)
      """)
    require(
      dOutputs.steps == tape.steps && dOutputs.batch == tape.batch
        && dOutputs.features == tape.features,
      """
      dOutputs has shape \(dOutputs.shape), \
      expected [T, N, F] = [\(tape.steps), \(tape.batch), \(tape.features)]
      """)
    tape.isRecorded = false
    return masked(dOutputs, tape.noise, into: &tape.dx)
  }

  /// ``forward(_:recording:using:)`` with given choices: equal ones drop the same elements again, so that
  /// windows of one sequence can share a mask.
  ///
  /// - Parameters:
  ///   - x: `[T, N, F]`.
  ///   - tape: is overwritten.
  ///   - noise: where the choices come from; nil drops nothing.
  public func forward<Scalar>(
    _ x: SequenceBatch<Scalar>, recording tape: DropoutTape<Scalar>, noise: RecordingNoise?
  ) -> SequenceBatch<Scalar> {
    noise?.checkBatch(x.batch)
    tape.noise = noise
    tape.dropout = self
    (tape.steps, tape.batch, tape.features) = (x.steps, x.batch, x.features)
    tape.isRecorded = true
    return masked(x, noise, into: &tape.outputs)
  }

  /// `x∘mask / (1 − rate)`, in the memory of `y`.
  private func masked<Scalar: RecurrentScalar>(
    _ x: SequenceBatch<Scalar>, _ noise: RecordingNoise?, into y: inout SequenceBatch<Scalar>
  ) -> SequenceBatch<Scalar> {
    guard rate > 0, let noise else { return x }
    y.renew(steps: x.steps, batch: x.batch, features: x.features)
    apply(
      noise, x.pointer(atStep: 0), into: y.pointer(atStep: 0), steps: 0..<x.steps, batch: x.batch,
      features: x.features)
    withExtendedLifetime(x) {}
    return y
  }

  /// `y = x∘mask / (1 − rate)` for some steps of `[T, batch, features]`, by the instruction that cells have
  /// for it.
  package func apply<Scalar: RecurrentScalar>(
    _ noise: RecordingNoise, _ x: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>,
    steps: Range<Int>, batch: Int, features: Int
  ) {
    var draw = ck_instruction()
    draw.opcode = UInt16(CK_OP_DROPOUT.rawValue)
    (draw.alpha, draw.beta, draw.per_step) = (rate, 1 / (1 - rate), mask == .perStep ? 1 : 0)
    var product = ck_instruction()
    product.opcode = UInt16(CK_OP_MUL.rawValue)
    (product.dst, product.a, product.b) = (2, 1, 0)
    let places = (
      ck_operand(offset: 0, space: Int32(CK_SPACE_REGISTERS.rawValue)),
      ck_operand(offset: 0, space: Int32(CK_SPACE_PREVIOUS_HIDDEN.rawValue)),
      ck_operand(offset: 0, space: Int32(CK_SPACE_HIDDEN.rawValue))
    )
    withUnsafeElements(of: (draw, product), as: ck_instruction.self) { code in
      withUnsafeElements(of: places, as: ck_operand.self) { operands in
        var program = ck_program(
          code: code, operands: operands, count: 2, padding_count: 0, operand_count: 3,
          register_count: 1)
        RecordingNoise.withKernelNoise(noise) { noise in
          for t in steps {
            var bases = ck_bases()
            let start = t * batch * features
            // The program only reads this one.
            let source = UnsafeMutablePointer(mutating: x + start)
            ck_bases_set(&bases, CK_SPACE_PREVIOUS_HIDDEN, source, features)
            ck_bases_set(&bases, CK_SPACE_HIDDEN, y + start, features)
            withUnsafePointers(bases, noise) {
              Scalar.runProgram(&program, $0, batch, 0, features, nil, Int64(t))
            }
          }
        }
      }
    }
  }
}

/// Hands out the elements of a tuple of one type where they lie.
private func withUnsafeElements<Elements, Element>(
  of elements: Elements, as type: Element.Type, _ body: (UnsafePointer<Element>) -> Void
) {
  withUnsafeBytes(of: elements) { bytes in
    if let first = bytes.assumingMemoryBound(to: type).baseAddress { body(first) }
  }
}

/// What a recorded forward pass of ``Dropout`` leaves for its backward pass: not the mask, but the
/// numbers that repeat it. Belongs to one caller at a time.
public final class DropoutTape<Scalar: RecurrentScalar> {
  fileprivate var isRecorded = false
  fileprivate var noise: RecordingNoise?
  /// What was recorded, and the shape of its inputs.
  fileprivate var dropout: Dropout?
  fileprivate var (steps, batch, features) = (0, 0, 0)
  fileprivate var outputs = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)
  fileprivate var dx = SequenceBatch<Scalar>.zeros(steps: 0, batch: 0, features: 0)

  /// An empty tape; it grows to what its first recording needs.
  public init() {}

  /// The bytes that the buffers take.
  var byteCount: Int { (outputs.count + dx.count) * MemoryLayout<Scalar>.stride }
}
