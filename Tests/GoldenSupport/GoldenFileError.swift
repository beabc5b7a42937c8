/// What is wrong with a file of golden values, and where.
public struct GoldenFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name of the file.
  public var file: String
  /// Where in the file: a case and an array, or a path of keys.
  public var place: String
  /// What should have been there.
  public var expectation: String

  init(file: String, place: String, expectation: String) {
    self.file = file
    self.place = place
    self.expectation = expectation
  }

  init(_ error: DecodingError, file: String) {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the file" : path.map(\.pathText).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      self.init(
        file: file, place: place(context.codingPath), expectation: "a value named \(key.pathText)")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      self.init(
        file: file, place: place(context.codingPath), expectation: "a value of type \(type)")
    case .dataCorrupted(let context):
      self.init(
        file: file, place: place(context.codingPath),
        expectation: "well-formed golden values: \(context.debugDescription)")
    @unknown default:
      self.init(file: file, place: "the file", expectation: "golden values: \(error)")
    }
  }

  /// The error as one line: file, place and expectation.
  public var description: String {
    "\(file): \(place): expected \(expectation)"
  }
}

extension CodingKey {
  fileprivate var pathText: String {
    intValue.map { "[\($0)]" } ?? stringValue
  }
}
