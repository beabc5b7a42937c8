import Foundation
import WholeFiles

/// The folder where each experiment's results are kept as it finishes, a file for each budget, experiment and
/// seed: whatever stops a run, what was measured stays.
struct ResultStore {
  var folder: String

  /// The file of an experiment's results.
  func path(_ experiment: String, _ budget: Budget, seed: UInt64) -> String {
    "\(folder)/\(budget.rawValue)/\(experiment)-\(seed).json"
  }

  /// What is stored; nil where nothing is.
  ///
  /// - Throws: ``ExperimentError`` for a file that is not one of results.
  func read(_ experiment: String, _ budget: Budget, seed: UInt64) throws -> ExperimentRecord? {
    let path = path(experiment, budget, seed: seed)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let bytes = try WholeFile.read(path, limit: 1 << 28)
      let record = try JSONDecoder().decode(ExperimentRecord.self, from: Data(bytes))
      guard record.schema == ExperimentRecord.schema else {
        throw ExperimentError.badResults(
          path: path, "schema \(record.schema), expected \(ExperimentRecord.schema)")
      }
      return record
    } catch let error as DecodingError {
      throw ExperimentError.badResults(path: path, "\(error)")
    } catch let error as FileFailure {
      throw ExperimentError.badResults(path: path, error.reason)
    }
  }

  /// Stores the results of a run.
  func write(
    _ record: ExperimentRecord, _ experiment: String, _ budget: Budget, seed: UInt64
  ) throws {
    let path = path(experiment, budget, seed: seed)
    do {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(budget.rawValue)", withIntermediateDirectories: true)
      try WholeFile.write(JSONReport.render(record).utf8, to: path)
    } catch let error as FileFailure {
      throw ExperimentError.cannotWrite("\(error)")
    } catch let error as CocoaError {
      throw ExperimentError.cannotWrite("\(folder): \(error.localizedDescription)")
    }
  }
}

/// Why experiments cannot be run or their results not be kept.
enum ExperimentError: Error, Equatable, CustomStringConvertible {
  case badResults(path: String, String)
  case cannotWrite(String)

  /// The status that the program ends with.
  var exitCode: Int32 {
    switch self {
    case .badResults: 1
    case .cannotWrite: 73
    }
  }

  var description: String {
    switch self {
    case .badResults(let path, let reason): "\(path): \(reason); remove it to measure again"
    case .cannotWrite(let reason): reason
    }
  }
}
