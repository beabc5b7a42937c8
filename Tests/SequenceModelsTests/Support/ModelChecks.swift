import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// The largest error of any gradient of a model, relative to the largest.
func modelGradientError<M: Model<Double>>(
  _ model: M, step: Double = 1e-3, _ loss: (M, Graph<Double>) -> Node<Double>
) -> Double {
  let graph = Graph<Double>(threads: 1, seed: 2)
  func value(_ model: M) -> Double {
    graph.noise.pass = 0
    return model.gradients(on: graph, of: loss).mean
  }
  _ = value(model)
  let gradients = graph.gradients
  let numeric = numericGradient(model.parameters.elements, step: step) { values in
    var (moved, parameters) = (model, model.parameters)
    parameters.elements = values
    moved.parameters = parameters
    return value(moved)
  }
  return relativeError(gradients.elements, numeric)
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
