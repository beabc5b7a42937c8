import LinAlg

/// A number that stands for a symbol of a vocabulary: its position, counted from 0.
public typealias Token = Int32

/// A batch of token sequences, time-major: `[T, N]`, one token per step and sequence.
///
/// Step `t` of every sequence is contiguous, as in `SequenceBatch`. A value type: copies share their
/// storage until one of them is written to.
public struct TokenBatch: Sendable {
  /// `T`, the number of time steps.
  public internal(set) var steps: Int
  /// `N`, the number of sequences.
  public internal(set) var batch: Int
  @usableFromInline var storage: AlignedStorage<Token>

  /// The number of tokens, `T·N`.
  @inlinable public var count: Int { steps * batch }

  /// The shape as it is written in messages: `[T, N]`.
  public var shape: [Int] { [steps, batch] }

  /// A batch with every token equal to `token`.
  public init(repeating token: Token, steps: Int, batch: Int) {
    require(
      steps >= 0 && batch >= 0, "TokenBatch: negative shape [\(steps), \(batch)]")
    self.steps = steps
    self.batch = batch
    storage = AlignedStorage(repeating: token, count: steps * batch)
  }

  /// A batch from its tokens, time slowest: the first tokens of all sequences, then the second ones.
  ///
  /// - Precondition: there are `steps * batch` tokens.
  public init(steps: Int, batch: Int, tokens: some Collection<Token>) {
    require(
      steps >= 0 && batch >= 0 && tokens.count == steps * batch,
      "TokenBatch: \(tokens.count) tokens given for shape [\(steps), \(batch)]")
    self.steps = steps
    self.batch = batch
    storage = AlignedStorage(uninitializedCount: steps * batch)
    _ = UnsafeMutableBufferPointer(start: storage.pointer, count: count)
      .initialize(fromContentsOf: tokens)
  }

  /// The token at step `t` of sequence `n`.
  @inlinable
  public subscript(t: Int, n: Int) -> Token {
    get {
      checkIndex(t, n)
      defer { withExtendedLifetime(storage) {} }
      return storage.pointer[t * batch + n]
    }
    set {
      checkIndex(t, n)
      makeUnique()
      storage.pointer[t * batch + n] = newValue
    }
    _modify {
      checkIndex(t, n)
      makeUnique()
      yield &storage.pointer[t * batch + n]
    }
  }

  /// All tokens in storage order, as an array.
  public var tokens: [Token] { withUnsafeBufferPointer { Array($0) } }

  /// Calls `body` with the tokens, time slowest.
  @inlinable
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Token>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with the tokens for writing, time slowest.
  @inlinable
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Token>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// Makes this a batch of the given shape that nobody else holds, with unspecified contents.
  ///
  /// Keeps its storage when that is unshared and large enough.
  package mutating func renew(steps: Int, batch: Int) {
    if storage.count < steps * batch || !isKnownUniquelyReferenced(&storage) {
      storage = AlignedStorage(repeating: 0, count: steps * batch)
    }
    self.steps = steps
    self.batch = batch
  }

  /// Traps with the place of the first token outside `0..<vocabularySize`.
  func checkTokens(vocabularySize: Int) {
    withUnsafeBufferPointer { tokens in
      for i in 0..<tokens.count where tokens[i] < 0 || Int(tokens[i]) >= vocabularySize {
        failRequirement(
          """
          token \(tokens[i]) at step \(i / batch) of sequence \(i % batch) \
          is outside the vocabulary of \(vocabularySize)
          """)
      }
    }
  }

  @inlinable
  func checkIndex(_ t: Int, _ n: Int) {
    guard t >= 0 && t < steps && n >= 0 && n < batch else {
      failTokenIndex(t, n, steps, batch)
    }
  }

  /// Copies the tokens if another value shares the storage.
  @inlinable
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { copyStorage() }
  }

  @inline(never)
  @usableFromInline
  mutating func copyStorage() {
    let copy = AlignedStorage<Token>(uninitializedCount: count)
    copy.pointer.initialize(from: storage.pointer, count: count)
    storage = copy
  }
}

/// Apart from the accesses, so that they carry no text.
@inline(never)
@usableFromInline
func failTokenIndex(_ t: Int, _ n: Int, _ steps: Int, _ batch: Int) -> Never {
  failRequirement("TokenBatch: index [\(t), \(n)] outside shape [\(steps), \(batch)]")
}

extension TokenBatch: Equatable {
  /// Whether shapes and all tokens are equal.
  public static func == (a: TokenBatch, b: TokenBatch) -> Bool {
    a.shape == b.shape
      && a.withUnsafeBufferPointer { p in
        b.withUnsafeBufferPointer { q in p.elementsEqual(q) }
      }
  }
}

extension TokenBatch: CustomStringConvertible {
  /// The shape.
  public var description: String { "TokenBatch [T, N] = \(shape)" }
}
