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
    isWhole = try CheckpointForm.checksum(of: file) == file.metadata["checksum"]
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
  /// What the names of the model's tensors begin with.
  static let modelPrefix = "model."

  /// CRC-32 of all names, shapes, numbers and texts but itself, whatever order a file has them in.
  static func checksum(of file: TensorFile) throws(ModelFileError) -> String {
    var result: UInt32 = 0
    func add(_ text: String) {
      var text = text
      result = text.withUTF8 { Deflate.checksum(UnsafeRawBufferPointer($0), after: result) }
    }
    for tensor in file.tensors.sorted(by: { $0.name < $1.name }) {
      add("\(tensor)\n")
      result = try tensor.withUnsafeBytes { (bytes) throws(ModelFileError) in
        Deflate.checksum(bytes, after: result)
      }
    }
    for key in file.metadata.keys.sorted() where key != "checksum" {
      add("\(key)=\(file.metadata[key] ?? "")\n")
    }
    return hexadecimal(UInt64(result))
  }
}

/// A number's bits as sixteen hexadecimal digits.
func hexadecimal(_ bits: UInt64) -> String {
  let digits = String(bits, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}
