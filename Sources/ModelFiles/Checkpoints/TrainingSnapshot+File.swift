import Autodiff
import LinAlg
import Recurrent
import SequenceModels

// A snapshot as a safetensors file.
//
// Tensors: `model.PART.W` as in the layout `native`, `best.…` likewise, `optimizer.MOMENT.…` likewise,
// `history.losses` and `history.points`; from version 2 on, `state`. Everything else is metadata: whole numbers in decimals, others as the
// sixteen hexadecimal digits of their bits, and a checksum over all of it.

extension TrainingSnapshot {
  /// Writes the snapshot to a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: of a safetensors file; the old one is there until the new one is on the disk.
  ///   - texts: whatever else belongs to the run, such as its vocabulary.
  /// - Throws: ``ModelFileError`` where the file cannot be written; the old one is then as it was.
  public func write(to path: String, texts: [String: String] = [:]) throws(ModelFileError) {
    var file = TensorFile(tensors)
    for (key, text) in texts { file.metadata["text." + key] = text }
    for (key, text) in numbers { file.metadata[key] = text }
    file.metadata[CheckpointForm.versionKey] = state == nil ? "1" : "2"
    try file.writeSafetensors(to: path, checksum: CheckpointForm.checksumKey)
  }

  /// Reads a snapshot of a training of this model by this optimizer.
  ///
  /// - Parameters:
  ///   - path: of a file that ``write(to:texts:)`` wrote.
  ///   - model: has the parts and sizes that the file must have; its numbers do not matter.
  ///   - optimizer: of the kind that the file must be of.
  /// - Throws: ``ModelFileError`` where the file cannot be read, is damaged, of a newer version, or of another
  ///   model or optimizer.
  public init<M: Model<Scalar>>(
    contentsOf path: String, for model: M,
    optimizer: some ResumableOptimizer<ModelParameters<Scalar>>
  ) throws(ModelFileError) {
    let file = try TensorFile(contentsOf: path, format: .safetensors)
    let version = file.metadata[CheckpointForm.versionKey]
    guard version == "1" || version == "2" else {
      throw ModelFileError(
        path: path,
        reason: """
          expected a checkpoint of version 1 or 2, found \
          \(version.map { "version \(quoted($0))" } ?? "none")
          """)
    }
    let key = CheckpointForm.checksumKey
    guard try file.metadata[key] == file.checksum(without: key) else {
      throw ModelFileError(path: path, reason: "is damaged: it has another checksum than it says")
    }
    var reader = SnapshotReader(file: file, path: path)
    let shape = model.parameters
    var state = optimizer.state
    state.stepCount = try reader.count("optimizer.stepCount")
    state.learningRate = try reader.real("optimizer.learningRate")
    for i in state.moments.indices {
      state.moments[i].values = try reader.parameters(
        like: shape, "optimizer.\(state.moments[i].name).")
    }
    var noise = RecordingNoise(seed: try reader.bits("noise.seed"))
    noise.pass = try reader.bits("noise.pass")
    var course = TrainingCourse()
    course.least = try reader.real("course.least")
    course.failures = try reader.count("course.failures")
    course.marks = try reader.count("course.marks")
    course.loss = Loss(
      sum: try reader.real("course.loss.sum"), count: try reader.count("course.loss.count"))
    course.gradientNorm = try reader.real("course.gradientNorm")
    course.seconds = try reader.real("course.seconds")
    let best =
      file.metadata["best"] == "true" ? try reader.parameters(like: shape, "best.") : nil
    guard
      let history = TrainingHistory(
        points: try reader.numbers("history.points"),
        losses: try reader.numbers("history.losses"),
        epochs: try reader.real("history.epochs"), tokens: try reader.count("history.tokens"),
        trainingSeconds: try reader.real("history.trainingSeconds"))
    else {
      throw ModelFileError(path: path, place: .tensor("history.points"), reason: "expected points")
    }
    self.init(
      parameters: try reader.parameters(like: shape, CheckpointForm.modelPrefix), best: best,
      optimizer: state, state: version == "2" ? try reader.sequences("state") : nil,
      noise: noise, history: history, epoch: try reader.count("epoch"),
      batch: try reader.count("batch"), course: course)
    try reader.expectNothingElse()
  }

  private var tensors: [Tensor] {
    func all(_ prefix: String, _ parameters: ModelParameters<Scalar>) -> [Tensor] {
      parameters.places.map { place in
        Tensor(
          prefix + place.name, shape: place.shape, of: parameters[block: place.block],
          from: place.start)
      }
    }
    var result = all(CheckpointForm.modelPrefix, parameters)
    if let best { result += all("best.", best) }
    for (name, values) in optimizer.moments { result += all("optimizer.\(name).", values) }
    if let state {
      result.append(
        Tensor("state", shape: state.shape, state.withUnsafeBufferPointer { Array($0) }))
    }
    let width = TrainingHistory.numbersOfPoint
    result.append(Tensor("history.losses", shape: [history.losses.count], history.losses))
    result.append(
      Tensor("history.points", shape: [history.points.count, width], history.numbersOfPoints))
    return result
  }

  private var numbers: [String: String] {
    [
      "epoch": String(epoch), "batch": String(batch), "best": best == nil ? "false" : "true",
      "optimizer.stepCount": String(optimizer.stepCount),
      "optimizer.learningRate": hexadecimal(optimizer.learningRate.bitPattern),
      "noise.seed": hexadecimal(noise.seed), "noise.pass": hexadecimal(noise.pass),
      "course.least": hexadecimal(course.least.bitPattern),
      "course.failures": String(course.failures), "course.marks": String(course.marks),
      "course.loss.sum": hexadecimal(course.loss.sum.bitPattern),
      "course.loss.count": String(course.loss.count),
      "course.gradientNorm": hexadecimal(course.gradientNorm.bitPattern),
      "course.seconds": hexadecimal(course.seconds.bitPattern),
      "history.epochs": hexadecimal(history.epochs.bitPattern),
      "history.tokens": String(history.tokens),
      "history.trainingSeconds": hexadecimal(history.trainingSeconds.bitPattern),
    ]
  }
}

extension TrainingCheckpoints {
  /// Checkpoints in a file, from which the training goes on where it is there.
  ///
  /// ```swift
  /// trainer.checkpoints = try .file(
  ///   "run.safetensors", every: .updates(100), model: model, optimizer: trainer.optimizer)
  /// ```
  /// - Parameters:
  ///   - path: of a safetensors file; replaced by each checkpoint, and always whole.
  ///   - every: how often, besides at the end.
  ///   - model: that is trained.
  ///   - optimizer: the trainer's.
  ///   - texts: whatever else belongs to the run.
  /// - Throws: ``ModelFileError`` where the file is there and cannot be gone on from.
  public static func file<M: Model<Scalar>>(
    _ path: String, every: TrainingInterval, model: M,
    optimizer: some ResumableOptimizer<ModelParameters<Scalar>>, texts: [String: String] = [:]
  ) throws(ModelFileError) -> TrainingCheckpoints {
    let resumed =
      FileBytes.isPresent(path)
      ? try TrainingSnapshot(contentsOf: path, for: model, optimizer: optimizer) : nil
    return TrainingCheckpoints(every: every, resuming: resumed) { snapshot in
      try snapshot.write(to: path, texts: texts)
    }
  }
}

/// One tensor of a model's parameters.
private struct ParameterPlace {
  var name: String
  var shape: [Int]
  var block: Int
  var start: Int
}

extension ModelParameters {
  /// All tensors of all blocks, which are called as their blocks and their own name.
  fileprivate var places: [ParameterPlace] {
    var result: [ParameterPlace] = []
    for block in 0..<blockCount {
      var start = 0
      for spec in self[block: block].specs {
        result.append(
          ParameterPlace(
            name: "\(names[block]).\(spec.name)", shape: [spec.rows, spec.columns], block: block,
            start: start))
        start += spec.count
      }
    }
    return result
  }
}

/// Reads what a checkpoint holds, and notes what of it.
private struct SnapshotReader {
  let file: TensorFile
  let path: String
  private var taken: Set<String> = []

  init(file: TensorFile, path: String) { (self.file, self.path) = (file, path) }

  private func text(_ name: String) throws(ModelFileError) -> String {
    guard let text = file.metadata[name] else {
      throw ModelFileError(path: path, reason: "expected '\(name)' among the metadata")
    }
    return text
  }

  func count(_ name: String) throws(ModelFileError) -> Int {
    guard let count = Int(try text(name)), count >= 0 else {
      throw ModelFileError(path: path, reason: "expected a count as '\(name)'")
    }
    return count
  }

  func bits(_ name: String) throws(ModelFileError) -> UInt64 {
    let text = try text(name)
    guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else {
      throw ModelFileError(path: path, reason: "expected 16 hexadecimal digits as '\(name)'")
    }
    return bits
  }

  func real(_ name: String) throws(ModelFileError) -> Double {
    Double(bitPattern: try bits(name))
  }

  private mutating func tensor(
    _ name: String, _ type: ElementType
  ) throws(ModelFileError) -> Tensor {
    guard let tensor = file[name], tensor.elementType == type else {
      throw ModelFileError(
        path: path, place: .tensor(name),
        reason: "expected it as \(type.rawValue), found \(file[name]?.description ?? "none")")
    }
    taken.insert(name)
    return tensor
  }

  mutating func numbers(_ name: String) throws(ModelFileError) -> [Double] {
    try tensor(name, .float64).values()
  }

  mutating func sequences<Scalar>(
    _ name: String
  ) throws(ModelFileError) -> SequenceBatch<Scalar> {
    let tensor = try tensor(name, elementType(of: Scalar.self))
    guard tensor.shape.count == 3 else {
      throw ModelFileError(
        path: path, place: .tensor(name), reason: "has shape \(tensor.shape), expected [T, N, F]")
    }
    return SequenceBatch(
      steps: tensor.shape[0], batch: tensor.shape[1], features: tensor.shape[2],
      elements: try tensor.values())
  }

  private func elementType<Scalar>(of _: Scalar.Type) -> ElementType {
    Scalar.self == Float.self ? .float32 : .float64
  }

  mutating func parameters<Scalar>(
    like shape: ModelParameters<Scalar>, _ prefix: String
  ) throws(ModelFileError) -> ModelParameters<Scalar> {
    var result = shape.zeros()
    for place in shape.places {
      let tensor = try tensor(prefix + place.name, elementType(of: Scalar.self))
      guard tensor.shape == place.shape else {
        throw ModelFileError(
          path: path, place: .tensor(tensor.name),
          reason: "has shape \(tensor.shape), expected \(place.shape)")
      }
      try result.withUnsafeMutableBufferPointer(ofBlock: place.block) {
        (all) throws(ModelFileError) in
        try tensor.read(
          into: UnsafeMutableBufferPointer(
            rebasing: all[place.start..<place.start + tensor.count]))
      }
    }
    return result
  }

  func expectNothingElse() throws(ModelFileError) {
    if let other = file.tensors.first(where: { !taken.contains($0.name) }) {
      throw ModelFileError(
        path: path, place: .tensor(other.name), reason: "is no part of this model or optimizer")
    }
  }
}
