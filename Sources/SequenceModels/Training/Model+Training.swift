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
    return try update(on: graph, optimizer: &optimizer, maximumNorm: maximumNorm, loss: result)
  }

  /// One step of training on several batches, as on one that has all of their rows: for updates from more
  /// sequences than are in memory at once.
  ///
  /// ```swift
  /// try model.trainingStep(accumulating: batches, on: graph, optimizer: &adam) { model, batch, graph in
  ///   model(batch.tokens, lengths: batch.lengths, on: graph)
  ///     .crossEntropy(batch.labels, lengths: batch.lengths)
  /// }
  /// ```
  /// With `L` the mean loss over the `n` rows of a batch that count (see ``/Autodiff/Loss/count``), and `m` the
  /// number of rows before,
  /// ```
  /// g ← ∂L/∂θ                                          the first batch
  /// g ← g·(1 − s) + s·∂L/∂θ,    s = n / (m + n)        each further one
  /// ```
  /// in this order, in the type of the parameters: with one batch, the bits are those of
  /// ``trainingStep(on:optimizer:maximumNorm:loss:)``. Each batch is a pass of the graph, with random choices
  /// of its own.
  ///
  /// - Parameters:
  ///   - batches: at least one.
  ///   - graph: records the passes, on as many threads as it has.
  ///   - optimizer: takes the step; made for ``Model/parameters``.
  ///   - maximumNorm: to what the global norm of the mean gradients is clipped.
  ///   - loss: computes the loss of a batch from this model.
  /// - Returns: the loss of all batches before the step, and the norm before clipping.
  /// - Throws: ``TrainingError``; the parameters and the optimizer are then as they were.
  @discardableResult
  public mutating func trainingStep<O: Optimizer, Batch>(
    accumulating batches: [Batch], on graph: Graph<Scalar>, optimizer: inout O,
    maximumNorm: Double = .infinity, loss: (Self, Batch, Graph<Scalar>) -> Node<Scalar>
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    require(!batches.isEmpty, "trainingStep: no batch")
    var total = Loss()
    // Not the array's iterator, which allocates in unoptimised builds.
    for i in 0..<batches.count {
      let result = recordGradients(on: graph) { loss($0, batches[i], $1) }
      guard result.sum.isFinite else { throw .nonFiniteLoss(result.mean) }
      graph.foldGradientsIntoMean(count: result.count, before: total.count)
      total += result
    }
    graph.useMeanGradients()
    return try update(on: graph, optimizer: &optimizer, maximumNorm: maximumNorm, loss: total)
  }

  /// Clips the graph's gradients and takes a step along them.
  package mutating func update<O: Optimizer>(
    on graph: Graph<Scalar>, optimizer: inout O, maximumNorm: Double, loss: Loss
  ) throws(TrainingError) -> TrainingStep where O.Parameters == ModelParameters<Scalar> {
    let norm: Double
    do {
      norm = try graph.withGradients { (gradients) throws(NonFiniteGradientError) in
        try gradients.clip(toGlobalNorm: maximumNorm, threads: graph.threads)
      }
    } catch {
      throw .nonFiniteGradient(error)
    }
    graph.withParameters(of: &self) {
      optimizer.step(&$0, gradients: $1, threads: graph.threads)
    }
    return TrainingStep(loss: loss, gradientNorm: norm)
  }
}
