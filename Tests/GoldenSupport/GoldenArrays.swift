import Foundation

/// The arrays of one case, each taken once, by its name and with its shape.
struct GoldenArrays {
  private let file: String
  private let name: String
  private let arrays: [String: RawGoldenFile.Array]
  private var untaken: Set<String>

  /// The arrays of the case `name` of a file.
  init(_ arrays: [String: RawGoldenFile.Array], of name: String, file: String) {
    (self.file, self.name, self.arrays) = (file, name, arrays)
    untaken = Set(arrays.keys)
  }

  /// The numbers of one array.
  mutating func take(_ array: String, _ shape: Int...) throws(GoldenFileError) -> [Double] {
    guard let found = arrays[array], found.shape == shape,
      found.values.count == shape.reduce(1, *)
    else {
      throw GoldenFileError(
        file: file, place: "\(name), \(array)", expectation: "an array of shape \(shape)")
    }
    untaken.remove(array)
    return found.values
  }

  /// Throws where the case holds an array that nobody asked for.
  func checkAllTaken() throws(GoldenFileError) {
    if let array = untaken.min() {
      throw GoldenFileError(
        file: file, place: "\(name), \(array)", expectation: "no array of this name")
    }
  }
}

/// Decodes one of the committed files in `Tests/Golden`.
///
/// - Throws: ``GoldenFileError`` where the file cannot be read or is another one.
func decodeGolden<File: Decodable>(_ file: String) throws(GoldenFileError) -> File {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  do {
    return try JSONDecoder().decode(
      File.self, from: Data(contentsOf: folder.appending(path: "Golden/\(file)")))
  } catch let error as DecodingError {
    throw GoldenFileError(error, file: file)
  } catch {
    throw GoldenFileError(file: file, place: "the file", expectation: "readable: \(error)")
  }
}
