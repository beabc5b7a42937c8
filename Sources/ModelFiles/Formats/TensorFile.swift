import LinAlg

/// The tensors of a file, in its order, and the texts that it holds besides.
///
/// ```swift
/// let file = try TensorFile(contentsOf: "model.safetensors")
/// let weight = try file["encoder.weight_ih_l0"]?.matrix(of: Float.self)
/// ```
/// Opening reads what describes the tensors and checks all of it; the numbers stay in the file until they are
/// asked for. Files are not trusted: whatever they declare is held against their bytes before memory is taken
/// for it, and what is wrong is a ``ModelFileError`` that names the place and what was expected there.
public struct TensorFile: Sendable {
  /// The tensors; no two have one name.
  public private(set) var tensors: [Tensor]
  /// Texts by name: the `__metadata__` of a safetensors file, the numbers and texts of a PyTorch file.
  public var metadata: [String: String]
  private var places: [String: Int]

  /// A format of files.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// A JSON header, then all tensors one behind the other: https://github.com/huggingface/safetensors.
    case safetensors
    /// One array of NumPy's; here the tensor has the name `array`.
    case npy
    /// A zip archive of such arrays.
    case npz
    /// What `torch.save` writes: a zip archive of storages and a pickle; read only.
    case pytorch
  }

  /// Tensors that are to be written.
  ///
  /// - Precondition: no two tensors have one name.
  public init(_ tensors: [Tensor] = [], metadata: [String: String] = [:]) {
    (self.tensors, self.metadata, places) = ([], metadata, [:])
    for tensor in tensors { append(tensor) }
  }

  /// The tensor of that name.
  public subscript(name: String) -> Tensor? { places[name].map { tensors[$0] } }

  /// Adds a tensor.
  ///
  /// - Precondition: there is none of its name yet.
  public mutating func append(_ tensor: Tensor) {
    require(places[tensor.name] == nil, "two tensors are called \(quoted(tensor.name))")
    places[tensor.name] = tensors.count
    tensors.append(tensor)
  }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: of a file.
  ///   - format: what it is; nil tells by its first bytes.
  ///   - limits: how much memory its reading may take.
  /// - Throws: ``ModelFileError`` where it cannot be read or is not whole.
  public init(
    contentsOf path: String, format: Format? = nil, limits: ReadingLimits = ReadingLimits()
  ) throws(ModelFileError) {
    try self.init(FileBytes(contentsOf: path), format, limits)
  }

  /// Reads the bytes of a file, such as one that was received.
  ///
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - name: what errors call the file.
  ///   - format: what they are; nil tells by the first of them.
  ///   - limits: how much memory reading may take beyond the bytes.
  /// - Throws: ``ModelFileError``, as ``init(contentsOf:format:limits:)``.
  public init(
    bytes: [UInt8], named name: String, format: Format? = nil,
    limits: ReadingLimits = ReadingLimits()
  ) throws(ModelFileError) {
    try self.init(FileBytes(bytes, named: name), format, limits)
  }

  private init(
    _ bytes: FileBytes, _ format: Format?, _ limits: ReadingLimits
  ) throws(ModelFileError) {
    var allowance = Allowance(limits)
    let known: Format
    if let format { known = format } else { known = try Self.format(of: bytes) }
    switch known {
    case .safetensors:
      var reader = try SafetensorsReader(bytes)
      self = try reader.read()
    case .npy: self = TensorFile([try readNumPyArray(bytes, named: "array", &allowance)])
    case .npz: self = try readNumPyArchive(bytes, &allowance)
    case .pytorch: self = try readPyTorchArchive(bytes, &allowance)
    }
  }

  /// What the first bytes of a file say it is.
  ///
  /// - Throws: ``ModelFileError`` where they say nothing.
  fileprivate static func format(of bytes: FileBytes) throws(ModelFileError) -> Format {
    let head = try bytes.bytes(0..<min(bytes.count, 9))
    if head.starts(with: numPyMagic) { return .npy }
    if head.starts(with: ZipArchive.magic) || head.starts(with: ZipArchive.emptyMagic) {
      return try ZipArchive(bytes).members.contains { $0.name.hasSuffix("data.pkl") }
        ? .pytorch : .npz
    }
    if head.count == 9 && head[8] == UInt8(ascii: "{") { return .safetensors }
    // A pickle by itself, for which the reader has words.
    if head.starts(with: [0x80, 0x02]) { return .pytorch }
    throw ModelFileError(
      path: bytes.path, place: .byte(0),
      reason: "expected a safetensors, .npy, .npz or zipped PyTorch file, found none of them")
  }

  /// Writes a file, whole or not at all.
  ///
  /// - Parameters:
  ///   - path: where; what stands there is replaced when all is on the disk.
  ///   - format: what to write; nil tells by the path's ending.
  /// - Throws: ``ModelFileError`` where the file cannot be written, or the format cannot hold what is there. A
  ///   file that was there before is then as it was.
  public func write(to path: String, as format: Format? = nil) throws(ModelFileError) {
    let known: Format
    if let format { known = format } else { known = try Self.format(endingOf: path) }
    switch known {
    case .safetensors: try writeSafetensors(to: path)
    case .npy: try writeNumPyArray(to: path)
    case .npz: try writeNumPyArchive(to: path, deflated: false)
    case .pytorch:
      throw ModelFileError(
        path: path,
        reason: "files of torch.save are read only; write safetensors, which PyTorch reads")
    }
  }

  private static func format(endingOf path: String) throws(ModelFileError) -> Format {
    let ending = path.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
    switch ending {
    case "safetensors": return .safetensors
    case "npy": return .npy
    case "npz": return .npz
    case "pt", "pth": return .pytorch
    default:
      throw ModelFileError(
        path: path, reason: "expected a path that ends in .safetensors, .npy or .npz, or a format")
    }
  }
}

extension TensorFile.Format {
  /// What the first bytes of a file say it is.
  ///
  /// - Throws: ``ModelFileError`` where it cannot be read, or they say nothing.
  public init(contentsOf path: String) throws(ModelFileError) {
    self = try TensorFile.format(of: FileBytes(contentsOf: path))
  }
}
