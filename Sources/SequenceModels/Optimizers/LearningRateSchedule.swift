import LinAlg
import RealModule

/// A learning rate for every training step.
///
/// ```swift
/// optimizer.learningRate = schedule.rate(atStep: optimizer.stepCount)
/// ```
public protocol LearningRateSchedule: Sendable {
  /// The rate of the step with the given number, counted from 0.
  func rate(atStep step: Int) -> Double
}

/// The same rate at every step.
public struct ConstantRate: LearningRateSchedule, Hashable {
  /// The rate.
  public var rate: Double

  /// The same `rate` at every step.
  public init(_ rate: Double) { self.rate = rate }

  /// The rate.
  public func rate(atStep step: Int) -> Double { rate }
}

/// A linear rise to a peak, then half a cosine down.
///
/// With `w` warm-up steps of `n` in all,
/// ```
/// step < w    peak·(step + 1) / w
/// step ≥ w    final + (peak − final)·(1 + cos(π·(step − w) / (n − w))) / 2
/// ```
/// and `final` from step `n` on. The decay is that of Loshchilov & Hutter (2017) without restarts; the
/// rise keeps the first steps of Adam small while its moments are still estimates from few gradients.
public struct WarmUpCosine: LearningRateSchedule, Hashable {
  /// The largest rate.
  public var peak: Double
  /// The last rate.
  public var final: Double
  /// How many steps the rise takes.
  public var warmUpSteps: Int
  /// How many steps there are in all.
  public var totalSteps: Int

  /// A schedule over `totalSteps` steps.
  ///
  /// - Precondition: `0 <= warmUpSteps <= totalSteps`.
  public init(peak: Double, final: Double = 0, warmUpSteps: Int, totalSteps: Int) {
    require(
      warmUpSteps >= 0 && warmUpSteps <= totalSteps,
      "WarmUpCosine: \(warmUpSteps) warm-up steps of \(totalSteps) in all")
    self.peak = peak
    self.final = final
    self.warmUpSteps = warmUpSteps
    self.totalSteps = totalSteps
  }

  /// The rate of the step with the given number, counted from 0.
  public func rate(atStep step: Int) -> Double {
    if step < warmUpSteps { return peak * Double(step + 1) / Double(warmUpSteps) }
    if step >= totalSteps { return final }
    let progress = Double(step - warmUpSteps) / Double(totalSteps - warmUpSteps)
    return final + (peak - final) * (1 + .cos(.pi * progress)) / 2
  }
}
