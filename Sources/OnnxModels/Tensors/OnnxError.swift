/// Why a file cannot be loaded, or a run cannot be done: what kind of reason, where, and what was found and
/// expected.
public struct OnnxError: Error, Hashable, Sendable {
  /// The kinds of reasons.
  public enum Kind: String, Sendable, Hashable {
    /// The file cannot be opened or read.
    case unreadable
    /// The bytes are no ONNX model, or contradict themselves.
    case malformed
    /// An operator, attribute, type or version that this library does not run.
    case unsupported
    /// A node's inputs do not fit what its operator does.
    case invalid
    /// An input of a run is missing, unknown or of another type or shape than the model's.
    case input
    /// A size that ``OnnxLimits`` does not allow.
    case limit
  }

  /// What kind of reason it is.
  public var kind: Kind
  /// The file, node, tensor or input.
  public var place: String
  /// What was found and what was expected.
  public var reason: String

  /// An error at a place.
  public init(_ kind: Kind, at place: String, _ reason: String) {
    (self.kind, self.place, self.reason) = (kind, place, reason)
  }

  /// An error of a kernel, which does not know the node that it serves.
  init(_ kind: Kind, _ reason: String) { self.init(kind, at: "", reason) }

  /// The same error, of a file.
  func ofFile(_ path: String) -> OnnxError {
    OnnxError(kind, at: place.isEmpty ? path : "\(path): \(place)", reason)
  }

  /// The same error with a place, where it has none yet.
  func placed(at place: String) -> OnnxError {
    self.place.isEmpty ? OnnxError(kind, at: place, reason) : self
  }
}

extension OnnxError: CustomStringConvertible {
  /// The place and the reason.
  public var description: String { place.isEmpty ? reason : "\(place): \(reason)" }
}

/// Throws an error of a kernel unless `condition` holds.
@inline(__always)
func check(_ condition: Bool, _ reason: @autoclosure () -> String) throws(OnnxError) {
  if !condition { throw OnnxError(.invalid, reason()) }
}
