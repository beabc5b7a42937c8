import Autodiff
import LinAlg
import Recurrent

/// What a training step reports.
public struct TrainingStep: Sendable, Hashable {
  /// The loss before the step.
  public var loss: Loss
  /// The global norm of the gradients before clipping.
  public var gradientNorm: Double
}

/// A training step that cannot be taken.
public enum TrainingError: Error, Hashable, CustomStringConvertible {
  /// The loss is not a finite number.
  case nonFiniteLoss(Double)
  /// A gradient is not.
  case nonFiniteGradient(NonFiniteGradientError)

  /// What is not finite.
  public var description: String {
    switch self {
    case .nonFiniteLoss(let loss): "the loss is \(loss)"
    case .nonFiniteGradient(let error): error.description
    }
  }
}

extension Model {
  /// One step of training: the loss, its gradients, clipping, and a step of the optimizer.
  ///
  /// ```swift
  /// var adam = Adam(for: model.parameters)
  /// let step = try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { model, graph in
  ///   model(batch.tokens, lengths: batch.lengths, on: graph)
  ///     .crossEntropy(batch.labels, lengths: batch.lengths)
  /// }
  /// ```
  /// A step of a shape that the graph has seen allocates nothing. Nodes that `loss` has made stay readable
  /// until the graph's next pass: take a state on from them after the step, not in it, so that a step that
  /// throws leaves it as it was.
  ///
  /// - Parameters:
  ///   - graph: records the pass, on as many threads as it has.
  ///   - optimizer: takes the step; made for ``Model/parameters``.
  ///   - maximumNorm: to what the global norm of the gradients is clipped.
  ///   - loss: computes the loss from this model.
  /// - Returns: the loss before the step and the norm before clipping.
  /// - Throws: ``TrainingError``; the parameters and the optimizer are then as they were.
  @discardableResult
  public mutating func trainingStep<O: Optimizer>(
    on graph: Graph<Scalar>, optimizer: inout O, maximumNorm: Double = .infinity,
    loss: (Self, Graph<Scalar>) -> Node<Scalar>
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    let result = recordGradients(on: graph, of: loss)
    guard result.sum.isFinite else { throw .nonFiniteLoss(result.mean) }
    let norm: Double
    do {
      norm = try graph.withGradients { (gradients) throws(NonFiniteGradientError) in
        try gradients.clip(toGlobalNorm: maximumNorm)
      }
    } catch {
      throw .nonFiniteGradient(error)
    }
    graph.withParameters(of: &self) {
      optimizer.step(&$0, gradients: $1, threads: graph.threads)
    }
    return TrainingStep(loss: result, gradientNorm: norm)
  }
}
