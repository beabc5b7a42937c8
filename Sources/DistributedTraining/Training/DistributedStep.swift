#if Distributed
  import Autodiff
  import LinAlg
  import Recurrent
  import SequenceModels

  /// What the ranks do for each update: passes over their parts of the batch, and the exchange of what came of
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

    init(
      _ world: Communicator, _ order: GradientOrder, _ sums: GradientSums<Scalar>,
      _ course: SharedCourse, _ watch: InterruptionWatch
    ) {
      (self.world, self.sums, self.course, self.watch) = (world, sums, course, watch)
      switch order {
      case .any: groupCount = world.size
      case .ordered(let groups): groupCount = groups
      }
      mine = groups(ofRank: world.rank, of: world.size, groupCount)
    }

    /// Makes the graph's gradients those of the whole batch.
    ///
    /// - Returns: the loss of the whole batch.
    func gradients<M: Model<Scalar>, Batch: DivisibleBatch>(
      of model: inout M, _ batch: Batch, _ graph: Graph<Scalar>,
      _ loss: (M, Batch, Graph<Scalar>) -> Node<Scalar>
    ) throws -> Loss {
      updates += 1
      let parts = shares(of: batch.validSteps, groupCount)
      let fingerprint = batch.fingerprint
      let pass = graph.noise.pass
      var losses: [Loss] = []
      var report: Communicator.PendingGather?
      var failure: DistributedError?
      graph.didCompleteGradient = { [sums, unowned graph] in sums.complete($0, on: graph) }
      defer { graph.didCompleteGradient = nil }
      for group in mine {
        // An update is one pass, as it is with one rank.
        graph.noise.pass = pass
        let part = parts[group]
        graph.noise.sequences = part.isEmpty ? nil : part
        let isLast = group == mine.upperBound - 1
        sums.beginPass(group, isFirst: group == mine.lowerBound, isLast: isLast)
        _ = model.recordGradients(on: graph) { model, graph in
          guard !part.isEmpty else {
            losses.append(Loss())
            if isLast { report = startReport(losses, fingerprint, &failure) }
            return graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1))
          }
          let node = loss(model, batch.part(part), graph)
          losses.append(node.loss)
          sums.weight = node.loss.count
          if isLast { report = startReport(losses, fingerprint, &failure) }
          return node
        }
        try sums.endPass(on: graph)
      }
      if let failure { throw failure }
      guard let report else { failRequirement("DistributedTrainer: a rank without a group") }
      let total = try read(report.wait())
      sums.finish(rows: total.count, on: graph)
      return total
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
      _ loss: (M, Batch, Graph<Scalar>) -> Node<Scalar>
    ) throws -> Loss {
      require(!batches.isEndless, "evaluate: batches without an end")
      var losses = mine.map { _ in Loss() }
      let epoch = try batches.begin(0)
      while let batch = try epoch.next() {
        let parts = shares(of: batch.validSteps, groupCount)
        for group in mine where !parts[group].isEmpty {
          losses[group - mine.lowerBound] += model.evaluate(on: graph) {
            loss($0, batch.part(parts[group]), $1).loss
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
