import Autodiff
import LinAlg
import Recurrent

/// What attention should give to each step of a source, summed over the target.
public enum AttentionTotal: Sendable, Hashable {
  /// The same for every step of a source, `T₂/T₁`: so much there is to give.
  case even
  /// The same number for every step, 1 in Xu et al. (2015). It can be reached only where `T₂ = τ·T₁`.
  case fixed(Double)
}

// Losses of attention's weights, `[T₂, N, T₁]`: to be added to a model's own. Both are sums over sequences
// divided by the number of target steps, as cross-entropy is: their weight is that of one sequence's loss.
extension Node {
  /// How unevenly attention was spent (Xu et al. 2015, "doubly stochastic attention"):
  /// `Σᵢ(τ − Σₜ α[t, i])²` over the steps `i` of each source and `t` of its target, all sequences together,
  /// divided by the number of target steps.
  ///
  /// - Parameters:
  ///   - total: `τ`.
  ///   - sources: how many steps of each source count; nil means all.
  ///   - targets: how many steps of each target count; nil means all.
  /// - Returns: `[1, 1, 1]`; 0 where nothing counts.
  public func unevenness(
    of total: AttentionTotal = .even, sources: [Int]?, targets: [Int]?
  ) -> Node {
    let (sources, targets) = counted(sources, targets)
    let given = (self * graph.validSteps(targets, steps: steps)).sum(over: .steps)
    let wanted = SequenceBatch<Scalar>(
      steps: 1, batch: batch, features: 1,
      elements: (0..<batch).map { n in
        switch total {
        case .even: Scalar(targets[n]) / Scalar(Swift.max(sources[n], 1))
        case .fixed(let total): Scalar(total)
        }
      })
    let missing =
      (graph.constant(wanted) - given) * graph.validFeatures(sources, features: features)
    return missing.squared().sum() / Scalar(Swift.max(targets.reduce(0, +), 1))
  }

  /// How much attention went where it had been before (See et al. 2017):
  /// `Σₜ Σᵢ min(α[t, i], c[t, i])` with `c[t]` the sum of `α` before `t`, all sequences together, divided by
  /// the number of target steps.
  ///
  /// - Parameter targets: how many steps of each target count; nil means all.
  /// - Returns: `[1, 1, 1]`; 0 where nothing counts.
  public func coverageLoss(targets: [Int]?) -> Node {
    let (_, targets) = counted(nil, targets)
    // min(a, b) = a − max(a − b, 0)
    let again = self - (self - sumsOfEarlierSteps()).relu()
    let valid = graph.validSteps(targets, steps: steps)
    return (again * valid).sum() / Scalar(Swift.max(targets.reduce(0, +), 1))
  }

  private func counted(_ sources: [Int]?, _ targets: [Int]?) -> ([Int], [Int]) {
    let shape = shape
    return (
      sources ?? [Int](repeating: shape.features, count: shape.batch),
      targets ?? [Int](repeating: shape.steps, count: shape.batch)
    )
  }
}
