/// Reads what `torch.save` writes since PyTorch 1.6: a zip archive of one folder, with a pickle `data.pkl` and
/// the storages in `data/`.
///
/// Tensors of dictionaries and lists are called by their keys and numbers with points between. Numbers and
/// texts become metadata. Checksums are not asked for, as by PyTorch, which writes others where it is told so.
func readPyTorchArchive(
  _ file: FileBytes, _ allowance: inout Allowance
) throws(ModelFileError) -> TensorFile {
  if try file.bytes(0..<min(2, file.count)).first == 0x80 {
    throw ModelFileError(
      path: file.path, place: .byte(0),
      reason: """
        is a file of torch.save from before PyTorch 1.6, expected a zip archive; save it anew with a \
        newer PyTorch
        """)
  }
  let archive = try ZipArchive(file)
  var reader = try PyTorchReader(archive, &allowance)
  return try reader.read(&allowance)
}

private struct PyTorchReader {
  private let archive: ZipArchive
  private let folder: String
  private let pickle: Pickle
  private var members: [String: Int] = [:]
  /// The storages that were met, unpacked where they are deflated.
  private var storages: [String: (bytes: FileBytes, range: Range<Int>)] = [:]
  private var result = TensorFile()
  private var visits = 0

  /// The most bytes that a pickle may have: a tensor takes two hundred.
  private static let largestPickle = 1 << 24

  private var path: String { archive.file.path }

  init(_ archive: ZipArchive, _ allowance: inout Allowance) throws(ModelFileError) {
    self.archive = archive
    for (i, member) in archive.members.enumerated() { members[member.name] = i }
    let pickles = archive.members.filter {
      $0.name == "data.pkl"
        || ($0.name.hasSuffix("/data.pkl") && $0.name.split(separator: "/").count == 2)
    }
    guard let member = pickles.first, pickles.count == 1 else {
      throw ModelFileError(
        path: archive.file.path, reason: "expected one data.pkl in a folder, found \(pickles.count)"
      )
    }
    folder = String(member.name.dropLast("data.pkl".count))
    guard member.count <= Self.largestPickle else {
      throw ModelFileError(
        path: archive.file.path, place: .member(member.name),
        reason: "has \(member.count) bytes, expected at most \(Self.largestPickle)")
    }
    if let order = members[folder + "byteorder"] {
      let (bytes, range) = try archive.contents(
        of: archive.members[order], &allowance, isVerified: false)
      guard range.count == 6, try bytes.bytes(range) == Array("little".utf8) else {
        throw ModelFileError(
          path: archive.file.path, place: .member(folder + "byteorder"),
          reason: "expected 'little': numbers with their least significant byte first")
      }
    }
    let (bytes, range) = try archive.contents(of: member, &allowance, isVerified: false)
    do {
      pickle = try Pickle(
        ByteReader(try bytes.bytes(range), of: archive.file.path, from: range.lowerBound))
    } catch {
      guard member.isDeflated, case .byte(let byte) = error.place else { throw error }
      throw ModelFileError(
        path: archive.file.path, place: .member(member.name),
        reason: "unpacked byte \(byte): \(error.reason)")
    }
  }

  mutating func read(_ allowance: inout Allowance) throws(ModelFileError) -> TensorFile {
    try visit(pickle.root, "", depth: 0, &allowance)
    return result
  }

  private func flaw(_ name: String, _ reason: String) -> ModelFileError {
    ModelFileError(path: path, place: .tensor(name), reason: reason)
  }

  /// Takes a value and what is in it.
  private mutating func visit(
    _ value: Pickle.Reference, _ name: String, depth: Int, _ allowance: inout Allowance
  ) throws(ModelFileError) {
    visits += 1
    // A pickle may hold one list at many places of another, and so on: more than it has bytes.
    guard visits <= 2 * pickle.values.count + 2 else {
      throw flaw(name, "is met again and again, expected what is saved to hold each thing once")
    }
    guard depth <= 100 else { throw flaw(name, "is nested deeper than 100, expected less") }
    func inside(_ key: some StringProtocol) -> String { name.isEmpty ? "\(key)" : "\(name).\(key)" }
    switch pickle.values[value] {
    case .dictionary(let dictionary):
      for (key, value) in pickle.dictionaries[dictionary] {
        let text =
          switch pickle.values[key] {
          case .text(let text): text
          case .integer(let number): String(number)
          default: throw flaw(name, "has a key that is neither a text nor a whole number")
          }
        try visit(value, inside(text), depth: depth + 1, &allowance)
      }
    case .list(let list):
      for (i, element) in pickle.lists[list].enumerated() {
        try visit(element, inside(String(i)), depth: depth + 1, &allowance)
      }
    case .tuple(let elements):
      for (i, element) in elements.enumerated() {
        try visit(element, inside(String(i)), depth: depth + 1, &allowance)
      }
    case .tensor(let place):
      let name = name.isEmpty ? "tensor" : name
      guard result[name] == nil else { throw flaw(name, "expected one tensor of that name") }
      result.append(try tensor(place, name, &allowance))
    case .none: try note("none", name)
    case .bool(let value): try note(value ? "true" : "false", name)
    case .integer(let value): try note(String(value), name)
    case .real(let value): try note("\(value)", name)
    case .text(let value): try note(value, name)
    case .function, .storageType, .storage:
      throw flaw(name, "expected a tensor, a number or a text")
    }
  }

  private mutating func note(_ text: String, _ name: String) throws(ModelFileError) {
    guard result.metadata.updateValue(text, forKey: name) == nil else {
      throw flaw(name, "expected one value of that name")
    }
  }

  private mutating func tensor(
    _ place: Pickle.TensorPlace, _ name: String, _ allowance: inout Allowance
  ) throws(ModelFileError) -> Tensor {
    let storage = try storage(place.storage, name, &allowance)
    let type = place.storage.type
    guard let byteCount = type.byteCount(ofShape: place.shape) else {
      throw flaw(name, "has the impossible shape \(place.shape)")
    }
    let elements = StridedElements(
      file: storage.bytes, range: storage.range, first: place.first, shape: place.shape,
      strides: place.strides, type: type)
    guard let end = elements.end, end <= place.storage.count, place.first <= place.storage.count
    else {
      throw flaw(
        name,
        """
        of shape \(place.shape) and strides \(place.strides) from element \(place.first) on reaches \
        outside its storage of \(place.storage.count)
        """)
    }
    if elements.isContiguous || byteCount == 0 {
      let offset = storage.range.lowerBound + place.first * type.byteCount
      return Tensor(name, type, place.shape, in: storage.bytes, at: offset)
    }
    // The bytes that the elements lie between are copied once more on the way.
    let spanned = (end - place.first) * type.byteCount
    try allowance.unpack(max(byteCount, spanned), path, .tensor(name))
    return try elements.tensor(named: name)
  }

  private mutating func storage(
    _ place: Pickle.StoragePlace, _ name: String, _ allowance: inout Allowance
  ) throws(ModelFileError) -> (bytes: FileBytes, range: Range<Int>) {
    let member = "\(folder)data/\(place.key)"
    guard let index = members[member] else {
      throw flaw(name, "needs the member \(quoted(member)), which is missing")
    }
    let (count, overflow) = place.count.multipliedReportingOverflow(by: place.type.byteCount)
    guard !overflow, archive.members[index].count == count else {
      throw flaw(
        name,
        """
        needs \(place.count) numbers of \(place.type.rawValue) in member \(quoted(member)), which \
        has \(archive.members[index].count) bytes
        """)
    }
    if let known = storages[member] { return known }
    let contents = try archive.contents(
      of: archive.members[index], &allowance, isVerified: false)
    storages[member] = contents
    return contents
  }
}
