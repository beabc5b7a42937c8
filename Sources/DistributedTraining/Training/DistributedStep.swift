#if Distributed
  import Autodiff
  import LinAlg
  import Recurrent
  import SequenceModels

  /// The mean loss of a part of a batch, from the state before it, and the state after it; nil where none is carried.
  typealias PartLoss<M: Model, Batch> = (
    M, Batch, Node<M.Scalar>?, Graph<M.Scalar>
  ) -> (loss: Node<M.Scalar>, finalState: Node<M.Scalar>?)

  /// What the ranks do for each update: passes over their parts of the batches, and the exchange of what came of
  /// them.
  final class DistributedStep<Scalar: RecurrentScalar> {
    private let world: Communicator
    let sums: GradientSums<Scalar>
    private let course: SharedCourse
    private let watch: InterruptionWatch
    /// How many groups a batch is divided into, and which of them this rank has.
    private let groupCount: Int
    private let mine: Range<Int>
    private var updates = 0
    /// Whether sequences have states that they carry from batch to batch.
    private let carriesStates: Bool
    /// Those of this rank's groups, after the last update.
    var states: SequenceStates<Scalar>

    init(
      _ world: Communicator, _ order: GradientOrder, _ sums: GradientSums<Scalar>,
      _ course: SharedCourse, _ watch: InterruptionWatch, carriesStates: Bool
    ) {
      (self.world, self.sums, self.course, self.watch) = (world, sums, course, watch)
      self.carriesStates = carriesStates
      switch order {
      case .any: groupCount = world.size
      case .ordered(let groups): groupCount = groups
      }
      mine = groups(ofRank: world.rank, of: world.size, groupCount)
      states = SequenceStates(groups: groupCount, of: mine)
    }

    /// Makes the graph's gradients those of all batches of an update, as of one that has all of their rows.
    ///
    /// - Returns: the loss of all of them.
    func gradients<M: Model<Scalar>, Batch: DivisibleBatch>(
      of model: inout M, _ batches: [Batch], _ graph: Graph<Scalar>, _ loss: PartLoss<M, Batch>
    ) throws -> Loss {
      updates += 1
      let parts = batches.map { self.parts(of: $0) }
      var fingerprint = Fingerprint()
      for batch in batches { fingerprint.add(batch.fingerprint) }
      let first = graph.noise.pass
      var losses = mine.map { _ in Loss() }
      var report: Communicator.PendingGather?
      var failure: DistributedError?
      graph.didCompleteGradient = { [sums, unowned graph] in sums.complete($0, on: graph) }
      defer {
        graph.didCompleteGradient = nil
        graph.noise.sequences = nil
      }
      for group in mine {
        for number in batches.indices {
          let pass = UpdatePass(
            group: group, beginsGroup: number == 0, endsGroup: number == batches.count - 1,
            isFirst: number == 0 && group == mine.lowerBound,
            isLast: number == batches.count - 1 && group == mine.upperBound - 1)
          // A batch is one pass, as it is with one rank.
          graph.noise.pass = first &+ UInt64(number)
          let part = parts[number][group]
          graph.noise.sequences = part.isEmpty ? nil : part
          sums.begin(pass)
          var after: Node<Scalar>?
          if carriesStates { states.begin(batches[number], ofGroup: group) }
          _ = model.recordGradients(on: graph) { model, graph in
            defer {
              if pass.isLast { report = startReport(losses, fingerprint.value, &failure) }
            }
            guard !part.isEmpty else {
              return graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1))
            }
            let run = loss(
              model, batches[number].part(part), states[group].map { graph.constant($0) }, graph)
            losses[group - mine.lowerBound] += run.loss.loss
            sums.weight = run.loss.loss.count
            after = run.finalState
            return run.loss
          }
          after?.copy(into: &states[group])
          try sums.endPass(on: graph)
        }
      }
      if let failure { throw failure }
      guard let report else { failRequirement("DistributedTrainer: a rank without a group") }
      let total = try read(report.wait())
      sums.finish(rows: total.count, on: graph)
      return total
    }

    /// The sequences of each group.
    private func parts(of batch: some DivisibleBatch) -> [[Int]] {
      carriesStates
        ? SequenceStates<Scalar>.parts(of: batch.validSteps.count, groupCount)
        : shares(of: batch.validSteps, groupCount)
    }

    /// Starts to tell the others what came of this rank's passes: before the way back, which hides it.
    private func startReport(
      _ losses: [Loss], _ fingerprint: UInt64, _ failure: inout DistributedError?
    ) -> Communicator.PendingGather? {
      var words = [
        fingerprint, monotonicSeconds().bitPattern, watch.isRequested ? 1 : 0,
      ]
      words += Self.words(losses, padded: most)
      do {
        return try world.startGather(words, "the losses of update \(updates)")
      } catch {
        failure = error
        return nil
      }
    }

    /// How many groups a rank has at most.
    private var most: Int { (groupCount + world.size - 1) / world.size }

    private func read(_ all: [[UInt64]]) throws(DistributedError) -> Loss {
      let others = (0..<world.size).filter { all[$0][0] != all[0][0] }
      guard others.isEmpty else {
        throw DistributedError(
          .disagreement, ranks: others, isCommon: true,
          "the batch of update \(updates) is another one than that of rank 0")
      }
      course.seconds = Double(bitPattern: all[0][1])
      course.isInterrupted = all.contains { $0[2] != 0 }
      return total(all.map { $0.dropFirst(3) })
    }

    /// The mean loss over batches, of which each rank computes its part.
    func evaluate<M: Model<Scalar>, Batch: DivisibleBatch>(
      _ model: M, _ batches: TrainingBatches<Batch>, _ graph: Graph<Scalar>,
      _ loss: PartLoss<M, Batch>
    ) throws -> Loss {
      require(!batches.isEndless, "evaluate: batches without an end")
      var losses = mine.map { _ in Loss() }
      var states = SequenceStates<Scalar>(groups: groupCount, of: mine)
      let epoch = try batches.begin(0)
      while let batch = try epoch.next() {
        let parts = parts(of: batch)
        for group in mine {
          if carriesStates { states.begin(batch, ofGroup: group) }
          guard !parts[group].isEmpty else { continue }
          losses[group - mine.lowerBound] += model.evaluate(on: graph) { model, graph in
            let run = loss(
              model, batch.part(parts[group]), states[group].map { graph.constant($0) }, graph)
            run.finalState?.copy(into: &states[group])
            return run.loss.loss
          }
        }
      }
      let all = try world.startGather(
        Self.words(losses, padded: most), "the validation after update \(updates)"
      ).wait()
      return total(all.map { $0[...] })
    }

    private static func words(_ losses: [Loss], padded count: Int) -> [UInt64] {
      (0..<count).flatMap { i in
        i < losses.count
          ? [losses[i].sum.bitPattern, UInt64(losses[i].count)] : [Double(0).bitPattern, 0]
      }
    }

    /// The loss of all groups, added up in their order.
    private func total(_ all: [ArraySlice<UInt64>]) -> Loss {
      var result = Loss()
      for words in all {
        for i in stride(from: words.startIndex, to: words.endIndex, by: 2) {
          result += Loss(sum: Double(bitPattern: words[i]), count: Int(words[i + 1]))
        }
      }
      return result
    }
  }
#endif
