import LinAlg
import Recurrent

/// Stochastic gradient descent, plain, with momentum, or with Nesterov's momentum.
///
/// With `g = ∂L/∂θ + weightDecay·θ`,
/// ```
/// plain      θ ← θ − rate·g
/// momentum   v ← momentum·v + g      θ ← θ − rate·v
/// nesterov   v ← momentum·v + g      θ ← θ − rate·(g + momentum·v)
/// ```
/// Momentum after Polyak (1964); Nesterov's in the form of Sutskever et al. (2013), with the rate
/// outside the velocity, so that a schedule acts on all of it at once (PyTorch's form).
public struct SGD<Parameters: ParameterSet>: ResumableOptimizer {
  /// The size of the next steps.
  public var learningRate: Double
  /// How much of the velocity is kept from step to step; 0 for none.
  public let momentum: Double
  /// Whether the gradient is taken as if at the place to which the velocity leads.
  public let nesterov: Bool
  /// What is added to the gradients for each unit of the parameters (L2 regularisation); 0 for none.
  public var weightDecay: Double
  /// How many steps have been taken.
  public private(set) var stepCount = 0
  private var velocity: Parameters?

  /// An optimizer for parameters of these shapes.
  ///
  /// - Parameters:
  ///   - parameters: what will be trained; only the shapes matter.
  ///   - learningRate: the size of a step.
  ///   - momentum: in `0..<1`.
  ///   - nesterov: needs a momentum.
  ///   - weightDecay: not negative.
  public init(
    for parameters: Parameters, learningRate: Double, momentum: Double = 0,
    nesterov: Bool = false, weightDecay: Double = 0
  ) {
    require(momentum >= 0 && momentum < 1, "SGD: momentum \(momentum) is not in 0..<1")
    require(!nesterov || momentum > 0, "SGD: Nesterov's form needs a momentum")
    require(weightDecay >= 0, "SGD: negative weight decay \(weightDecay)")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    velocity = momentum > 0 ? parameters.zeros() : nil
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
    if let velocity { parameters.checkLayout(of: velocity, "the optimizer's velocities") }
    for i in 0..<parameters.blockCount where parameters.isTrained(block: i) {
      let count = parameters[block: i].count
      let x = parameters.uniquePointer(ofBlock: i)
      let v = velocity?.uniquePointer(ofBlock: i)
      gradients[block: i].withUnsafeBufferPointer { dx in
        guard let dx = dx.baseAddress else { return }
        SGDUpdate(
          x: x, dx: dx, velocity: v, rate: learningRate, momentum: momentum, decay: weightDecay,
          nesterov: nesterov
        ).run(count: count, threads: threads)
      }
    }
    stepCount += 1
  }

  /// The steps taken, and with a momentum the velocity.
  public var state: OptimizerState<Parameters> {
    get {
      OptimizerState(
        stepCount: stepCount, learningRate: learningRate,
        moments: velocity.map { [("velocity", $0)] } ?? [])
    }
    set {
      require(
        newValue.moments.map(\.name) == (velocity == nil ? [] : ["velocity"]),
        "SGD: a state with the moments \(newValue.moments.map(\.name))")
      if let velocity {
        velocity.checkLayout(of: newValue.moments[0].values, "the velocities")
        self.velocity = newValue.moments[0].values
      }
      (stepCount, learningRate) = (newValue.stepCount, newValue.learningRate)
    }
  }
}

private struct SGDUpdate<Scalar: RecurrentScalar>: ElementUpdate {
  let x: UnsafeMutablePointer<Scalar>
  let dx: UnsafePointer<Scalar>
  let velocity: UnsafeMutablePointer<Scalar>?
  let rate: Double
  let momentum: Double
  let decay: Double
  let nesterov: Bool

  func run(_ range: Range<Int>) {
    let i = range.lowerBound
    if let velocity {
      Scalar.descend(
        x + i, along: dx + i, velocity: velocity + i, count: range.count, rate: rate,
        momentum: momentum, decay: decay, nesterov: nesterov)
    } else {
      Scalar.descend(x + i, along: dx + i, count: range.count, rate: rate, decay: decay)
    }
  }
}
