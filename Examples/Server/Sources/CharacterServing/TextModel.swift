import Autodiff
import LinAlg
import ModelFiles
import Recurrent
import SequenceModels

/// A language model of characters, and which characters these are.
public struct TextModel: Sendable {
  /// The layer that the streams of a server advance.
  public typealias Layer = LSTM<Float>

  /// What predicts the next character.
  public var model: LanguageModel<Layer>
  /// The characters.
  public let vocabulary: Vocabulary

  /// A model of random weights.
  ///
  /// - Parameters:
  ///   - vocabulary: the characters.
  ///   - features: features of a character.
  ///   - units: hidden units of the LSTM.
  ///   - seed: where the random numbers start.
  public init(vocabulary: Vocabulary, features: Int, units: Int, seed: UInt64) {
    var rng = SeededGenerator(seed: seed)
    self.vocabulary = vocabulary
    model = .lstm(
      vocabularySize: vocabulary.count, embeddingSize: features, hiddenSize: units, using: &rng)
  }

  // MARK: Files

  /// Where the characters of a model's file stand.
  public static func vocabularyPath(of path: String) -> String { path + ".vocabulary" }

  /// Reads what ``write(to:)`` wrote: the sizes are those of the tensors.
  ///
  /// - Parameter path: of the weights; the vocabulary stands beside them.
  /// - Throws: `VocabularyFileError`, `ModelFileError`, `WeightsError` or ``TextModelError``, each of which names
  ///   the file and what was expected there.
  public init(contentsOf path: String) throws {
    let vocabulary = try Vocabulary(contentsOf: Self.vocabularyPath(of: path))
    guard vocabulary.special == [.unknown], vocabulary.count > 1 else {
      throw TextModelError(
        path: Self.vocabularyPath(of: path),
        reason: "expected <unk>, no other special symbol, and one character at least")
    }
    let file = try TensorFile(contentsOf: path)
    func columns(_ name: String, rows: Int?) throws -> Int {
      guard let shape = file[name]?.shape, shape.count == 2, rows ?? shape[0] == shape[0],
        shape[1] > 0
      else {
        throw TextModelError(
          path: path,
          reason: "expected a tensor \(name) of shape [\(rows.map { "\($0)" } ?? "4·H"), …], "
            + "found \(file[name].map { "\($0.shape)" } ?? "none")")
      }
      return shape[1]
    }
    self.init(
      vocabulary: vocabulary, features: try columns("embedding.W", rows: vocabulary.count),
      units: try columns("layer.U", rows: nil), seed: 0)
    try model.readWeights(from: file, layout: .native, path: path)
  }

  /// Writes the weights, and the vocabulary beside them.
  public func write(to path: String) throws {
    try vocabulary.write(to: Self.vocabularyPath(of: path))
    try model.write(to: path, layout: .native)
  }

  // MARK: Steps

  /// What the layer reads for a character, `[1, D]`.
  func input(of token: Token) -> Matrix<Float> {
    var x = Matrix<Float>.zeros(rows: 1, columns: model.embedding.features)
    model.embedding.gather(token, into: &x)
    return x
  }

  /// One score for each character as the next one, `[1, V]`, from what the layer gave, `[1, H]`.
  func scores(_ h: Matrix<Float>) -> Matrix<Float> { model.output.linear?(h) ?? h }
}

/// Why files are no model that can be served.
public struct TextModelError: Error, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What is wrong, and what was expected.
  public var reason: String

  /// An error about a file.
  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// One line: the file and what was expected there.
  public var description: String { "\(path): \(reason)" }
}
