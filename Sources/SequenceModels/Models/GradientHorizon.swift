import Autodiff
import LinAlg
import Recurrent

/// How far back in time gradients flow: the loss of every `every` steps runs back through the last `steps`
/// (Williams & Peng 1990, BPTT(h; h′)).
///
/// With `every` equal to `steps`, sequences are cut into pieces, and a loss reaches back to the beginning of
/// its piece: that costs nothing. With 1, each loss reaches back through exactly the last `steps` states, at
/// `steps` times the cost.
public struct GradientHorizon: Sendable, Hashable {
  /// Through how many steps gradients flow at most; and `every − 1` less at least.
  public let steps: Int
  /// How many steps share one way back.
  public let every: Int

  /// A horizon.
  ///
  /// - Parameters:
  ///   - steps: through how many steps gradients flow.
  ///   - every: how many steps share one way back; nil for as many.
  /// - Precondition: `steps` is a multiple of `every`, and both are positive.
  public init(_ steps: Int, every: Int? = nil) {
    let every = every ?? steps
    require(
      every > 0 && steps > 0 && steps % every == 0,
      "GradientHorizon: \(steps) steps, every \(every); expected a multiple")
    (self.steps, self.every) = (steps, every)
  }
}

extension CausalLayer {
  /// Runs the layer over all steps as nodes, with gradients that flow no farther back than `horizon`. The
  /// values are those of one pass, except that a layer's own random choices are drawn anew for each piece.
  ///
  /// - Parameters:
  ///   - x: `[T, N, D]`.
  ///   - state: the state before the first step; nil means the layer's own beginning.
  ///   - lengths: how many steps of each sequence count; nil means all.
  ///   - horizon: how far back gradients flow; nil for as far as the steps go.
  public func callAsFunction(
    _ x: Node<Scalar>, from state: Node<Scalar>? = nil, lengths: [Int]? = nil,
    horizon: GradientHorizon?
  ) -> LayerNodes<Scalar> {
    let T = x.steps
    guard let horizon, T > horizon.steps else { return self(x, from: state, lengths: lengths) }
    let every = horizon.every
    var outputs: [Node<Scalar>] = []
    // The state after each piece: before it there is the caller's.
    var states: [Node<Scalar>] = []
    for first in stride(from: 0, to: T, by: every) {
      let (start, end) = (max(0, first + every - horizon.steps), min(first + every, T))
      let before = start == 0 ? state : states[start / every - 1].stopGradient()
      let own = lengths.map { $0.map { min(max($0 - start, 0), end - start) } }
      let run = self(x[steps: start..<end], from: before, lengths: own)
      outputs.append(run.outputs[steps: first - start..<end - start])
      states.append(run.finalState)
    }
    return LayerNodes(
      outputs: .joined(outputs, along: .steps), finalState: states[states.count - 1])
  }

  /// The layer's own beginning as a node, `[1, N, S]`, through which nothing is learned: where decoding starts.
  public func beginning(batch: Int, on graph: Graph<Scalar>) -> Node<Scalar> {
    let state = initialState(batch: batch)
    return .joined(
      (0..<state.partCount).map { graph.constant(state.part($0)) }, along: .features)
  }
}
