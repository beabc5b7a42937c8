import CKernels
import LinAlg

/// The operands of one step of a forward pass; `[N, …]` blocks, row-major.
struct ForwardStep<Scalar> {
  /// The step's number, counted from the start of the sequences.
  var time: Int
  /// `N`.
  var batch: Int
  /// The units that this call computes: `firstUnit ..< endUnit`.
  var firstUnit: Int
  /// One past the last of the units that this call computes.
  var endUnit: Int
  /// In: the projected input. Out: what the backward pass needs. `[N, blocks·H]`.
  var gates: UnsafeMutablePointer<Scalar>
  /// `h[t−1]`, or nil for zeros.
  var previousHidden: UnsafePointer<Scalar>?
  /// `h[t]`; may be the memory of ``previousHidden``.
  var hidden: UnsafeMutablePointer<Scalar>
  /// `c[t−1]`, or nil for zeros and for cells without one.
  var previousCell: UnsafePointer<Scalar>?
  /// `c[t]`; may be the memory of ``previousCell``.
  var cell: UnsafeMutablePointer<Scalar>?
  /// One length per sequence, or nil when all run to the end.
  var lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  var noise: ck_noise?
  let member: TeamMember

  /// `firstUnit ..< endUnit`.
  var units: Range<Int> { firstUnit..<endUnit }

  /// Every other step reads the weights from their end.
  var isOdd: Bool { time % 2 == 1 }

  /// Waits until all units are as far.
  func synchronize() { member.barrier() }

  /// Waits until all units have read `h[t−1]`, where `h[t]` overwrites it.
  func synchronizeBeforeOverwriting() {
    if previousHidden == UnsafePointer(hidden) { member.barrier() }
  }
}

/// The operands of one step of a backward pass; `[N, …]` blocks, row-major.
struct BackwardStep<Scalar> {
  /// The step's number, counted from the start of the sequences.
  var time: Int
  /// `N`.
  var batch: Int
  /// The units that this call computes: `firstUnit ..< endUnit`.
  var firstUnit: Int
  /// One past the last of the units that this call computes.
  var endUnit: Int
  /// In: what the forward step kept. Out: gradients of the pre-activations. `[N, blocks·H]`.
  var gates: UnsafeMutablePointer<Scalar>
  /// `h[t−1]`, or nil for zeros.
  var previousHidden: UnsafePointer<Scalar>?
  /// `h[t]`.
  var hidden: UnsafePointer<Scalar>
  /// `c[t−1]`, or nil for zeros and for cells without one.
  var previousCell: UnsafePointer<Scalar>?
  /// `c[t]`.
  var cell: UnsafePointer<Scalar>?
  /// The loss gradient of this step's output, or nil for zeros.
  var dOutput: UnsafePointer<Scalar>?
  /// In: `∂L/∂h[t]` through later steps. Out: `∂L/∂h[t−1]`.
  var dHidden: UnsafeMutablePointer<Scalar>
  /// In: `∂L/∂c[t]` through later steps. Out: `∂L/∂c[t−1]`.
  var dCell: UnsafeMutablePointer<Scalar>?
  /// `[N, scratchBlocks·H]` for the cell's own use.
  var scratch: UnsafeMutablePointer<Scalar>
  /// One length per sequence, or nil when all run to the end.
  var lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  var noise: ck_noise?
  let member: TeamMember

  /// `firstUnit ..< endUnit`.
  var units: Range<Int> { firstUnit..<endUnit }

  /// Every other step reads the weights from their end.
  var isOdd: Bool { time % 2 == 1 }

  /// Waits until the gradients of all units' gates are written.
  func synchronize() { member.barrier() }
}
