/// What the checkpoint of a training says of itself, for whoever has not its model at hand.
public struct CheckpointSummary: Sendable, Hashable {
  /// The version of the form.
  public let version: String
  /// Whether the checksum is that of what the file holds.
  public let isWhole: Bool
  /// The epoch that goes on, counted from zero.
  public let epoch: Int?
  /// The batch of it that comes next.
  public let batch: Int?
  /// How many steps the optimizer has made.
  public let stepCount: Int?
  /// The present learning rate.
  public let learningRate: Double?
  /// How many numbers the model has.
  public let parameterCount: Int
  /// Whether the best weights so far are kept besides.
  public let hasBest: Bool
  /// The names of the texts that belong to the run, such as its vocabulary.
  public let texts: [String]

  /// What an opened file says; nil where it is no checkpoint.
  ///
  /// - Throws: ``ModelFileError`` where the file can no longer be read: all of it is, for the checksum.
  public init?(_ file: TensorFile) throws(ModelFileError) {
    guard let version = file.metadata[CheckpointForm.versionKey] else { return nil }
    self.version = version
    isWhole =
      try file.metadata[CheckpointForm.checksumKey]
      == file.checksum(without: CheckpointForm.checksumKey)
    func count(_ key: String) -> Int? { file.metadata[key].flatMap { Int($0) } }
    (epoch, batch) = (count("epoch"), count("batch"))
    stepCount = count("optimizer.stepCount")
    learningRate = file.metadata["optimizer.learningRate"].flatMap { UInt64($0, radix: 16) }
      .map { Double(bitPattern: $0) }
    parameterCount = file.tensors.reduce(0) {
      $0 + ($1.name.hasPrefix(CheckpointForm.modelPrefix) ? $1.count : 0)
    }
    hasBest = file.metadata["best"] == "true"
    texts = file.metadata.keys.filter { $0.hasPrefix("text.") }.map { String($0.dropFirst(5)) }
      .sorted()
  }
}

/// What all checkpoints have in common, whatever their numbers are.
enum CheckpointForm {
  /// What the metadata calls the version.
  static let versionKey = "swift-recurrent.checkpoint"
  /// What the metadata calls the checksum.
  static let checksumKey = "checksum"
  /// What the names of the model's tensors begin with.
  static let modelPrefix = "model."
}
