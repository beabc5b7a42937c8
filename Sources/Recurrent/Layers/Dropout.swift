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
    backward(dOutputs, through: tape, threads: 1)
  }

  /// ``backward(_:through:)`` on as many threads as pay.
  func backward<Scalar>(
    _ dOutputs: SequenceBatch<Scalar>, through tape: DropoutTape<Scalar>, threads: Int
  ) -> SequenceBatch<Scalar> {
    check(dOutputs, tape)
    tape.isRecorded = false
    return masked(dOutputs, tape.noise, into: &tape.dx, threads: threads)
  }

  /// Traps unless the tape holds a pass of this dropout and of that shape.
  private func check<Scalar>(
    _ dOutputs: SequenceBatch<Scalar>, _ tape: DropoutTape<Scalar>
  ) {
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
    forward(x, recording: tape, noise: noise, threads: 1)
  }

  /// ``forward(_:recording:noise:)`` on as many threads as pay.
  func forward<Scalar>(
    _ x: SequenceBatch<Scalar>, recording tape: DropoutTape<Scalar>, noise: RecordingNoise?,
    threads: Int
  ) -> SequenceBatch<Scalar> {
    tape.begin(self, noise, x)
    return masked(x, noise, into: &tape.outputs, threads: threads)
  }

  /// Begins what ``forward(_:recording:noise:)`` does for a pass whose steps come one after the other: `mask` writes
  /// them to what this returns, where anything is dropped.
  func begin<Scalar>(
    _ x: SequenceBatch<Scalar>, recording tape: DropoutTape<Scalar>, noise: RecordingNoise?,
    mask: ScalarStepMask<Scalar>
  ) -> SequenceBatch<Scalar> {
    tape.begin(self, noise, x)
    return begin(x, noise, into: &tape.outputs, mask)
  }

  /// The same for ``backward(_:through:)``.
  func beginBackward<Scalar>(
    _ dOutputs: SequenceBatch<Scalar>, through tape: DropoutTape<Scalar>,
    mask: ScalarStepMask<Scalar>
  ) -> SequenceBatch<Scalar> {
    check(dOutputs, tape)
    tape.isRecorded = false
    return begin(dOutputs, tape.noise, into: &tape.dx, mask)
  }

  private func begin<Scalar: RecurrentScalar>(
    _ x: SequenceBatch<Scalar>, _ noise: RecordingNoise?, into y: inout SequenceBatch<Scalar>,
    _ mask: ScalarStepMask<Scalar>
  ) -> SequenceBatch<Scalar> {
    guard rate > 0, let noise else { return x }
    y.renew(steps: x.steps, batch: x.batch, features: x.features)
    mask.work = MaskedSteps(
      dropout: self, noise: noise, x: x.pointer(atStep: 0), y: y.pointer(atStep: 0),
      batch: x.batch, features: x.features)
    return y
  }

  /// `x∘mask / (1 − rate)`, in the memory of `y`.
  private func masked<Scalar: RecurrentScalar>(
    _ x: SequenceBatch<Scalar>, _ noise: RecordingNoise?, into y: inout SequenceBatch<Scalar>,
    threads: Int
  ) -> SequenceBatch<Scalar> {
    guard rate > 0, let noise else { return x }
    y.renew(steps: x.steps, batch: x.batch, features: x.features)
    MaskedSteps(
      dropout: self, noise: noise, x: x.pointer(atStep: 0), y: y.pointer(atStep: 0),
      batch: x.batch, features: x.features
    ).run(count: x.steps, scalars: 4 * x.count, threads: threads)
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

/// `y = x∘mask / (1 − rate)` for steps of `[T, batch, features]`.
struct MaskedSteps<Scalar: RecurrentScalar>: DividedWork {
  let dropout: Dropout
  let noise: RecordingNoise
  let x: UnsafePointer<Scalar>
  let y: UnsafeMutablePointer<Scalar>
  let batch: Int
  let features: Int

  func run(_ steps: Range<Int>) {
    dropout.apply(noise, x, into: y, steps: steps, batch: batch, features: features)
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

  /// Notes a pass that begins.
  fileprivate func begin(
    _ dropout: Dropout, _ noise: RecordingNoise?, _ x: SequenceBatch<Scalar>
  ) {
    noise?.checkBatch(x.batch)
    (self.noise, self.dropout) = (noise, dropout)
    (steps, batch, features) = (x.steps, x.batch, x.features)
    isRecorded = true
  }

  /// The bytes that the buffers take.
  var byteCount: Int { (outputs.count + dx.count) * MemoryLayout<Scalar>.stride }
}
