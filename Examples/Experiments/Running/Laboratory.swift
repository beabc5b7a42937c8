import Foundation
import Recurrent

/// Runs experiments one after the other and stores each as it finishes.
struct Laboratory {
  var store: ResultStore
  var budget: Budget
  var seed: UInt64
  var threads: Int?
  var dataFolder: String
  /// What trained models' weights are packed in; nil leaves them as they are.
  var weights: WeightFormat?
  /// Whether what is stored already is not measured again.
  var resumes: Bool
  var commit: String
  var processor: String
  var say: (String) -> Void

  /// Runs those experiments. One that cannot go on does not keep the others from running.
  ///
  /// - Returns: all results, and why experiments failed.
  func run(_ experiments: [any Experiment.Type]) throws -> (
    record: ExperimentRecord, failures: [Failure]
  ) {
    var (all, failures) = (ExperimentRecord(), [Failure]())
    for (index, experiment) in experiments.enumerated() {
      let name = experiment.name
      if resumes, let stored = try store.read(name, budget, seed: seed) {
        say("\(name): stored, \(stored.results.first.map { "commit \($0.commit)" } ?? "empty")")
        all += stored
        continue
      }
      say("\(name): \(index + 1) of \(experiments.count), \(budget.rawValue), seed \(seed)")
      let run = ExperimentRun(
        experiment, budget: budget, seed: seed, threads: threads, dataFolder: dataFolder,
        weights: weights, showsProgress: true)
      do {
        try experiment.measure(run)
      } catch {
        say("\(name): failed: \(error)")
        failures.append(Failure(experiment: name, reason: "\(error)"))
        continue
      }
      let record = run.record(commit: commit, processor: processor)
      try store.write(record, name, budget, seed: seed)
      all += record
    }
    return (all, failures)
  }

  struct Failure: Equatable {
    var experiment: String
    var reason: String
  }
}
