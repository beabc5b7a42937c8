import LinAlg

/// One named tensor inside a parameter block.
public struct ParameterSpec: Sendable, Hashable {
  /// The tensor's name in the notation of the equations, such as `W`, `U`, `b`.
  public var name: String
  /// The number of rows; a vector has one.
  public var rows: Int
  /// The number of columns.
  public var columns: Int

  /// A named `[rows, columns]` tensor.
  public init(_ name: String, rows: Int, columns: Int) {
    self.name = name
    self.rows = rows
    self.columns = columns
  }

  /// The number of scalars.
  public var count: Int { rows * columns }
}

/// All parameters of one layer in one allocation, with named tensors laid one after the other.
///
/// One allocation makes zeroing, clipping, an optimizer step and saving each one loop (the habit of
/// llm.c). A gradient is a block with the same specification.
public struct ParameterBlock<Scalar: RecurrentScalar>: Sendable {
  /// The tensors in storage order.
  public let specs: [ParameterSpec]
  private var storage: AlignedStorage<Scalar>
  private var packs = WeightPacks<Scalar>()

  /// A block of zeros.
  public init(_ specs: [ParameterSpec]) {
    self.specs = specs
    storage = AlignedStorage(repeating: 0, count: specs.reduce(0) { $0 + $1.count })
  }

  /// The number of scalars of all tensors together.
  public var count: Int { storage.count }

  /// A block of zeros with the same tensors.
  public func zeros() -> ParameterBlock { ParameterBlock(specs) }

  /// The tensor at position `index` of ``specs``, copied out or replaced.
  ///
  /// - Precondition: a matrix assigned has the tensor's shape.
  public subscript(tensor index: Int) -> Matrix<Scalar> {
    get {
      let spec = specs[index]
      let start = UnsafeBufferPointer(start: storage.pointer + offset(of: index), count: spec.count)
      return Matrix(rows: spec.rows, columns: spec.columns, elements: start)
    }
    set {
      let spec = specs[index]
      require(
        newValue.rows == spec.rows && newValue.columns == spec.columns,
        """
        parameter \(spec.name) has shape [\(spec.rows), \(spec.columns)], \
        assigned [\(newValue.rows), \(newValue.columns)]
        """)
      makeUnique()
      (storage.pointer + offset(of: index)).update(from: newValue.basePointer, count: spec.count)
    }
  }

  /// Where the tensor at position `index` begins, in scalars.
  public func offset(of index: Int) -> Int { specs[..<index].reduce(0) { $0 + $1.count } }

  /// Calls `body` with every scalar in storage order.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with every scalar in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// The first scalar, for reading. Valid while a copy of this value is alive.
  var pointer: UnsafeMutablePointer<Scalar> { storage.pointer }

  /// The first scalar, for writing, after making sure that nobody else holds the storage.
  public mutating func uniquePointer() -> UnsafeMutablePointer<Scalar> {
    makeUnique()
    return storage.pointer
  }

  /// Prepares for a change: copies the storage if another value shares it, and puts packed copies of
  /// the weights out of date.
  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    if isKnownUniquelyReferenced(&packs) { packs.invalidate() } else { packs = WeightPacks() }
  }

  /// The weight matrix `[m, k]` of some gates that begins `offset` scalars into the block, ready for
  /// products in one direction. Valid while this value is alive and unchanged.
  func weights(
    at offset: Int, m: Int, k: Int, gates: Int, _ direction: ProductDirection,
    _ strategy: ProductStrategy, threads: Int
  ) -> WeightMatrix<Scalar> {
    let plain = UnsafePointer(storage.pointer + offset)
    var packed: PackedWeights<Scalar>?
    if let format = Scalar.packFormat(for: strategy) {
      packed = packs.packed(
        offset: offset, m: m, k: k, gates: gates, weights: plain, direction, format,
        threads: threads)
    }
    return WeightMatrix(m: m, k: k, gates: gates, plain: plain, packed: packed)
  }

  /// The first weight and, where products read packed weights, that of the packed copies of the
  /// matrices of `layout`. Valid while this value is alive and unchanged.
  ///
  /// - Parameter form: how the weights are made of the block; nil where they are the block.
  func weights(
    _ layout: PackLayout, _ form: WeightForm?, _ direction: ProductDirection,
    _ strategy: ProductStrategy, threads: Int
  ) -> (plain: UnsafePointer<Scalar>, packed: PackedWeights<Scalar>?) {
    var plain = UnsafePointer(storage.pointer)
    if let form { plain = packs.pointer(form, from: plain) }
    guard let format = Scalar.packFormat(for: strategy) else { return (plain, nil) }
    return (plain, packs.packed(layout, in: plain, direction, format, threads: threads))
  }
}
