/// Why a file of numbers could not be read or written: which file, where in it, and what was expected.
public struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where in a file.
  public enum Place: Sendable, Hashable {
    /// A byte, counted from zero.
    case byte(Int)
    /// A tensor, by its name.
    case tensor(String)
    /// A member of an archive, by its name.
    case member(String)
  }

  /// The file.
  public var path: String
  /// Where in it; nil where it is the file as such.
  public var place: Place?
  /// What is wrong, and what was expected.
  public var reason: String

  /// An error of the file at `path`.
  public init(path: String, place: Place? = nil, reason: String) {
    (self.path, self.place, self.reason) = (path, place, reason)
  }

  /// One line: the file, the place and what was expected there.
  public var description: String {
    switch place {
    case .byte(let byte): "\(path): byte \(byte): \(reason)"
    case .tensor(let name): "\(path): tensor '\(name)': \(reason)"
    case .member(let name): "\(path): member '\(name)': \(reason)"
    case nil: "\(path): \(reason)"
    }
  }
}
