import LinAlg

/// A batch of sequences, time-major: `[T, N, F]`, row-major and contiguous.
///
/// Step `t` of every sequence lies in one `[N, F]` block, so that one matrix product serves the whole
/// batch and a range of steps is one tall matrix of `steps · N` rows. A value type: copies, and ranges of
/// steps, share their storage until one of them is written to.
public struct SequenceBatch<Scalar: LinAlgScalar>: Sendable {
  /// `T`, the number of time steps.
  public internal(set) var steps: Int
  /// `N`, the number of sequences.
  public internal(set) var batch: Int
  /// `F`, the number of features of a step.
  public internal(set) var features: Int
  /// Perhaps of a longer batch, of which this is some steps.
  @usableFromInline var storage: AlignedStorage<Scalar>
  /// Where the first element stands in it.
  @usableFromInline var offset = 0

  /// The number of scalars, `T·N·F`.
  @inlinable public var count: Int { steps * batch * features }

  /// The shape as it is written in messages: `[T, N, F]`.
  public var shape: [Int] { [steps, batch, features] }

  /// A batch whose elements are not set yet.
  public init(uninitializedSteps steps: Int, batch: Int, features: Int) {
    self.steps = steps
    self.batch = batch
    self.features = features
    storage = AlignedStorage(
      uninitializedCount: Self.count(steps: steps, batch: batch, features: features))
  }

  /// The number of scalars of a shape.
  private static func count(steps: Int, batch: Int, features: Int) -> Int {
    let (rows, isTooTall) = steps.multipliedReportingOverflow(by: batch)
    let (count, isTooLarge) = rows.multipliedReportingOverflow(by: features)
    require(
      steps >= 0 && batch >= 0 && features >= 0 && !isTooTall && !isTooLarge,
      "SequenceBatch: impossible shape [\(steps), \(batch), \(features)]")
    return count
  }

  /// A batch from its elements, time slowest, features fastest.
  ///
  /// - Precondition: there are `steps * batch * features` elements.
  public init(steps: Int, batch: Int, features: Int, elements: some Collection<Scalar>) {
    self.init(uninitializedSteps: steps, batch: batch, features: features)
    require(
      elements.count == count,
      "SequenceBatch: \(elements.count) elements given for shape [\(steps), \(batch), \(features)]")
    _ = UnsafeMutableBufferPointer(start: storage.pointer, count: count)
      .initialize(fromContentsOf: elements)
  }

  /// The `[steps, batch, features]` batch of zeros.
  public static func zeros(steps: Int, batch: Int, features: Int) -> SequenceBatch {
    let result = SequenceBatch(uninitializedSteps: steps, batch: batch, features: features)
    result.storage.pointer.initialize(repeating: 0, count: result.count)
    return result
  }

  /// A batch with elements drawn uniformly from `range`.
  public static func uniform(
    steps: Int, batch: Int, features: Int, in range: ClosedRange<Scalar> = -1...1,
    using generator: inout some RandomNumberGenerator
  ) -> SequenceBatch where Scalar.RawSignificand: FixedWidthInteger {
    let result = SequenceBatch(uninitializedSteps: steps, batch: batch, features: features)
    for i in 0..<result.count {
      (result.storage.pointer + i).initialize(to: .random(in: range, using: &generator))
    }
    return result
  }

  /// Feature `f` of step `t` of sequence `n`.
  ///
  /// A write looks whether another value shares the storage, each time: many of them belong into
  /// ``withUnsafeMutableBufferPointer(_:)``, which looks once.
  @inlinable
  public subscript(t: Int, n: Int, f: Int) -> Scalar {
    get {
      checkIndex(t, n, f)
      defer { withExtendedLifetime(storage) {} }
      return first[(t * batch + n) * features + f]
    }
    set {
      checkIndex(t, n, f)
      makeUnique()
      first[(t * batch + n) * features + f] = newValue
    }
    _modify {
      checkIndex(t, n, f)
      makeUnique()
      yield &first[(t * batch + n) * features + f]
    }
  }

  /// All elements in storage order, as an array.
  public var elements: [Scalar] { withUnsafeBufferPointer { Array($0) } }

  /// Calls `body` with the elements, time slowest, features fastest.
  @inlinable
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: first, count: count))
  }

  /// Calls `body` with the elements for writing, time slowest, features fastest.
  @inlinable
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: first, count: count))
  }

  /// The first element.
  @inlinable
  var first: UnsafeMutablePointer<Scalar> { storage.pointer + offset }

  @inlinable
  func checkIndex(_ t: Int, _ n: Int, _ f: Int) {
    guard t >= 0 && t < steps && n >= 0 && n < batch && f >= 0 && f < features else {
      failSequenceIndex(t, n, f, steps, batch, features)
    }
  }

  /// Copies the elements if another value shares the storage.
  @inlinable
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { copyStorage() }
  }

  @inline(never)
  @usableFromInline
  mutating func copyStorage() {
    let copy = AlignedStorage<Scalar>(uninitializedCount: count)
    copy.pointer.initialize(from: first, count: count)
    storage = copy
    offset = 0
  }
}

/// Apart from the accesses, so that they carry no text.
@inline(never)
@usableFromInline
func failSequenceIndex(
  _ t: Int, _ n: Int, _ f: Int, _ steps: Int, _ batch: Int, _ features: Int
) -> Never {
  failRequirement(
    "SequenceBatch: index [\(t), \(n), \(f)] outside shape [\(steps), \(batch), \(features)]")
}

extension SequenceBatch {
  /// Whether both have the same shape; unlike a comparison of ``shape``, makes no arrays.
  func hasShape(of other: SequenceBatch) -> Bool {
    steps == other.steps && batch == other.batch && features == other.features
  }

  /// The first element of step `t`; `t == steps` is one past the end.
  ///
  /// Valid while a copy of this value is alive; writing needs unshared storage.
  package func pointer(atStep t: Int) -> UnsafeMutablePointer<Scalar> {
    first + t * batch * features
  }

  /// How many scalars the storage has room for.
  package var capacity: Int { storage.count }

  /// Whether no other value shares the storage.
  package mutating func isUnshared() -> Bool { isKnownUniquelyReferenced(&storage) }

  /// Makes this a batch of the given shape that nobody else holds, with unspecified contents.
  ///
  /// Keeps its storage when that is unshared and large enough.
  package mutating func renew(steps: Int, batch: Int, features: Int) {
    let count = Self.count(steps: steps, batch: batch, features: features)
    if storage.count < count || !isKnownUniquelyReferenced(&storage) {
      self = SequenceBatch(uninitializedSteps: steps, batch: batch, features: features)
    } else {
      self.steps = steps
      self.batch = batch
      self.features = features
      offset = 0
    }
  }
}

extension SequenceBatch: Equatable {
  /// Whether shapes and all elements are equal.
  public static func == (a: SequenceBatch, b: SequenceBatch) -> Bool {
    a.hasShape(of: b)
      && a.withUnsafeBufferPointer { p in
        b.withUnsafeBufferPointer { q in p.elementsEqual(q) }
      }
  }
}

extension SequenceBatch: CustomStringConvertible {
  /// The shape and the scalar type; the elements of a step print through ``subscript(step:)``.
  public var description: String { "SequenceBatch<\(Scalar.self)> [T, N, F] = \(shape)" }
}
