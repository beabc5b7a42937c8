import Autodiff
import LinAlg

/// Inputs and, one step ahead of them, the tokens to predict.
public struct TokenWindow: Sendable, Equatable {
  /// `[T, N]`.
  public var inputs: TokenBatch
  /// `[T, N]`; ``TokenStreams/ignored`` after the end of a stream.
  public var targets: TokenBatch
  /// Which window of its streams it is. With 0 all streams begin: the state before it is zero.
  public var index = 0

  /// A window without steps, to be filled by ``TokenStreams/load(_:into:)``.
  public init() {
    inputs = TokenBatch(repeating: 0, steps: 0, batch: 0)
    targets = inputs
  }
}

/// A text cut into `N` parallel streams, read in windows of `T` steps: the batches of truncated
/// backpropagation through time (Williams & Peng 1990).
///
/// Every token but the first of the text is a target exactly once, and its input is the token before
/// it. Streams follow each other in the text and their lengths differ by at most one; window `w + 1` of
/// a stream begins where its window `w` ended, so that the state after a window is the state before
/// the next. All streams begin with window 0: there the state is zero.
public struct TokenStreams: Sendable {
  /// The target where a stream has ended and others have one step more.
  public static var ignored: Token { -1 }

  /// The whole text.
  public let tokens: [Token]
  /// `N`, the number of streams.
  public let batch: Int
  /// `T`, the largest number of steps of a window.
  public let steps: Int

  /// Cuts `tokens` into streams.
  ///
  /// - Precondition: `batch` and `steps` are positive; there are more than `batch` tokens, so that
  ///   every stream has a target.
  public init(_ tokens: [Token], batch: Int, steps: Int) {
    require(
      batch > 0 && steps > 0, "TokenStreams: needs streams and steps, got \(batch) and \(steps)")
    require(
      tokens.count > batch,
      "TokenStreams: \(tokens.count) tokens are too few for \(batch) streams")
    self.tokens = tokens
    self.batch = batch
    self.steps = steps
  }

  /// How many tokens are targets: all but the first.
  public var targetCount: Int { tokens.count - 1 }

  /// How many windows cover the longest stream.
  public var windowCount: Int { (longestStream + steps - 1) / steps }

  /// Window `index`, in new memory.
  public subscript(index: Int) -> TokenWindow {
    var window = TokenWindow()
    load(index, into: &window)
    return window
  }

  /// Replaces the contents of `window` by window `index`; the last one may have fewer steps.
  ///
  /// - Precondition: the index is in `0..<windowCount`.
  public func load(_ index: Int, into window: inout TokenWindow) {
    require(
      index >= 0 && index < windowCount,
      "TokenStreams: window \(index) of \(windowCount)")
    window.index = index
    let first = index * steps
    let count = min(steps, longestStream - first)
    window.inputs.renew(steps: count, batch: batch)
    window.targets.renew(steps: count, batch: batch)
    window.inputs.withUnsafeMutableBufferPointer { inputs in
      window.targets.withUnsafeMutableBufferPointer { targets in
        for n in 0..<batch {
          let stream = stream(n)
          for t in 0..<count {
            let place = stream.lowerBound + first + t
            let inside = place < stream.upperBound
            // A stream that has ended needs some input; what comes of it counts nowhere.
            inputs[t * batch + n] = tokens[inside ? place : stream.upperBound - 1]
            targets[t * batch + n] = inside ? tokens[place + 1] : Self.ignored
          }
        }
      }
    }
  }

  private var longestStream: Int { (targetCount + batch - 1) / batch }

  /// The places of the inputs of stream `n`.
  private func stream(_ n: Int) -> Range<Int> {
    let (length, longer) = targetCount.quotientAndRemainder(dividingBy: batch)
    let start = n * length + min(n, longer)
    return start..<start + length + (n < longer ? 1 : 0)
  }
}
