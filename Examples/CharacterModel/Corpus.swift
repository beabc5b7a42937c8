import Foundation

/// The documents to train on.
struct Corpus {
  /// Where Debian's base-files keeps the licences that packages refer to.
  static let licenceFolder = "/usr/share/common-licenses"

  /// File names and contents.
  var documents: [(name: String, text: String)]

  /// Reads the given files; the licence texts when there are none.
  init(files: [String]) throws(CorpusError) {
    documents = []
    for path in files.isEmpty ? try Self.licences() : files {
      documents.append((path, try Self.read(path)))
    }
  }

  /// The licence texts in the order of their names; links to one of them would only repeat it.
  private static func licences() throws(CorpusError) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: licenceFolder)) ?? []
    let paths = names.sorted().map { "\(licenceFolder)/\($0)" }.filter { path in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      return attributes?[.type] as? FileAttributeType == .typeRegular
    }
    if paths.isEmpty { throw .noLicences }
    return paths
  }

  private static func read(_ path: String) throws(CorpusError) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .unreadable(path, reason: Self.reason(error, path))
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw .notUTF8(path, byte: firstInvalidByte(data))
    }
    return text
  }

  private static func reason(_ error: any Error, _ path: String) -> String {
    var isFolder: ObjCBool = false
    if !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      return "no such file"
    }
    return isFolder.boolValue ? "it is a folder" : (error as NSError).localizedDescription
  }

  private static func firstInvalidByte(_ data: Data) -> Int {
    var parser = UTF8.ForwardParser()
    var bytes = data.makeIterator()
    var place = 0
    while true {
      switch parser.parseScalar(from: &bytes) {
      case .valid(let scalar): place += scalar.count
      case .error, .emptyInput: return place
      }
    }
  }
}

/// Why there is nothing to train on.
enum CorpusError: Error, CustomStringConvertible {
  case noLicences
  case unreadable(String, reason: String)
  case notUTF8(String, byte: Int)
  case tooShort(count: Int, needed: Int, part: String)

  /// One line: the file, what is wrong and what was expected.
  var description: String {
    switch self {
    case .noLicences:
      """
      no licence texts in \(Corpus.licenceFolder), where Debian's base-files puts them: \
      pass a UTF-8 text file to train on
      """
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .notUTF8(let path, let byte): "\(path): not UTF-8 text: invalid byte at offset \(byte)"
    case .tooShort(let count, let needed, let part):
      """
      the text is too short: \(count) characters \(part), at least \(needed) are needed; \
      give more text or lower --batch or --steps
      """
    }
  }

  /// EX_NOINPUT or EX_DATAERR of sysexits.h.
  var exitCode: Int32 {
    switch self {
    case .noLicences, .unreadable: 66
    case .notUTF8, .tooShort: 65
    }
  }
}
