import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// The adding problem (Hochreiter and Schmidhuber 1997): the sum of the two numbers of a sequence that are marked,
/// one in each half. The score is the share of the sums' variance, 1/6, that the answers explain, at least 0.
struct MarkedSumTask: CellTask {
  let name = "adding"
  let units: Int
  let updates: Int
  let steps: Int
  private static let batch = 32

  struct Problems {
    var x: SequenceBatch<Float>
    var sums: SequenceBatch<Float>

    init(steps: Int, batch: Int, using generator: inout SeededGenerator) {
      // Arrays first: the compiler gives up on elements of properties that are being initialised.
      var numbers = [Float](repeating: 0, count: steps * batch * 2)
      var totals = [Float](repeating: 0, count: batch)
      for n in 0..<batch {
        for t in 0..<steps { numbers[2 * (t * batch + n)] = .random(in: 0...1, using: &generator) }
        for half in [0..<steps / 2, steps / 2..<steps] {
          let place = 2 * (Int.random(in: half, using: &generator) * batch + n)
          numbers[place + 1] = 1
          totals[n] += numbers[place]
        }
      }
      x = SequenceBatch(steps: steps, batch: batch, features: 2, elements: numbers)
      sums = SequenceBatch(steps: 1, batch: batch, features: 1, elements: totals)
    }
  }

  private struct Adder: Model {
    var layer: DefinedLayer<Float>
    var output: Linear<Float>

    mutating func visitParts(_ part: inout PartVisitor<Float>) {
      part("layer", &layer)
      part("output", &output)
    }

    func error(_ problems: Problems, on graph: Graph<Float>) -> Node<Float> {
      let run = layer(graph.constant(problems.x))
      return output(run.outputs[step: problems.x.steps - 1]).meanSquaredError(problems.sums)
    }
  }

  func score(_ cell: CellDefinition, seed: UInt64, isFinal: Bool) throws -> Double {
    var rng = SeededGenerator(seed: seed)
    var model = Adder(
      layer: try DefinedLayer(cell, inputSize: 2, hiddenSize: units, using: &rng),
      output: Linear(inputSize: units, outputSize: 1, using: &rng))
    let graph = Graph<Float>(threads: 1, seed: seed)
    var trainer = Fitting(updates: updates, rate: 0.01).trainer(for: model)
    let batches = TrainingBatches.endless { n in
      var own = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(n))
      return Problems(steps: steps, batch: Self.batch, using: &own)
    }
    try trainer.run(&model, on: graph, batches: batches) { model, problems, graph in
      model.error(problems, on: graph)
    }
    var held = SeededGenerator(seed: isFinal ? .max : .max - 1)
    let problems = Problems(steps: steps, batch: 512, using: &held)
    let error = model.evaluate(on: graph) { $0.error(problems, on: $1).loss.mean }
    // What is no number stays none.
    return error.isFinite ? max(1 - 6 * error, 0) : .nan
  }
}
