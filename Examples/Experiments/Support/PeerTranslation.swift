import Autodiff
import Foundation
import WholeFiles

/// The experiment `translation` in PyTorch: `Tools/peers/run translation` reads the pairs that are written
/// here, trains the same model, and leaves how many held-out names it wrote exactly.
struct PeerTranslation {
  /// `translation` in the folder of data.
  let folder: DataFolder

  init(_ data: DataFolder) { folder = DataFolder("\(data.path)/translation") }

  /// What it leaves.
  private struct Result: Decodable {
    var exact: [Double]
  }

  /// What it reads.
  private struct Task: Encodable {
    var seed: UInt64
    var symbols: Int
    var padding, begin, end: Token
    var embedding, units: Int
    var dropout: Double
    var updates: Int
    var rate, maximumNorm: Double
    var batch: Int
    var maximumLength: Int
    /// Source and target of each pair.
    var training, held: [[[Token]]]
  }

  /// Writes the pairs of a seed and how they are trained on.
  func write(_ pairs: NamePairs, units: Int, batch: Int, fitting: Fitting, seed: UInt64) throws {
    func tokens(_ names: [TranslatedNames.Pair]) -> [[[Token]]] {
      names.map { name in
        let (source, target) = pairs.tokens(name)
        return [source, target]
      }
    }
    let task = Task(
      seed: seed, symbols: pairs.characters.count, padding: pairs.task.padding,
      begin: pairs.task.begin, end: pairs.task.end, embedding: NamePairs.embeddingSize,
      units: units, dropout: NamePairs.dropout, updates: fitting.updates, rate: fitting.rate,
      maximumNorm: fitting.maximumNorm, batch: batch, maximumLength: NamePairs.maximumLength,
      training: tokens(pairs.training), held: tokens(pairs.held))
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    try WholeFile.write(
      try JSONEncoder().encode(task), to: "\(folder.path)/pairs-\(seed).json")
  }

  /// The share of names that PyTorch wrote exactly, for each seed; nil where it has not been trained.
  func exact() throws -> [Double]? {
    guard FileManager.default.fileExists(atPath: "\(folder.path)/torch.json") else { return nil }
    let bytes = try folder.bytes("torch.json")
    do {
      return try JSONDecoder().decode(Result.self, from: Data(bytes)).exact
    } catch {
      throw DataError(folder, "torch.json", "not a result of Tools/peers/run translation")
    }
  }
}
