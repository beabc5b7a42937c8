/// Why weights could not be read or written: everything at once.
public struct WeightsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A tensor that has another shape than its place.
  public struct Misshaped: Hashable, Sendable {
    /// The tensor.
    public var name: String
    /// The shape that it has.
    public var shape: [Int]
    /// The shape that was expected.
    public var expected: [Int]
  }

  /// The file; empty where none was asked for yet.
  public var path: String
  /// Tensors that are not there.
  public var missing: [String]
  /// Tensors that are there and not asked for.
  public var unexpected: [String]
  /// Tensors of other shapes.
  public var misshaped: [Misshaped]
  /// What else is wrong; nil where it is the tensors alone.
  public var reason: String?

  init(
    path: String = "", missing: [String] = [], unexpected: [String] = [],
    misshaped: [Misshaped] = [], reason: String? = nil
  ) {
    (self.path, self.missing, self.unexpected) = (path, missing, unexpected)
    (self.misshaped, self.reason) = (misshaped, reason)
  }

  init(_ error: ModelFileError) {
    var place = error
    place.path = ""
    self.init(path: error.path, reason: String(place.description.dropFirst(2)))
  }

  /// The same error of a file.
  func of(_ path: String) -> WeightsError {
    var result = self
    result.path = path
    return result
  }

  /// One line for each thing that is wrong.
  public var description: String {
    var lines: [String] = []
    if let reason { lines.append(reason) }
    if !missing.isEmpty { lines.append("missing: \(missing.joined(separator: ", "))") }
    if !misshaped.isEmpty {
      let all = misshaped.map { "\($0.name) has shape \($0.shape), expected \($0.expected)" }
      lines.append(all.joined(separator: ", "))
    }
    if !unexpected.isEmpty { lines.append("unexpected: \(unexpected.joined(separator: ", "))") }
    return (path.isEmpty ? "" : "\(path): ") + lines.joined(separator: "\n  ")
  }
}
