import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A task on which a recurrent cell is trained for a fixed number of updates and then scored: what cells are
/// compared by. A task makes all its random choices by the seed that it is given.
protocol CellTask: Sendable {
  /// What it is called in results.
  var name: String { get }

  /// Trains a fresh model around a cell on one thread, and says how good it became, from 0 to 1.
  ///
  /// - Parameters:
  ///   - cell: the cell.
  ///   - seed: of the weights and the batches.
  ///   - isFinal: whether it is scored on what no choice was made by, or on what choices are made by.
  /// - Throws: `TrainingError` where the training diverges, `CellDefinitionError`.
  func score(_ cell: CellDefinition, seed: UInt64, isFinal: Bool) throws -> Double
}

extension CellDefinition {
  /// The GRU and variants of the LSTM, as definitions, so that all cells are run by the same engine.
  static func gru() throws -> CellDefinition {
    try GRUOptions(candidate: .resetBefore).definition()
  }

  /// An LSTM with options.
  static func lstm(_ change: (inout LSTMOptions) -> Void = { _ in }) throws -> CellDefinition {
    var options = LSTMOptions()
    change(&options)
    return try options.definition()
  }
}
