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
