import GoldenSupport

/// A loss on what a layer gives, with its gradient.
struct Loss: Sendable, CustomStringConvertible {
  enum Kind: CaseIterable, Sendable {
    /// Σ w∘outputs
    case weightedOutputs
    /// ½ Σ (outputs − w)²
    case halfSquaredError
    /// Σ w∘finalHidden + Σ w∘finalCell
    case finalState
    /// The sum of the other three.
    case everything
  }

  var kind: Kind
  var outputWeights: [Double]
  var hiddenWeights: [Double]
  var cellWeights: [Double]

  init(_ kind: Kind, _ cell: GoldenCell, _ e: Extents, seed: UInt64) {
    var rng = SplitMix(seed: seed &+ 1000)
    self.kind = kind
    outputWeights = rng.uniform(e.T * e.N * e.H)
    hiddenWeights = rng.uniform(e.N * e.H)
    cellWeights = cell == .lstm ? rng.uniform(e.N * e.H) : []
  }

  var description: String { "\(kind)" }

  func value(_ results: Results<Double>) -> Double {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let weighted = dot(outputWeights, results.outputs)
    let squared = zip(results.outputs, outputWeights).reduce(0) { sum, pair in
      sum + 0.5 * (pair.0 - pair.1) * (pair.0 - pair.1)
    }
    let final = dot(hiddenWeights, results.finalHidden) + dot(cellWeights, results.finalCell)
    switch kind {
    case .weightedOutputs: return weighted
    case .halfSquaredError: return squared
    case .finalState: return final
    case .everything: return weighted + squared + final
    }
  }

  func upstream(_ results: Results<Double>) -> Upstream<Double> {
    let difference = zip(results.outputs, outputWeights).map { $0 - $1 }
    let cellWeights = cellWeights.isEmpty ? nil : cellWeights
    switch kind {
    case .weightedOutputs:
      return Upstream(dOutputs: outputWeights)
    case .halfSquaredError:
      return Upstream(dOutputs: difference)
    case .finalState:
      return Upstream(dFinalHidden: hiddenWeights, dFinalCell: cellWeights)
    case .everything:
      return Upstream(
        dOutputs: zip(outputWeights, difference).map { $0 + $1 },
        dFinalHidden: hiddenWeights, dFinalCell: cellWeights)
    }
  }
}

/// Compares gradients with central differences of the loss.
///
/// The five-point difference has the error `h⁴/30·f⁽⁵⁾`, about 1e-14 of the loss's scale for the step
/// used, and takes over the loss's rounding error, about 1e-15, divided by `h`: together near 1e-11.
/// A relative error of 1e-6 is therefore visible in elements down to a thousandth of the largest.
struct GradientCheck {
  var cell: GoldenCell
  var extents: Extents
  var lengths: [Int]?
  var loss: Loss
  var variables: Variables<Double>

  static let tolerance = 1e-6
  /// A rectifier is smooth only where no unit changes sides, so that its step is shorter; its loss
  /// is a polynomial of low degree, of which the difference is exact.
  private var h: Double { cell == .rnnReLU ? 1e-4 : 1e-3 }

  /// What was found of one variable.
  struct Finding {
    var variable: String
    /// The largest relative error of any element, relative to the element itself or to a thousandth
    /// of the largest one.
    var error: Double
    /// Whether a rectifier's unit changed sides under the differences, which makes them meaningless.
    var crossesKink: Bool
  }

  /// Compares the gradients on all variables with differences.
  func findings(_ gradients: Variables<Double>) -> [Finding] {
    variables.keys.sorted().map { name in
      let (numeric, crossesKink) = differences(name)
      let analytic = gradients[name, default: []]
      guard analytic.count == numeric.count else {
        return Finding(variable: name, error: .infinity, crossesKink: crossesKink)
      }
      let floor = 1e-3 * (numeric.map(\.magnitude).max() ?? 0)
      var worst = 0.0
      for (a, n) in zip(analytic, numeric) where a != n {
        let error = (a - n).magnitude / max(n.magnitude, floor)
        worst = error.isNaN ? .infinity : max(worst, error)
      }
      return Finding(variable: name, error: worst, crossesKink: crossesKink)
    }
  }

  private func differences(_ name: String) -> (values: [Double], crossesKink: Bool) {
    let pattern = activePattern(cell.run(variables, extents, lengths: lengths))
    var crossesKink = false
    let values = variables[name, default: []].indices.map { index in
      func loss(at offset: Double) -> Double {
        var moved = variables
        moved[name]?[index] += offset
        let results = cell.run(moved, extents, lengths: lengths)
        if activePattern(results) != pattern { crossesKink = true }
        return self.loss.value(results)
      }
      let inner = loss(at: h) - loss(at: -h)
      let outer = loss(at: 2 * h) - loss(at: -2 * h)
      return (8 * inner - outer) / (12 * h)
    }
    return (values, crossesKink)
  }

  private func activePattern(_ results: Results<Double>) -> [Bool] {
    cell == .rnnReLU ? results.outputs.map { $0 > 0 } : []
  }
}
