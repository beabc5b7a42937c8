import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// The largest error of any gradient of a model, relative to the largest.
func modelGradientError<M: Model<Double>>(
  _ model: M, hasKinks: Bool = false, _ loss: (M, Graph<Double>) -> Node<Double>
) -> Double {
  let graph = Graph<Double>(threads: 1, seed: 2)
  graph.noise.pass = 0
  _ = model.gradients(on: graph, of: loss)
  let gradients = graph.gradients.elements
  return slopeError(gradients, at: model.parameters.elements, hasKinks: hasKinks) { values in
    var (moved, parameters) = (model, model.parameters)
    parameters.elements = values
    moved.parameters = parameters
    return recordedLoss(moved, on: graph, loss)
  }
}

/// The loss of a recorded pass, without its way back; the same random choices each time.
func recordedLoss<M: Model<Double>>(
  _ model: M, on graph: Graph<Double>, _ loss: (M, Graph<Double>) -> Node<Double>
) -> Double {
  var model = model
  graph.noise.pass = 0
  return model.recordPass(on: graph, of: loss).loss.mean
}

/// Whether loss and gradients are the same bits on one, two and three threads.
func threadsAgree<M: Model<Double>>(
  _ model: M, _ loss: (M, Graph<Double>) -> Node<Double>
) -> Bool {
  func bits(_ threads: Int) -> [UInt64] {
    let graph = Graph<Double>(threads: threads, seed: 2)
    let mean = model.gradients(on: graph, of: loss).mean
    return ([mean] + graph.gradients.elements).map(\.bitPattern)
  }
  let one = bits(1)
  return bits(2) == one && bits(3) == one
}
