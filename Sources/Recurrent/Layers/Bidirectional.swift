import LinAlg

/// How the outputs of both directions become one.
public enum DirectionMerge: String, Sendable, Hashable, Codable, CaseIterable {
  /// One behind the other, forward first: `F = 2·H`.
  case concatenate
  /// `forward + backward`.
  case sum
  /// `(forward + backward)/2`.
  case mean
  /// `forward ∘ backward`.
  case product
}

/// Two layers of one kind that read the same sequences, one from the first step to the last and one
/// from the last to the first (Schuster & Paliwal 1997).
///
/// ```
/// f = forward(x)      b = backward(x reversed) reversed      y[t] = merge(f[t], b[t])
/// ```
/// Each direction has its own weights and its own state. With two threads or more they run at the same
/// time. The outputs of both can also be had apart: ``directions(_:from:lengths:threads:workspace:)``.
public struct Bidirectional<Layer: SequenceLayer>: SequenceLayer {
  /// The type of the numbers.
  public typealias Scalar = Layer.Scalar
  /// The states of both directions.
  public typealias State = BidirectionalState<Layer.State>

  /// The parameters of both directions.
  public var parameters: BidirectionalParameters<Layer.Parameters>
  /// How the outputs of both directions become one.
  public let merge: DirectionMerge
  private let forwardShell: LayerShell<Layer>
  private let backwardShell: LayerShell<Reversed<Layer>>

  /// A layer from both of its directions.
  ///
  /// - Precondition: both have the same number of inputs and, unless they are concatenated, of outputs.
  public init(forward: Layer, backward: Layer, merge: DirectionMerge = .concatenate) {
    require(
      forward.inputSize == backward.inputSize,
      """
      Bidirectional: the forward layer takes \(forward.inputSize) features, \
      the backward layer \(backward.inputSize)
      """)
    require(
      merge == .concatenate || forward.outputSize == backward.outputSize,
      """
      Bidirectional: the \(merge.rawValue) of \(forward.outputSize) features of the forward layer \
      and \(backward.outputSize) of the backward layer
      """)
    self.merge = merge
    parameters = BidirectionalParameters(
      forward: forward.parameters, backward: backward.parameters)
    forwardShell = LayerShell(forward)
    backwardShell = LayerShell(Reversed(backward))
  }

  /// A layer whose directions `makeLayer` makes, the forward one first.
  ///
  /// - Throws: what `makeLayer` throws.
  public init<Failure: Error>(
    merge: DirectionMerge = .concatenate, _ makeLayer: () throws(Failure) -> Layer
  ) throws(Failure) {
    let forward = try makeLayer()
    self.init(forward: forward, backward: try makeLayer(), merge: merge)
  }

  /// The layer that reads from the first step to the last.
  public var forwardLayer: Layer { forwardShell.filled(with: parameters.forward) }
  /// The layer that reads from the last step to the first.
  public var backwardLayer: Layer { reversedLayer.layer }

  /// `D`, the number of features of an input step.
  public var inputSize: Int { forwardLayer.inputSize }
  /// `F`: the features of one direction, or of both where they are concatenated.
  public var outputSize: Int {
    merge == .concatenate
      ? forwardLayer.outputSize + backwardLayer.outputSize : forwardLayer.outputSize
  }

  /// The state of zeros for `batch` sequences.
  public func zeroState(batch: Int) -> State {
    State(
      forward: forwardLayer.zeroState(batch: batch), backward: backwardLayer.zeroState(batch: batch)
    )
  }

  /// The state that a nil state stands for.
  public func initialState(batch: Int) -> State {
    State(
      forward: forwardLayer.initialState(batch: batch),
      backward: backwardLayer.initialState(batch: batch))
  }

  /// A tape with room for `steps` steps of `batch` sequences.
  public func makeTape(
    steps: Int, batch: Int, products: ProductStrategy = .automatic
  ) -> BidirectionalTape<Layer> {
    BidirectionalTape(
      forward: forwardLayer.makeTape(steps: steps, batch: batch, products: products),
      backward: reversedLayer.makeTape(steps: steps, batch: batch, products: products))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(
    products: ProductStrategy = .automatic
  ) -> BidirectionalWorkspace<Layer> {
    BidirectionalWorkspace(
      forward: forwardLayer.makeWorkspace(products: products),
      backward: reversedLayer.makeWorkspace(products: products))
  }

  var reversedLayer: Reversed<Layer> { backwardShell.filled(with: parameters.backward) }
}

extension Bidirectional {
  /// Runs both directions over a batch of sequences and merges their outputs: inference.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: where each direction begins; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count, in any order, zero allowed; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - workspace: buffers to reuse; with them, a repeated call allocates nothing.
  /// - Returns: the merged outputs, `[T, N, F]`, and the state at which each direction ends.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: BidirectionalWorkspace<Layer>? = nil
  ) -> RecurrentOutput<State> {
    let workspace = workspace ?? makeWorkspace()
    let run = directions(
      x, from: state, lengths: lengths, threads: threads, workspace: workspace)
    workspace.outputs.assignMerge(merge, run.forward, run.backward)
    return RecurrentOutput(workspace.outputs, finalState: run.finalState)
  }

  /// Runs both directions over a batch of sequences, merges their outputs, and records the pass.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[T, N, D]`.
  ///   - state: where each direction begins; nil means the layers' own beginnings.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - threads: see ``SequenceLayer``.
  ///   - tape: is overwritten; a recording that it still holds is lost.
  /// - Returns: the merged outputs, `[T, N, F]`, and the state at which each direction ends.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: BidirectionalTape<Layer>
  ) -> RecurrentOutput<State> {
    let run = forwardDirections(
      x, from: state, lengths: lengths, threads: threads, recording: tape)
    tape.outputs.assignMerge(merge, run.forward, run.backward)
    tape.merge = merge
    if merge == .product { tape.factors = (run.forward, run.backward) }
    return RecurrentOutput(tape.outputs, finalState: run.finalState)
  }

  /// Runs both directions of the recorded pass backwards.
  ///
  /// - Parameters:
  ///   - dOutputs: `∂L/∂outputs` of the merged outputs, `[T, N, F]`, or nil for zeros.
  ///   - dFinalState: `∂L/∂finalState`; nil means zeros.
  ///   - tape: the recording, made by ``forward(_:from:lengths:threads:recording:)``; it is spent by
  ///     this call.
  ///   - threads: see ``SequenceLayer``.
  ///   - gradients: the gradients of the parameters are *added* to these.
  /// - Returns: the gradients of the inputs and of the states at which the directions began.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: BidirectionalTape<Layer>, threads: Int? = nil,
    accumulatingInto gradients: inout BidirectionalParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkRecorded()
    guard let dOutputs else {
      return backward(
        forward: nil, backward: nil, finalState: dFinalState, through: tape, threads: threads,
        accumulatingInto: &gradients)
    }
    guard tape.merge == merge else {
      failRequirement(
        """
        the tape holds \(tape.merge.map { "the \($0.rawValue)" } ?? "both directions apart"), \
        expected the \(merge.rawValue) of both directions
        """)
    }
    dOutputs.checkIsGradient(of: tape.outputs)
    switch merge {
    case .sum:
      return backward(
        forward: dOutputs, backward: dOutputs, finalState: dFinalState, through: tape,
        threads: threads, accumulatingInto: &gradients)
    case .mean:
      tape.dForward.assignHalf(of: dOutputs)
      return backward(
        forward: tape.dForward, backward: tape.dForward, finalState: dFinalState, through: tape,
        threads: threads, accumulatingInto: &gradients)
    case .product:
      guard let (forward, backward) = tape.factors else {
        failRequirement("the tape holds no product of both directions")
      }
      tape.dForward.assign(dOutputs, by: .product, backward)
      tape.dBackward.assign(dOutputs, by: .product, forward)
    case .concatenate:
      dOutputs.split(into: &tape.dForward, forwardLayer.outputSize, &tape.dBackward)
    }
    return backward(
      forward: tape.dForward, backward: tape.dBackward, finalState: dFinalState, through: tape,
      threads: threads, accumulatingInto: &gradients)
  }
}
