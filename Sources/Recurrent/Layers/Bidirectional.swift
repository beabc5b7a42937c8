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
  ) -> CompositeTape<Self> {
    let forward = forwardLayer.makeTape(steps: steps, batch: batch, products: products)
    let backward = reversedLayer.makeTape(steps: steps, batch: batch, products: products)
    return CompositeTape([forward, backward], BidirectionalContents(forward, backward))
  }

  /// Empty buffers for inference.
  public func makeWorkspace(products: ProductStrategy = .automatic) -> CompositeWorkspace<Self> {
    CompositeWorkspace(
      BidirectionalContents(
        forwardLayer.makeWorkspace(products: products),
        reversedLayer.makeWorkspace(products: products)))
  }

  /// The recording of the layer that reads from the first step to the last, on a tape.
  public func forwardRecording(in tape: CompositeTape<Self>) -> Layer.Recording {
    tape.contents.forward
  }

  /// The recording of the layer that reads from the last step to the first, on a tape: its steps are in
  /// the order in which it read them.
  public func backwardRecording(in tape: CompositeTape<Self>) -> Layer.Recording {
    tape.contents.backward.contents.inner
  }

  var reversedLayer: Reversed<Layer> { backwardShell.filled(with: parameters.backward) }
}

extension Bidirectional {
  /// Runs both directions over a batch of sequences and merges their outputs: inference; see
  /// ``InferenceLayer/callAsFunction(_:from:lengths:threads:workspace:)``.
  public func callAsFunction(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, workspace: CompositeWorkspace<Self>? = nil
  ) -> RecurrentOutput<State> {
    let workspace = workspace ?? makeWorkspace()
    let run = directions(
      x, from: state, lengths: lengths, threads: threads, workspace: workspace)
    let own = workspace.contents
    own.outputs.assignMerge(
      merge, run.forward, run.backward, threads: allowedThreads(threads))
    return RecurrentOutput(own.outputs, finalState: run.finalState)
  }

  /// Runs both directions over a batch of sequences, merges their outputs, and records the pass; see
  /// ``SequenceLayer/forward(_:from:lengths:threads:recording:)``.
  @discardableResult
  public func forward(
    _ x: SequenceBatch<Scalar>, from state: State? = nil, lengths: [Int]? = nil,
    threads: Int? = nil, recording tape: CompositeTape<Self>
  ) -> RecurrentOutput<State> {
    let run = forwardDirections(
      x, from: state, lengths: lengths, threads: threads, recording: tape)
    let own = tape.contents
    own.outputs.assignMerge(
      merge, run.forward, run.backward, threads: allowedThreads(threads))
    own.merge = merge
    if merge == .product { own.factors = (run.forward, run.backward) }
    return RecurrentOutput(own.outputs, finalState: run.finalState)
  }

  /// Runs both directions backwards from the gradient of their merged outputs; see
  /// ``SequenceLayer/backward(_:finalState:through:threads:accumulatingInto:)``. The recording is one that
  /// ``forward(_:from:lengths:threads:recording:)`` has made.
  @discardableResult
  public func backward(
    _ dOutputs: SequenceBatch<Scalar>?, finalState dFinalState: State? = nil,
    through tape: CompositeTape<Self>, threads: Int? = nil,
    accumulatingInto gradients: inout BidirectionalParameters<Layer.Parameters>
  ) -> InputGradients<State> {
    tape.checkRecorded()
    guard let dOutputs else {
      return backward(
        forward: nil, backward: nil, finalState: dFinalState, through: tape, threads: threads,
        accumulatingInto: &gradients)
    }
    let (own, allowed) = (tape.contents, allowedThreads(threads))
    guard own.merge == merge else {
      failRequirement(
        """
        the tape holds \(own.merge.map { "the \($0.rawValue)" } ?? "both directions apart"), \
        expected the \(merge.rawValue) of both directions
        """)
    }
    dOutputs.checkIsGradient(of: own.outputs)
    switch merge {
    case .sum:
      return backward(
        forward: dOutputs, backward: dOutputs, finalState: dFinalState, through: tape,
        threads: threads, accumulatingInto: &gradients)
    case .mean:
      own.dForward.assignHalf(of: dOutputs)
      return backward(
        forward: own.dForward, backward: own.dForward, finalState: dFinalState, through: tape,
        threads: threads, accumulatingInto: &gradients)
    case .product:
      guard let (forward, backward) = own.factors else {
        failRequirement("the tape holds no product of both directions")
      }
      own.dForward.assign(dOutputs, by: .product, backward, threads: allowed)
      own.dBackward.assign(dOutputs, by: .product, forward, threads: allowed)
    case .concatenate:
      dOutputs.split(
        into: &own.dForward, forwardLayer.outputSize, &own.dBackward, threads: allowed)
    }
    return backward(
      forward: own.dForward, backward: own.dBackward, finalState: dFinalState, through: tape,
      threads: threads, accumulatingInto: &gradients)
  }
}

extension Bidirectional: CompositeLayer {
  typealias TapeContents = BidirectionalContents<
    Layer.Recording, CompositeTape<Reversed<Layer>>, Scalar
  >
  typealias WorkspaceContents = BidirectionalContents<
    Layer.Buffers, CompositeWorkspace<Reversed<Layer>>, Scalar
  >
}

/// What a ``Bidirectional`` layer keeps: what becomes of the outputs of both directions, and of their
/// gradients.
final class BidirectionalContents<
  Forward: AnyObject, Backward: AnyObject, Scalar: RecurrentScalar
>: CompositeContents {
  let forward: Forward
  let backward: Backward
  /// How the recorded pass merged its outputs; nil where it left them apart.
  var merge: DirectionMerge?
  /// The outputs of both directions, where the merged gradient needs them.
  var factors: (forward: SequenceBatch<Scalar>, backward: SequenceBatch<Scalar>)?
  var outputs = SequenceBatch<Scalar>.empty
  var dForward = SequenceBatch<Scalar>.empty
  var dBackward = SequenceBatch<Scalar>.empty
  var dx = SequenceBatch<Scalar>.empty

  init(_ forward: Forward, _ backward: Backward) {
    self.forward = forward
    self.backward = backward
  }

  var byteCount: Int {
    outputs.byteCount + dForward.byteCount + dBackward.byteCount + dx.byteCount
  }

  func discard() { factors = nil }
}
