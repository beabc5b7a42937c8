import Foundation
import LinAlg
import Recurrent
import WholeFiles

/// The numbers that all contestants of the comparison share, as a file of little-endian float32:
///
/// `W [G·H, D]`, `U [G·H, H]`, `b [G·H]`, for GRU `recurrentBias [H]`, then `x [T, N, D]` and
/// `dOutputs [T, N, H]`, row-major, gates in this package's order. The layer starts from zeros.
final class PeerData {
  private let path: String
  private let file: UnsafeMutablePointer<FILE>

  /// Opens the file for a case.
  ///
  /// - Throws: ``PeerError/badData(_:)`` when it cannot be read or has another size.
  init(path: String, for item: BenchCase) throws(PeerError) {
    self.path = path
    guard let file = fopen(path, "rb") else {
      throw .badData("\(path): \(String(cString: strerror(errno)))")
    }
    self.file = file
    guard let expected = Self.byteCount(item) else {
      throw .badData("\(path): a file for \(item) would be larger than files can be")
    }
    guard fseek(file, 0, SEEK_END) == 0 else { throw .badData("\(path): is not a plain file") }
    let size = ftell(file)
    guard size == expected else {
      throw .badData(
        "\(path): \(size) bytes, expected \(expected) for \(item.cell.rawValue) \(item.shape)")
    }
    rewind(file)
  }

  deinit { fclose(file) }

  /// The bytes of a case's file; nil where they are more than an `Int` counts.
  static func byteCount(_ item: BenchCase) -> Int? {
    let (T, N, D, H, G) = (
      item.shape.T, item.shape.N, item.shape.D, item.shape.H, item.cell.gates
    )
    let biases = G * H + (item.cell == .gru ? H : 0)
    // At most 2⁶¹ scalars, see Shape.largestPart; four bytes of each may overflow.
    let count = G * H * (D + H) + biases + T * N * (D + H)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.size)
    return overflow ? nil : bytes
  }

  /// The next `[steps, batch, features]` numbers.
  func sequences(steps: Int, batch: Int, features: Int) throws(PeerError) -> SequenceBatch<Float> {
    var result = SequenceBatch<Float>(
      uninitializedSteps: steps, batch: batch, features: features)
    guard result.withUnsafeMutableBufferPointer({ fill($0) }) else { throw unreadable }
    return result
  }

  /// Reads the parameters of a layer, whose block has the file's order.
  func read(into parameters: inout some GatedParameters<Float>) throws(PeerError) {
    guard parameters.block.withUnsafeMutableBufferPointer({ fill($0) }) else { throw unreadable }
  }

  private func fill(_ buffer: UnsafeMutableBufferPointer<Float>) -> Bool {
    fread(buffer.baseAddress, MemoryLayout<Float>.size, buffer.count, file) == buffer.count
  }

  private var unreadable: PeerError { .badData("\(path): cannot be read to its end") }

  /// Writes the file of a workload, whose initial state is not in it.
  static func write(_ workload: Workload, to path: String) throws(PeerError) {
    let shape = workload.shape
    let missing = workload.mode.includesBackward ? 0 : shape.T * shape.N * shape.H
    var bytes = Data()
    for array in [workload.W, workload.U, workload.b, workload.recurrentBias] {
      array.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    bytes.append(contentsOf: UnsafeRawBufferPointer(workload.inputs))
    bytes.append(contentsOf: UnsafeRawBufferPointer(workload.outputGradients))
    bytes.append(Data(count: missing * MemoryLayout<Float>.size))
    try write(bytes, to: path)
  }

  /// Writes tensors one after the other, and says what was written.
  ///
  /// - Throws: ``PeerError/cannotWrite(_:)``; the file is complete or absent.
  static func write(_ results: Results, to path: String) throws(PeerError) -> [PeerAnswer.Tensor] {
    var bytes = Data()
    var tensors: [PeerAnswer.Tensor] = []
    for name in TensorName.allCases {
      guard let elements = results.tensors[name] else { continue }
      tensors.append(PeerAnswer.Tensor(name: name.rawValue, count: elements.count))
      elements.map(Float.init).withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    try write(bytes, to: path)
    return tensors
  }

  private static func write(_ bytes: Data, to path: String) throws(PeerError) {
    do {
      try WholeFile.write(bytes, to: path)
    } catch {
      throw .cannotWrite(error.description)
    }
  }
}
