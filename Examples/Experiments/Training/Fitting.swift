import Autodiff
import Charts
import LinAlg
import SequenceModels

/// Trains a model with Adam for a number of updates, at a rate that rises linearly over the first twentieth
/// of them and then falls by half a cosine.
struct Fitting {
  var updates: Int
  /// The largest rate.
  var rate = 2e-3
  /// To what the gradients' norm is clipped.
  var maximumNorm = 1.0

  /// - Parameters:
  ///   - run: hears of the loss ten times.
  ///   - next: the batch of each update.
  ///   - loss: of a batch, whose mean is taken over what counts.
  /// - Returns: the mean loss of each twentieth of the updates, for a curve.
  @discardableResult
  func train<M: Model, Batch>(
    _ model: inout M, on graph: Graph<M.Scalar>, of run: ExperimentRun, next: () -> Batch,
    loss: (M, Batch, Graph<M.Scalar>) -> Node<M.Scalar>
  ) throws -> LineFigure.Series {
    let schedule = WarmUpCosine(
      peak: rate, final: rate / 100, warmUpSteps: max(updates / 20, 1), totalSteps: updates)
    var adam = Adam(for: model.parameters, learningRate: rate)
    var curve = LineFigure.Series(name: "training", x: [], y: [])
    var sum = Loss()
    let interval = max(updates / 20, 1)
    for update in 1...updates {
      adam.learningRate = schedule.rate(atStep: update - 1)
      let batch = next()
      let step = try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: maximumNorm) {
        loss($0, batch, $1)
      }
      sum += step.loss
      if update % interval == 0 || update == updates {
        curve.x.append(Double(update))
        curve.y.append(sum.mean)
        if curve.x.count % 2 == 0 || update == updates {
          run.say("update \(update) of \(updates), loss \(Format.shortest(sum.mean))")
        }
        sum = Loss()
      }
    }
    return curve
  }
}
