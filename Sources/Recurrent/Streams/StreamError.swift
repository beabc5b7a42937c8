/// Why a stream of a ``StreamBatcher`` does not go on.
public enum StreamError: Error, Hashable {
  /// As many steps as the batcher takes wait already. Nothing has happened to the stream: the same step can be
  /// asked for again.
  case queueIsFull(limit: Int)
  /// As many streams as the batcher takes have joined already.
  case tooManyStreams(limit: Int)
  /// A step of the stream is under way, and where it ends the next one begins.
  case isStepping
  /// The stream has left; where it left while a step waited, the step has not been done.
  case hasLeft
  /// The system gives no thread.
  case noThread
}

extension StreamError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    switch self {
    case .queueIsFull(let limit): "\(limit) steps wait already, which is the limit: try again"
    case .tooManyStreams(let limit): "\(limit) streams have joined already, which is the limit"
    case .isStepping: "a step of this stream is under way"
    case .hasLeft: "the stream has left"
    case .noThread: "the system gives no thread"
    }
  }
}
