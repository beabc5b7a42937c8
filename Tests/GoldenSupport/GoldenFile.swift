import Foundation

/// A file of golden values: what another implementation computed for some layers.
///
/// `Tools/golden/README.md` describes the format and says how the files are made.
public struct GoldenFile: Sendable {
  /// How the file was made.
  public struct Header: Decodable, Equatable, Sendable {
    /// What the file is.
    public var about: String
    /// The command that makes it.
    public var command: String
    /// The version of PyTorch that computed the values.
    public var pytorch: String
    /// The number from which the seeds of all cases are derived.
    public var seed: Int
  }

  /// How the file was made.
  public var header: Header
  /// The cases, each checked: every array is there, with the extents that its shape asks for.
  public var cases: [GoldenCase]

  /// Reads one of the committed files, `Tests/Golden/<cell>.json`.
  ///
  /// - Throws: ``GoldenFileError`` where the file cannot be read or holds anything unexpected.
  public init(_ cell: GoldenCell) throws(GoldenFileError) {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    try self.init(contentsOf: folder.appending(path: "Golden/\(cell.rawValue).json"), cell: cell)
  }

  /// Reads `Tests/Golden/projected.json`: the LSTM with a projection.
  ///
  /// - Throws: ``GoldenFileError`` where the file cannot be read or holds anything unexpected.
  public static func projected() throws(GoldenFileError) -> GoldenFile {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try GoldenFile(contentsOf: folder.appending(path: "Golden/projected.json"), cell: .lstm)
  }

  /// Reads a file of golden values of one cell.
  ///
  /// - Throws: ``GoldenFileError`` where the file cannot be read or holds anything unexpected.
  public init(contentsOf url: URL, cell: GoldenCell) throws(GoldenFileError) {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw GoldenFileError(
        file: url.lastPathComponent, place: "the file", expectation: "readable: \(error)")
    }
    try self.init(data, file: url.lastPathComponent, cell: cell)
  }

  /// Reads golden values of one cell from the bytes of a file; `file` names it in errors.
  ///
  /// - Throws: ``GoldenFileError`` where the bytes hold anything unexpected.
  public init(_ data: Data, file: String, cell: GoldenCell) throws(GoldenFileError) {
    let raw: RawGoldenFile
    do {
      raw = try JSONDecoder().decode(RawGoldenFile.self, from: data)
    } catch let error as DecodingError {
      throw GoldenFileError(error, file: file)
    } catch {
      throw GoldenFileError(file: file, place: "the file", expectation: "golden values: \(error)")
    }
    guard !raw.cases.isEmpty else {
      throw GoldenFileError(file: file, place: "cases", expectation: "at least one case")
    }
    header = raw.header
    cases = []
    for raw in raw.cases {
      let golden = try GoldenCase(raw, file: file)
      guard golden.cell == cell else {
        throw GoldenFileError(
          file: file, place: "\(golden.name), cell", expectation: cell.rawValue)
      }
      cases.append(golden)
    }
  }
}

/// The cells that golden values exist for; the raw value is the name of the file.
public enum GoldenCell: String, CaseIterable, Codable, Sendable {
  /// A simple recurrent layer with the hyperbolic tangent.
  case rnnTanh = "rnn-tanh"
  /// A simple recurrent layer with the rectifier.
  case rnnReLU = "rnn-relu"
  /// A long short-term memory layer.
  case lstm
  /// A gated recurrent unit layer that resets after the recurrent product, as PyTorch does.
  case gruResetAfter = "gru-reset-after"
  /// A gated recurrent unit layer that resets before the recurrent product.
  case gruResetBefore = "gru-reset-before"

  /// The number of gates, `G`.
  public var gates: Int {
    switch self {
    case .rnnTanh, .rnnReLU: 1
    case .lstm: 4
    case .gruResetAfter, .gruResetBefore: 3
    }
  }
}

/// The file as it is written, before its arrays are checked against the extents.
struct RawGoldenFile: Decodable {
  struct Array: Decodable {
    var shape: [Int]
    var values: [Double]
  }

  struct Case: Decodable {
    var name: String
    var cell: GoldenCell
    var source: String
    var precision: GoldenPrecision
    var seed: Int
    var steps: Int
    var batch: Int
    var inputSize: Int
    var hiddenSize: Int
    var projectionSize: Int?
    var lengths: [Int]?
    var arrays: [String: Array]
  }

  var header: GoldenFile.Header
  var cases: [Case]
}
