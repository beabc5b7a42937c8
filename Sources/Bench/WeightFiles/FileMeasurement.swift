import Foundation
import LinAlg
import ModelFiles
import Recurrent
import SequenceModels

/// Times the reading and writing of a large file of weights beside the least that it could take.
struct FileMeasurement {
  /// What is timed, in the order of the table.
  enum Row: CaseIterable {
    /// Opening a file: all that describes its tensors is read and checked.
    case open
    /// From the file to the packed weights of layers that can run.
    case load
    /// A checkpoint with Adam's moments, on the disk.
    case checkpoint
  }

  /// The times of a row, and of what it is held against, round by round.
  struct Timing {
    var seconds: [Double] = []
    /// Empty where there is nothing to hold it against.
    var reference: [Double] = []
  }

  /// The bytes of each row's file.
  private(set) var bytes: [Row: Int] = [:]
  private let model: FileStack
  private let trained: FileStack
  private let snapshot: TrainingSnapshot<Float>
  private let folder: String

  private var weightsPath: String { folder + "/weights.safetensors" }
  private var checkpointPath: String { folder + "/checkpoint.safetensors" }
  private var plainPath: String { folder + "/plain" }

  /// Writes the files.
  ///
  /// - Parameters:
  ///   - size: about how many bytes each is to have.
  ///   - folder: where; it is there, and on the disk that is to be measured.
  init(bytes wanted: Int, seed: UInt64, in folder: String) throws {
    self.folder = folder
    model = FileStack(bytes: wanted, seed: seed)
    // Weights and two moments.
    trained = FileStack(bytes: wanted / 3, seed: seed)
    snapshot = trained.snapshot
    do {
      try model.layers.write(to: weightsPath, layout: .pytorch)
      try snapshot.write(to: checkpointPath)
    } catch {
      throw BenchError.cannotWrite("\(error)")
    }
    (bytes[.open], bytes[.load]) = (size(of: weightsPath), size(of: weightsPath))
    bytes[.checkpoint] = size(of: checkpointPath)
  }

  private func size(of path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  }

  /// Whether what is read is what was written, bit for bit.
  func verify() throws {
    var read = model
    read.layers = try stack()
    guard read.hasBits(of: model) else {
      throw BenchError.failure("the weights that were read are not those that were written")
    }
    var resumed = trained
    do {
      resumed.parameters = try TrainingSnapshot(
        contentsOf: checkpointPath, for: trained, optimizer: trained.optimizer
      ).parameters
    } catch {
      throw BenchError.failure("\(error)")
    }
    guard resumed.hasBits(of: trained) else {
      throw BenchError.failure("the checkpoint that was read is not the one that was written")
    }
  }

  private func stack() throws -> Stacked<LSTM<Float>> {
    do {
      return try Stacked(contentsOf: weightsPath, layout: .pytorch)
    } catch {
      throw BenchError.failure("\(error)")
    }
  }

  /// One round: each row and what it is held against once.
  func measure(_ row: Row, into timing: inout Timing) throws {
    switch row {
    case .open:
      timing.seconds.append(
        try Stopwatch.seconds {
          let file = try TensorFile(contentsOf: weightsPath)
          guard file.tensors.count == 4 * model.layers.layers.count else {
            throw BenchError.failure("\(weightsPath): has \(file.tensors.count) tensors")
          }
        })
    case .load:
      let start = Stopwatch.now()
      let stack = try stack()
      timing.seconds.append(Stopwatch.seconds(since: start) + Self.packingSeconds(of: stack))
      timing.reference.append(try copies())
    case .checkpoint:
      timing.seconds.append(
        try Stopwatch.seconds { try snapshot.write(to: checkpointPath) })
      timing.reference.append(try plainWrite())
    }
  }

  /// The seconds in which the weights of a stack that has not run yet are packed.
  static func packingSeconds(of stack: Stacked<LSTM<Float>>) -> Double {
    // More than one sequence: a single one is multiplied by weights that are not packed.
    let input = SequenceBatch<Float>.zeros(steps: 1, batch: 8, features: stack.inputSize)
    let first = Stopwatch.seconds { _ = stack(input) }
    // What the pass itself takes once the weights are packed.
    return first - Stopwatch.seconds { _ = stack(input) }
  }

  /// The seconds of the two copies that loading needs: out of the file, and into packs.
  private func copies() throws -> Double {
    let count = bytes[.load] ?? 0
    let descriptor = Foundation.open(weightsPath, O_RDONLY)
    defer { close(descriptor) }
    let start = Stopwatch.now()
    let weights = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { weights.deallocate() }
    var done = 0
    while done < count {
      let taken = pread(
        descriptor, weights.baseAddress.map { $0 + done }, count - done, off_t(done))
      guard taken > 0 else { throw BenchError.failure("\(weightsPath): cannot be read") }
      done += taken
    }
    let packs = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { packs.deallocate() }
    packs.copyMemory(from: UnsafeRawBufferPointer(weights))
    return Stopwatch.seconds(since: start)
  }

  /// The seconds that as many bytes as a checkpoint has take to the disk, out of memory that holds them.
  private func plainWrite() throws -> Double {
    let contents = try Data(contentsOf: URL(fileURLWithPath: checkpointPath))
    return try contents.withUnsafeBytes { bytes in
      // Not what mapping and first touching cost.
      _ = bytes.reduce(0, &+)
      return try Stopwatch.seconds {
        let path = plainPath + ".partial"
        let descriptor = Foundation.open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o666)
        guard descriptor >= 0 else { throw BenchError.cannotWrite("\(path): cannot be written") }
        var done = 0
        while done < bytes.count {
          let count = Foundation.write(
            descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
          if count <= 0 { break }
          done += count
        }
        guard done == bytes.count, fsync(descriptor) == 0, close(descriptor) == 0,
          rename(path, plainPath) == 0
        else { throw BenchError.cannotWrite("\(path): cannot be written") }
      }
    }
  }
}
