import ArgumentParser
import Charts
import Foundation
import Recurrent
import WholeFiles

/// The experiments in the order of their names; a line each.
let allExperiments: [any Experiment.Type] = [
  Beam.self,
  BibleWords.self,
  Chat.self,
  Dates.self,
  DigitCaptions.self,
  DigitsPixels.self,
  DigitsRows.self,
  EvenAttention.self,
  GateAblation.self,
  GateSearch.self,
  GradientFlow.self,
  GrammarEntropy.self,
  HuffmanCodes.self,
  IdiomChains.self,
  Ising.self,
  MovingDigits.self,
  PlantedAnalogies.self,
  PointerHull.self,
  PointerSort.self,
  PointerTour.self,
  Prose.self,
  EmbeddedReber.self,
  Change.self,
  Reversal.self,
  ReviewMoods.self,
  RowsVersusDiagonal.self,
  Continuation.self,
  PointwiseInformation.self,
  ShapeCaptions.self,
  SpelledNumbers.self,
  Summary.self,
  PartsOfSpeech.self,
  NameTranslation.self,
  WordModel.self,
]

@main
struct Experiments: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Experiments",
    abstract:
      "Trains the models of this package on tasks and holds what they reach against targets.",
    discussion: """
      Each experiment is one command, takes its random numbers from one seed, and is stored as it finishes. \
      `make data` fetches the texts that some of them read.

      Exit status: 0 when every target was met, 3 when one was missed, 1 when an experiment could not be run, \
      64 for a wrong command line, 73 when results cannot be written.
      """,
    subcommands: [List.self, Run.self, Report.self])
}

/// What every command that prints results takes.
struct ReportOptions: ParsableArguments {
  @Option(help: "text, json, html or markdown. Default: what --output's ending says, else text.")
  var format: ReportFormat?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the report to this file, whole or not at all; the table still goes to standard output.",
      valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Where results are kept, a file for each experiment, budget and seed.", valueName: "folder"))
  var store = ".build/experiments"

  @Option(help: "smoke: seconds each, whether it works. full: minutes each, what is claimed.")
  var budget = Budget.smoke

  @Option(help: "Where random numbers start.")
  var seed: UInt64 = 1

  func write(_ record: ExperimentRecord) throws {
    let format = format ?? output.flatMap(ReportFormat.init(path:)) ?? .text
    let text = try format.render(record)
    guard let output else {
      FileHandle.standardOutput.write(Data(text.utf8))
      return
    }
    do {
      try WholeFile.write(text.utf8, to: output)
    } catch {
      throw ExperimentError.cannotWrite("\(error)")
    }
    FileHandle.standardOutput.write(Data(try ReportFormat.text.render(record).utf8))
  }

  /// Those of the given names, or all.
  func experiments(_ names: [String], all: Bool) throws -> [any Experiment.Type] {
    if all && !names.isEmpty { throw ValidationError("Give names or --all, not both.") }
    if all { return allExperiments }
    if names.isEmpty {
      throw ValidationError("Give names of experiments or --all; `list` names them.")
    }
    return try names.map { name in
      guard let experiment = allExperiments.first(where: { $0.name == name }) else {
        throw ValidationError("There is no experiment '\(name)'; `list` names them.")
      }
      return experiment
    }
  }
}

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Names the experiments.")

  func run() {
    let width = allExperiments.map { $0.name.count }.max() ?? 0
    for experiment in allExperiments {
      let padding = String(repeating: " ", count: width - experiment.name.count)
      print("\(experiment.name)\(padding)  \(experiment.summary)")
    }
  }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs experiments.")

  @Argument(help: ArgumentHelp("The experiments to run.", valueName: "name"))
  var names: [String] = []

  @Flag(help: "Run all experiments.")
  var all = false

  @Flag(help: "Do not run again what is stored for this budget and seed.")
  var resume = false

  @Option(help: "Threads of a training step. [default: one for each processor]")
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "The folder that `make data` fills. Default: data of the checkout.", valueName: "folder"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "What a trained model's weights are packed in for all that is measured: "
        + "\(WeightFormat.allValueStrings.joined(separator: ", ")). Stored beside the others. An "
        + "experiment that trains a model twice cannot be run so.", valueName: "format"))
  var weights: WeightFormat?

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be positive.") }
    _ = try report.experiments(names, all: all)
  }

  func run() throws {
    let experiments = try report.experiments(names, all: all)
    try reportingErrors {
      let laboratory = Laboratory(
        store: ResultStore(
          folder: weights.map { "\(report.store)/\($0.rawValue)" } ?? report.store),
        budget: report.budget, seed: report.seed, threads: threads,
        dataFolder: data ?? DataFolder.ofPackage.path, weights: weights, resumes: resume,
        commit: Machine.commit(), processor: Machine.processor(), say: StandardError.line)
      let (record, failures) = try laboratory.run(experiments)
      try report.write(record)
      for failure in failures {
        StandardError.line("error: \(failure.experiment): \(failure.reason)")
      }
      if !failures.isEmpty { throw ExitCode.failure }
      if !record.isMet { throw ExitCode(3) }
    }
  }
}

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Prints results that are stored.")

  @Argument(help: ArgumentHelp("The experiments; without names all.", valueName: "name"))
  var names: [String] = []

  @OptionGroup var report: ReportOptions

  func validate() throws { _ = try report.experiments(names, all: names.isEmpty) }

  func run() throws {
    let experiments = try report.experiments(names, all: names.isEmpty)
    try reportingErrors {
      let store = ResultStore(folder: report.store)
      var record = ExperimentRecord()
      for experiment in experiments {
        if let stored = try store.read(experiment.name, report.budget, seed: report.seed) {
          record += stored
        }
      }
      try report.write(record)
      if !record.isMet { throw ExitCode(3) }
    }
  }
}

/// Prints what failed in one line and ends with the status that the help promises.
private func reportingErrors(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as ExperimentError {
    StandardError.line("error: \(error)")
    throw ExitCode(error.exitCode)
  }
}

extension Budget: ExpressibleByArgument {}
extension WeightFormat: ExpressibleByArgument {}
