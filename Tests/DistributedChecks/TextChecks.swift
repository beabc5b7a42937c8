#if Distributed
  import Autodiff
  import DistributedTraining
  import LinAlg
  import Recurrent
  import SequenceModels

  /// A text in streams whose states are carried from window to window: `task=text`, `streams=5`.
  extension CheckTask {
    var readsText: Bool { options["task"] == "text" }

    /// Seven windows of six steps, the last of them shorter, and shorter still in some streams.
    var streams: TokenStreams {
      let count = options.number("streams", 5)
      return TokenStreams(Self.text(40 * count - 1, seed: 21), batch: count, steps: 6)
    }

    var heldOutStreams: TokenStreams {
      TokenStreams(Self.text(55, seed: 22), batch: options.number("streams", 5), steps: 4)
    }

    /// Made up so that what follows depends on more than the token before.
    private static func text(_ count: Int, seed: UInt64) -> [Token] {
      var generator = SeededGenerator(seed: seed)
      var result: [Token] = [2, 3, 4]
      while result.count < count {
        let isDrawn = Int.random(in: 0..<4, using: &generator) == 0
        let sum = result[result.count - 1] + result[result.count - 3]
        result.append(isDrawn ? Token.random(in: 0..<12, using: &generator) : sum % 12)
      }
      return result
    }

    /// As the library's trainer does it, and by hand where it takes no more than a window for an update.
    func trainOnText(
      _ model: inout Model, _ trainer: inout Trainer<Adam<ModelParameters<Scalar>>>,
      _ graph: Graph<Scalar>
    ) throws -> TrainingHistory {
      let held = heldOutStreams
      let validate: (Model) -> Double = {
        $0.evaluate(held.tokens, streams: held.batch, steps: held.steps, threads: 1).mean
      }
      guard trainer.batchesPerUpdate > 1 else {
        return try trainer.run(
          &model, on: graph, batches: .windows(of: streams), validate: validate
        ) { model, window, state, adam in
          if window.index == 0 { state = nil }
          return try model.trainingStep(
            window, state: &state, on: graph, optimizer: &adam, maximumNorm: 1)
        }
      }
      return try trainer.run(
        &model, on: graph, batches: .windows(of: streams), validate: validate,
        updates: { model, windows, state, adam in
          var total = Loss()
          for window in windows {
            if window.index == 0 { state = nil }
            var after: Node<Scalar>?
            let loss = model.recordGradients(on: graph) { model, graph in
              let run = model.loss(window, from: state.map { graph.constant($0) }, on: graph)
              after = run.finalState
              return run.loss
            }
            after?.copy(into: &state)
            graph.foldGradientsIntoMean(count: loss.count, before: total.count)
            total += loss
          }
          graph.useMeanGradients()
          return try model.update(on: graph, optimizer: &adam, maximumNorm: 1, loss: total)
        })
    }
  }
#endif
