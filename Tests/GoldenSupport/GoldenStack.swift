/// A stack of layers, in one direction or in both, run forward and backward by PyTorch: the cases of
/// `stacked.json`.
///
/// Flat row-major arrays as in ``GoldenCase``; those of a layer are in the order of ``places``.
public struct GoldenStack: Sendable, CustomStringConvertible {
  /// One direction of one layer.
  public struct Place: Sendable {
    /// The parameters `W [G·H, D]`, `U [G·H, H]`, `b [G·H]` and, for `gruResetAfter`, the recurrent bias
    /// `[H]`, one after the other.
    public var parameters: [Double]
    /// Their gradients.
    public var dParameters: [Double]
    /// The states before the first step, `[N, H]`: hidden, and for `lstm` cell.
    public var initialState: [Double]
    /// Their gradients.
    public var dInitialState: [Double]
    /// The states at the end.
    public var finalState: [Double]
    /// The upstream gradients of these.
    public var dFinalState: [Double]
  }

  /// Unique in the file.
  public var name: String
  /// The cell of all layers.
  public var cell: GoldenCell
  /// How many layers there are.
  public var layers: Int
  /// 1, or 2 where each layer reads in both directions.
  public var directions: Int
  /// The number of steps, `T`.
  public var steps: Int
  /// The number of sequences, `N`.
  public var batch: Int
  /// The number of input features, `D`.
  public var inputSize: Int
  /// The number of hidden units of each direction, `H`.
  public var hiddenSize: Int
  /// How many steps belong to each sequence, `[N]`; `nil` means all.
  public var lengths: [Int]?
  /// The inputs, `[T, N, D]`.
  public var x: [Double]
  /// The outputs of the last layer, `[T, N, directions·H]`.
  public var outputs: [Double]
  /// The upstream gradient of these.
  public var dOutputs: [Double]
  /// The gradient on the inputs, `[T, N, D]`.
  public var dx: [Double]
  /// Layer by layer, forward before backward.
  public var places: [Place]

  /// The case's name, as a parametrised test reports its arguments.
  public var description: String { name }

  /// Reads the cases of the committed file, `Tests/Golden/stacked.json`.
  ///
  /// - Throws: ``GoldenFileError`` where the file cannot be read or holds anything unexpected.
  public static func all() throws(GoldenFileError) -> [GoldenStack] {
    let file = "stacked.json"
    let raw: RawFile = try decodeGolden(file)
    guard !raw.cases.isEmpty else {
      throw GoldenFileError(file: file, place: "cases", expectation: "at least one case")
    }
    var stacks: [GoldenStack] = []
    for c in raw.cases { stacks.append(try GoldenStack(c, file: file)) }
    return stacks
  }

  private struct RawFile: Decodable {
    var header: GoldenFile.Header
    var cases: [RawCase]
  }

  private struct RawCase: Decodable {
    var name: String
    var cell: GoldenCell
    var layers: Int
    var directions: Int
    var steps: Int
    var batch: Int
    var inputSize: Int
    var hiddenSize: Int
    var lengths: [Int]?
    var arrays: [String: RawGoldenFile.Array]
  }

  private init(_ raw: RawCase, file: String) throws(GoldenFileError) {
    let (T, N, D, H) = (raw.steps, raw.batch, raw.inputSize, raw.hiddenSize)
    guard min(T, N, D, H, raw.layers) >= 1, max(T, N, D, H, raw.layers) <= 1000,
      (1...2).contains(raw.directions)
    else {
      throw GoldenFileError(file: file, place: "\(raw.name), extents", expectation: "1...1000")
    }
    if let lengths = raw.lengths {
      guard lengths.count == N, lengths.allSatisfy({ (0...T).contains($0) }) else {
        throw GoldenFileError(
          file: file, place: "\(raw.name), lengths", expectation: "\(N) lengths in 0...\(T)")
      }
    }
    var arrays = GoldenArrays(raw.arrays, of: raw.name, file: file)

    (name, cell, lengths) = (raw.name, raw.cell, raw.lengths)
    (layers, directions) = (raw.layers, raw.directions)
    (steps, batch, inputSize, hiddenSize) = (T, N, D, H)
    let (rows, width) = (raw.cell.gates * H, raw.directions * H)
    x = try arrays.take("x", T, N, D)
    dx = try arrays.take("dx", T, N, D)
    outputs = try arrays.take("outputs", T, N, width)
    dOutputs = try arrays.take("dOutputs", T, N, width)
    places = []
    for k in 0..<raw.layers {
      for direction in ["forward", "backward"].prefix(raw.directions) {
        let place = "\(k).\(direction)"
        func parameters(_ prefix: String) throws(GoldenFileError) -> [Double] {
          var values = try arrays.take("\(prefix)W.\(place)", rows, k == 0 ? D : width)
          values += try arrays.take("\(prefix)U.\(place)", rows, H)
          values += try arrays.take("\(prefix)b.\(place)", rows)
          if raw.cell == .gruResetAfter {
            let bias = prefix.isEmpty ? "recurrentBias" : "dRecurrentBias"
            values += try arrays.take("\(bias).\(place)", H)
          }
          return values
        }
        func state(_ prefix: String) throws(GoldenFileError) -> [Double] {
          var values = try arrays.take("\(prefix)Hidden.\(place)", N, H)
          if raw.cell == .lstm { values += try arrays.take("\(prefix)Cell.\(place)", N, H) }
          return values
        }
        places.append(
          Place(
            parameters: try parameters(""), dParameters: try parameters("d"),
            initialState: try state("initial"), dInitialState: try state("dInitial"),
            finalState: try state("final"), dFinalState: try state("dFinal")))
      }
    }
    try arrays.checkAllTaken()
  }
}
