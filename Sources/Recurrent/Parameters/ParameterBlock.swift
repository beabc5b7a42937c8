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
  /// The tensors and where they lie.
  package let layout: ParameterLayout
  /// Changes with every access that may write, and is shared by copies: two blocks of the same version
  /// have the same contents.
  package private(set) var version: UInt64
  private var storage: AlignedStorage<Scalar>
  private var packs = WeightPacks<Scalar>()
  /// The weights, where they are kept for inference alone: then they are not in the storage, which begins
  /// with the parameter behind them.
  private var inference: InferenceWeights<Scalar>?

  /// A block of zeros.
  public init(_ specs: [ParameterSpec]) { self.init(ParameterLayout(specs)) }

  /// A block of zeros.
  package init(_ layout: ParameterLayout) {
    self.layout = layout
    version = ParameterVersion.next()
    storage = AlignedStorage(repeating: 0, count: layout.count)
  }

  /// The tensors in storage order.
  public var specs: [ParameterSpec] { layout.specs }

  /// The number of scalars of all tensors together.
  public var count: Int { layout.count }

  /// A block of zeros with the same tensors.
  public func zeros() -> ParameterBlock { ParameterBlock(layout) }

  /// Traps unless this block has the tensors of `expected`, and tells the first that differs.
  package func checkLayout(matches expected: ParameterLayout, _ what: @autoclosure () -> String) {
    require(layout.isSame(as: expected), "\(what()): \(layout.difference(from: expected))")
  }

  /// Traps unless this block has the tensors of `expected`, and tells the first that differs.
  package func checkLayout(
    matches expected: ParameterBlock, _ what: @autoclosure () -> String
  ) {
    checkLayout(matches: expected.layout, what())
  }

  /// Traps unless the contents are those of the version that a forward pass has read.
  package func checkUnchanged(since version: UInt64) {
    require(
      self.version == version,
      """
      the parameters have been changed since the forward pass of this recording: \
      backward would give the gradient of neither
      """)
  }

  /// The tensor at position `index` of ``specs``, copied out or replaced.
  ///
  /// - Precondition: a matrix assigned has the tensor's shape.
  public subscript(tensor index: Int) -> Matrix<Scalar> {
    get {
      checkWhole()
      let spec = spec(index)
      let start = UnsafeBufferPointer(start: storage.pointer + offset(of: index), count: spec.count)
      return Matrix(rows: spec.rows, columns: spec.columns, elements: start)
    }
    set {
      let spec = spec(index)
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
  public func offset(of index: Int) -> Int {
    _ = spec(index)
    return layout.offsets[index]
  }

  private func spec(_ index: Int) -> ParameterSpec {
    require(
      index >= 0 && index < layout.specs.count,
      "a block of \(layout.specs.count) tensors, asked for number \(index)")
    return layout.specs[index]
  }

  /// Calls `body` with every scalar in storage order.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkWhole()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.pointer, count: count))
  }

  /// Calls `body` with every scalar in storage order, for writing.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.pointer, count: count))
  }

  /// The first scalar, for reading. Valid while a copy of this value is alive.
  var pointer: UnsafeMutablePointer<Scalar> {
    checkWhole()
    return storage.pointer
  }

  /// The first scalar, for reading what is behind the weights of a cell. Valid while a copy of this value
  /// is alive.
  var perUnitPointer: UnsafePointer<Scalar> {
    UnsafePointer(storage.pointer) - (inference?.count ?? 0)
  }

  /// The first scalar, for writing, after making sure that nobody else holds the storage. What is
  /// written later, after this value has been copied or read, is seen by the copies, too, and not by
  /// packed weights.
  package mutating func uniquePointer() -> UnsafeMutablePointer<Scalar> {
    makeUnique()
    return storage.pointer
  }

  /// Prepares for a change: copies the storage if another value shares it, and puts packed copies of
  /// the weights out of date.
  private mutating func makeUnique() {
    checkWhole()
    version = ParameterVersion.next()
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    if isKnownUniquelyReferenced(&packs) { packs.invalidate() } else { packs = WeightPacks() }
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
    if let inference {
      if direction != .forward { checkWhole() }
      // Nobody reads the scalars of packed weights.
      return (plain, inference.packed)
    }
    if let form { plain = packs.pointer(form, from: plain) }
    guard let format = Scalar.packFormat(for: strategy) else { return (plain, nil) }
    return (plain, packs.packed(layout, in: plain, direction, format, threads: threads))
  }

  // MARK: Inference

  /// A block with the weights of a cell packed in a format, and the cell's other parameters as they are:
  /// what a pass of the cell without a recording reads, and nothing else.
  ///
  /// - Parameter number: the block's number in its set, for the error.
  /// - Throws: a weight that the format cannot hold.
  package func packed(
    _ weights: WeightFormat, _ plan: CellPlan, block number: Int
  ) throws(WeightFormatError) -> ParameterBlock {
    plan.checkBlock(self)
    guard let format = Scalar.packFormat(of: weights) else {
      failRequirement("weights of \(Scalar.self) packed as \(weights)")
    }
    let all = UnsafePointer(pointer)
    if let error = weights.error(of: plan, all, block: number) { throw error }
    let packed = InferenceWeights(plan, all, format)
    let others = AlignedStorage<Scalar>(uninitializedCount: count - packed.count)
    others.pointer.update(from: all + packed.count, count: others.count)
    withExtendedLifetime(self) {}
    return ParameterBlock(layout, storage: others, packed)
  }

  private init(
    _ layout: ParameterLayout, storage: AlignedStorage<Scalar>,
    _ inference: InferenceWeights<Scalar>
  ) {
    (self.layout, self.storage, self.inference) = (layout, storage, inference)
    version = ParameterVersion.next()
  }

  /// The bytes that the parameters take, without copies that passes make of them.
  package var byteCount: Int {
    storage.count * MemoryLayout<Scalar>.stride + (inference?.byteCount ?? 0)
  }

  /// Traps where the weights are kept for inference alone.
  func checkWhole() {
    require(
      inference == nil,
      """
      these weights were packed for inference and cannot be read, changed or trained: \
      keep the layer that inference(weights:) was called on
      """)
  }
}
