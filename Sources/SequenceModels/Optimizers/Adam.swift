import LinAlg
import RealModule
import Recurrent

/// How ``Adam`` applies weight decay.
public enum WeightDecay: Sendable, Hashable {
  /// Added to the gradients, and so divided by their size as they are (L2 regularisation).
  case l2(Double)
  /// Apart from the gradients: `θ ← θ − rate·decay·θ` (AdamW; Loshchilov & Hutter 2019).
  case decoupled(Double)
}

/// Adam: steps of the size of the learning rate, along a running mean of the gradients over the root
/// of a running mean of their squares (Kingma & Ba 2015).
///
/// With `g = ∂L/∂θ` and `t` counted from 1,
/// ```
/// m ← β₁·m + (1 − β₁)·g
/// v ← β₂·v + (1 − β₂)·g²
/// θ ← θ − rate·(m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
/// ```
/// The divisions by `1 − βᵗ` correct the bias of moments that start at zero. With
/// ``WeightDecay/decoupled(_:)`` it is AdamW.
public struct Adam<Parameters: ParameterSet>: ResumableOptimizer {
  /// The size of the next steps.
  public var learningRate: Double
  /// `β₁`, the decay of the mean.
  public let beta1: Double
  /// `β₂`, the decay of the mean square.
  public let beta2: Double
  /// `ε`, what keeps the quotient finite where gradients are zero.
  public let epsilon: Double
  /// How weights decay; nil for not at all.
  public var weightDecay: WeightDecay?
  /// How many steps have been taken.
  public private(set) var stepCount = 0
  private var first: Parameters
  private var second: Parameters

  /// An optimizer for parameters of these shapes.
  ///
  /// - Parameters:
  ///   - parameters: what will be trained; only the shapes matter.
  ///   - learningRate: the size of a step.
  ///   - beta1: in `0..<1`.
  ///   - beta2: in `0..<1`.
  ///   - epsilon: positive.
  ///   - weightDecay: nil for none.
  public init(
    for parameters: Parameters, learningRate: Double = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: WeightDecay? = nil
  ) {
    require(beta1 >= 0 && beta1 < 1, "Adam: beta1 \(beta1) is not in 0..<1")
    require(beta2 >= 0 && beta2 < 1, "Adam: beta2 \(beta2) is not in 0..<1")
    require(epsilon > 0, "Adam: epsilon \(epsilon) is not positive")
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    first = parameters.zeros()
    second = parameters.zeros()
  }

  /// Moves `parameters` along their gradients.
  ///
  /// - Parameters:
  ///   - parameters: are changed.
  ///   - gradients: `∂L/∂θ`.
  ///   - threads: how many threads the call may use; nil means one for each processor.
  /// - Precondition: both have the shapes that the optimizer was made for.
  public mutating func step(
    _ parameters: inout Parameters, gradients: Parameters, threads: Int?
  ) {
    parameters.checkLayout(of: gradients, "gradients")
    parameters.checkLayout(of: first, "the optimizer's moments")
    stepCount += 1
    let coefficients = coefficients(atStep: stepCount)
    for i in 0..<parameters.blockCount where parameters.isTrained(block: i) {
      let count = parameters[block: i].count
      let x = parameters.uniquePointer(ofBlock: i)
      let m = first.uniquePointer(ofBlock: i)
      let v = second.uniquePointer(ofBlock: i)
      gradients[block: i].withUnsafeBufferPointer { dx in
        guard let dx = dx.baseAddress else { return }
        AdamUpdate(x: x, dx: dx, m: m, v: v, coefficients: coefficients)
          .run(count: count, threads: threads)
      }
    }
  }

  /// The steps taken, and both moments, `m` and `v`.
  public var state: OptimizerState<Parameters> {
    get {
      OptimizerState(
        stepCount: stepCount, learningRate: learningRate,
        moments: [("first", first), ("second", second)])
    }
    set {
      require(
        newValue.moments.map(\.name) == ["first", "second"],
        "Adam: a state with the moments \(newValue.moments.map(\.name))")
      first.checkLayout(of: newValue.moments[0].values, "the first moments")
      second.checkLayout(of: newValue.moments[1].values, "the second moments")
      (stepCount, learningRate) = (newValue.stepCount, newValue.learningRate)
      (first, second) = (newValue.moments[0].values, newValue.moments[1].values)
    }
  }

  private func coefficients(atStep t: Int) -> AdamCoefficients {
    var result = AdamCoefficients(
      beta1: beta1, beta2: beta2, rate: learningRate / (1 - .pow(beta1, t)),
      rootScale: 1 / (1 - .pow(beta2, t)).squareRoot(), epsilon: epsilon)
    switch weightDecay {
    case nil: break
    case .l2(let decay): result.decay = decay
    case .decoupled(let decay): result.keep = 1 - learningRate * decay
    }
    return result
  }
}

private struct AdamUpdate<Scalar: RecurrentScalar>: ElementUpdate {
  let x: UnsafeMutablePointer<Scalar>
  let dx: UnsafePointer<Scalar>
  let m: UnsafeMutablePointer<Scalar>
  let v: UnsafeMutablePointer<Scalar>
  let coefficients: AdamCoefficients

  func run(_ range: Range<Int>) {
    let i = range.lowerBound
    Scalar.adam(
      x + i, along: dx + i, first: m + i, second: v + i, count: range.count, coefficients)
  }
}
