import CKernels
import LinAlg

/// A recurrent layer: one cell, one direction, applied to every step of a batch of sequences.
///
/// ``LSTM``, ``GRU``, ``SimpleRNN`` and ``DefinedLayer`` are such layers. What they have of their own is a
/// cell and their parameters' names; the extensions of this protocol run the plan of that cell over
/// sequences: inference, recorded forward pass, backward pass and streaming, with initial states and
/// sequences of different lengths.
///
/// A layer is a value. Many threads may run the same layer at once; tapes, workspaces and states
/// belong to one caller each.
public protocol RecurrentLayer<Scalar>: CausalLayer
where
  State: RecurrentState<Scalar>, Parameters: CellParameters<Scalar>, Recording == Tape<State>,
  Buffers == Workspace<State>
{}

extension RecurrentLayer {
  /// `D`, the number of features of an input step.
  public var inputSize: Int { parameters.plan.inputSize }

  /// `H`, the number of hidden units.
  public var hiddenSize: Int { parameters.plan.hiddenSize }

  /// `P`, the number of features of an output step, which is `h`: `H` unless the cell projects it.
  public var outputSize: Int { parameters.plan.outputSize }
}

/// The operands of one step of a forward pass; `[N, …]` blocks, row-major.
public struct ForwardStep<Scalar> {
  /// The step's number, counted from the start of the sequences.
  public var time: Int
  /// `N`.
  public var batch: Int
  /// The units that this call computes: `firstUnit ..< endUnit`.
  public var firstUnit: Int
  /// One past the last of the units that this call computes.
  public var endUnit: Int
  /// In: the projected input. Out: what the backward pass needs. `[N, blocks·H]`.
  public var gates: UnsafeMutablePointer<Scalar>
  /// `h[t−1]`, or nil for zeros.
  public var previousHidden: UnsafePointer<Scalar>?
  /// `h[t]`; may be the memory of ``previousHidden``.
  public var hidden: UnsafeMutablePointer<Scalar>
  /// `c[t−1]`, or nil for zeros and for cells without one.
  public var previousCell: UnsafePointer<Scalar>?
  /// `c[t]`; may be the memory of ``previousCell``.
  public var cell: UnsafeMutablePointer<Scalar>?
  /// One length per sequence, or nil when all run to the end.
  public var lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?
  let member: TeamMember

  /// `firstUnit ..< endUnit`.
  public var units: Range<Int> { firstUnit..<endUnit }

  /// Every other step reads the weights from their end.
  var isOdd: Bool { time % 2 == 1 }

  /// Waits until all units are as far.
  public func synchronize() { member.barrier() }

  /// Waits until all units have read `h[t−1]`, where `h[t]` overwrites it.
  func synchronizeBeforeOverwriting() {
    if previousHidden == UnsafePointer(hidden) { member.barrier() }
  }
}

/// The operands of one step of a backward pass; `[N, …]` blocks, row-major.
public struct BackwardStep<Scalar> {
  /// The step's number, counted from the start of the sequences.
  public var time: Int
  /// `N`.
  public var batch: Int
  /// The units that this call computes: `firstUnit ..< endUnit`.
  public var firstUnit: Int
  /// One past the last of the units that this call computes.
  public var endUnit: Int
  /// In: what the forward step kept. Out: gradients of the pre-activations. `[N, blocks·H]`.
  public var gates: UnsafeMutablePointer<Scalar>
  /// `h[t−1]`, or nil for zeros.
  public var previousHidden: UnsafePointer<Scalar>?
  /// `h[t]`.
  public var hidden: UnsafePointer<Scalar>
  /// `c[t−1]`, or nil for zeros and for cells without one.
  public var previousCell: UnsafePointer<Scalar>?
  /// `c[t]`.
  public var cell: UnsafePointer<Scalar>?
  /// The loss gradient of this step's output, or nil for zeros.
  public var dOutput: UnsafePointer<Scalar>?
  /// In: `∂L/∂h[t]` through later steps. Out: `∂L/∂h[t−1]`.
  public var dHidden: UnsafeMutablePointer<Scalar>
  /// In: `∂L/∂c[t]` through later steps. Out: `∂L/∂c[t−1]`.
  public var dCell: UnsafeMutablePointer<Scalar>?
  /// `[N, scratchBlocks·H]` for the cell's own use.
  public var scratch: UnsafeMutablePointer<Scalar>
  /// One length per sequence, or nil when all run to the end.
  public var lengths: UnsafePointer<Int>?
  /// What random choices depend on, or nil where there are none.
  let noise: ck_noise?
  let member: TeamMember

  /// `firstUnit ..< endUnit`.
  public var units: Range<Int> { firstUnit..<endUnit }

  /// Every other step reads the weights from their end.
  var isOdd: Bool { time % 2 == 1 }

  /// Waits until the gradients of all units' gates are written.
  public func synchronize() { member.barrier() }
}

/// Consecutive steps whose gate gradients are complete.
public struct GradientSpan<Scalar> {
  /// `rows = steps · N`.
  public var rows: Int
  /// The gradients of the pre-activations, `[rows, blocks·H]`.
  public var dGates: UnsafePointer<Scalar>
  /// The inputs of these steps, `[rows, D]`.
  public var x: UnsafePointer<Scalar>
  /// Receives the gradients of the inputs, `[rows, D]`.
  public var dx: UnsafeMutablePointer<Scalar>
  /// The first rows, whose `h[t−1]` is the initial state (`initialHidden`, nil for zeros); 0 or `N`.
  public var initialRows: Int
  /// `h[t−1]` of the first ``initialRows`` rows, or nil for zeros.
  public var initialHidden: UnsafePointer<Scalar>?
  /// `h[t−1]` of the other rows, consecutive.
  public var previousHidden: UnsafePointer<Scalar>
  /// `c[t−1]` of the first ``initialRows`` rows, or nil for zeros and for cells without one.
  public var initialCell: UnsafePointer<Scalar>?
  /// `c[t−1]` of the other rows, consecutive, for cells that have one.
  public var previousCell: UnsafePointer<Scalar>?
  /// The gradients of all parameters, laid out as the parameters are; accumulated.
  public var dParameters: UnsafeMutablePointer<Scalar>
  /// This member's memory for packing operands, or nil where OpenBLAS computes the products.
  let scratch: UnsafeMutablePointer<Scalar>?
  let member: TeamMember
}

/// What a layer returns for a batch of sequences.
public struct RecurrentOutput<State: CarriedState>: Sendable {
  /// Every output, `[T, N, F]`, for one layer its hidden states, `[T, N, H]`; zero after the end of a
  /// sequence.
  public var outputs: SequenceBatch<State.Scalar>
  /// The state of each sequence after its last step.
  public var finalState: State
}

/// The gradients of what went into a layer's forward pass.
public struct InputGradients<State: CarriedState>: Sendable {
  /// `∂L/∂x`, `[T, N, D]`; zero after the end of a sequence.
  public var x: SequenceBatch<State.Scalar>
  /// The gradient of the state before the first step: `∂L/∂h₀` and, for cells that have one, `∂L/∂c₀`.
  public var initialState: State
}
