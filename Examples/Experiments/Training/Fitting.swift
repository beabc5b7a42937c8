import Autodiff
import Charts
import LinAlg
import SequenceModels

/// How the experiments train: Adam, at a rate that rises linearly over the first twentieth of the updates and
/// then falls by half a cosine.
struct Fitting {
  var updates: Int
  /// The largest rate.
  var rate = 2e-3
  /// To what the gradients' norm is clipped.
  var maximumNorm = 1.0

  /// Trains a model, and packs its weights in the end where the run is one of packed weights: it cannot be
  /// trained any further then.
  ///
  /// - Parameters:
  ///   - run: hears of the loss ten times.
  ///   - next: the batch of each update.
  ///   - loss: of a batch, whose mean is taken over what counts.
  /// - Returns: the mean loss of each twentieth of the updates, for a curve.
  @discardableResult
  func train<M: Model<Float>, Batch>(
    _ model: inout M, on graph: Graph<Float>, of run: ExperimentRun, next: () -> Batch,
    loss: (M, Batch, Graph<Float>) -> Node<Float>
  ) throws -> LineFigure.Series {
    var trainer = trainer(for: model)
    trainer.validation = .updates(max(updates / 20, 1))
    var looks = 0
    trainer.didLook = { point in
      looks += 1
      if looks % 2 == 0 || point.update == updates {
        run.say(
          "update \(point.update) of \(updates), loss \(Format.shortest(point.loss.mean))")
      }
    }
    let history = try withoutActuallyEscaping(next) { next in
      try trainer.run(&model, on: graph, batches: .endless { _ in next() }, loss: loss)
    }
    model = try run.finished(model)
    return LineFigure.Series(
      name: "training", x: history.points.map { Double($0.update) },
      y: history.points.map(\.loss.mean))
  }

  /// What trains a model so, and says nothing.
  func trainer<M: Model>(for model: M) -> Trainer<Adam<ModelParameters<M.Scalar>>> {
    var trainer = Trainer(
      optimizer: Adam(for: model.parameters, learningRate: rate), maximumNorm: maximumNorm)
    trainer.duration = .updates(updates)
    trainer.schedule = WarmUpCosine(
      peak: rate, final: rate / 100, warmUpSteps: max(updates / 20, 1), totalSteps: updates)
    trainer.validation = .updates(updates)
    return trainer
  }
}
