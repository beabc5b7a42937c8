import Autodiff
import Charts
import Recurrent

/// What an experiment is given, and where it puts what it finds.
final class ExperimentRun {
  let experiment: String
  let budget: Budget
  /// Where random numbers start. Experiments over several seeds take this one and those after it.
  let seed: UInt64
  /// The threads of graphs; nil means one for each processor.
  let threads: Int?
  /// The folder that `make data` fills.
  let dataFolder: String
  /// What trained models' weights are packed in for all that is measured; nil leaves them as they are.
  let weights: WeightFormat?

  private(set) var measurements: [Measurement] = []
  private(set) var figures: [Figure] = []
  private let showsProgress: Bool
  private let start = ContinuousClock.now

  init(
    _ experiment: any Experiment.Type, budget: Budget, seed: UInt64 = 1, threads: Int? = nil,
    dataFolder: String = "data", weights: WeightFormat? = nil, showsProgress: Bool = false
  ) {
    self.experiment = experiment.name
    (self.budget, self.seed, self.threads) = (budget, seed, threads)
    (self.dataFolder, self.weights, self.showsProgress) = (dataFolder, weights, showsProgress)
  }

  /// A trained model as all that follows is to see it: with its weights packed, where that is wanted.
  func finished<M: Model<Float>>(_ model: M) throws -> M {
    guard let weights else { return model }
    return try model.inference(weights: weights)
  }

  /// One of two, by budget.
  func choose<Value>(smoke: Value, full: Value) -> Value { budget == .smoke ? smoke : full }

  /// A number that was measured, held against a target; nil where it is only shown beside others.
  ///
  /// - Parameters:
  ///   - name: what was measured, such as `LSTM, embedded symbol`.
  ///   - parameters: how many numbers the model trains.
  ///   - note: what a reader has to know, such as how many items it is over.
  func report(
    _ name: String, _ measured: Double, _ target: Target? = nil, parameters: Int? = nil,
    note: String? = nil
  ) {
    let measurement = Measurement(
      name: name, measured: measured, target: target, parameters: parameters, note: note)
    measurements.append(measurement)
    let mark = measurement.isMet.map { $0 ? "met" : "MISSED" } ?? "shown"
    let wanted = target.map { ", target \($0.comparison) \(Format.shortest($0.bound))" } ?? ""
    say("\(name): \(Format.shortest(measured))\(wanted): \(mark)")
  }

  /// A picture or a text for the report.
  func show(_ figure: Figure) { figures.append(figure) }

  /// A line on standard error about how far it is.
  func say(_ line: String) {
    if showsProgress {
      StandardError.line("[\(experiment) \(Format.duration(seconds))] \(line)")
    }
  }

  /// How long it has run.
  var seconds: Double {
    let passed = ContinuousClock.now - start
    return Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
  }

  /// What is stored of the run.
  func record(commit: String, processor: String) -> ExperimentRecord {
    let taken = (seconds * 1000).rounded() / 1000
    return ExperimentRecord(
      results: measurements.map {
        ExperimentResult(
          experiment: experiment, name: $0.name, measured: $0.measured, target: $0.target,
          seed: seed, seconds: taken, parameters: $0.parameters, note: $0.note, budget: budget,
          commit: commit, processor: processor)
      },
      figures: figures.map { StoredFigure(experiment: experiment, figure: $0) })
  }
}

/// A number that an experiment measured.
struct Measurement {
  let name: String
  let measured: Double
  let target: Target?
  let parameters: Int?
  let note: String?

  var isMet: Bool? { target?.isMet(by: measured) }
}
