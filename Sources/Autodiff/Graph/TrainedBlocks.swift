import LinAlg
import Recurrent

/// What a graph trains: the blocks of the model whose pass it records, and their gradients.
///
/// An operation that reads parameters finds their gradient by the version of the block, which no two
/// contents share: parameters that were changed since the pass began are not found.
struct TrainedBlocks<Scalar: RecurrentScalar> {
  var gradients = ModelParameters<Scalar>(blocks: [], names: [])
  /// The blocks of the model while an optimizer works on them.
  var moved = ModelParameters<Scalar>(blocks: [], names: [])
  /// The mean of the gradients of several passes, while there is one.
  var mean = ModelParameters<Scalar>(blocks: [], names: [])
  /// Parts whose parameters stay as they are.
  var frozenNames: [String] = []
  /// For each block the number of the recorded operation that was the first to read it: once that has run
  /// backwards, the block's gradient is complete. -1 where none reads it.
  private(set) var firstReaders: [Int] = []
  /// How many operations have been recorded.
  var operationCount = 0
  private var places: [UInt64: Int] = [:]
  private var visitor = PartVisitor<Scalar>(.register)
  private var standIns: [AnyObject] = []

  /// The bytes of the gradients.
  var byteCount: Int {
    (gradients.scalarCount + mean.scalarCount) * MemoryLayout<Scalar>.stride
  }

  /// Notes the blocks of a model, with gradients of zeros; false where two parts hold the same memory.
  mutating func register(_ model: inout some Model<Scalar>, threads: Int) -> Bool {
    visitor.versions.removeAll(keepingCapacity: true)
    visitor.layouts.removeAll(keepingCapacity: true)
    model.visitParts(&visitor)
    places.removeAll(keepingCapacity: true)
    for i in 0..<visitor.versions.count {
      guard places.updateValue(i, forKey: visitor.versions[i]) == nil else { return false }
    }
    operationCount = 0
    firstReaders.removeAll(keepingCapacity: true)
    for _ in 0..<visitor.versions.count { firstReaders.append(-1) }
    if isSameModel {
      gradients.setToZero(threads: threads)
    } else {
      gradients = model.parameters.zeros()
      moved = ModelParameters(blocks: [], names: gradients.names)
      freeze()
    }
    return true
  }

  /// Moves the blocks out of the parts of a model, so that nobody else holds them, and back after `body`
  /// has had them for writing.
  mutating func withBlocks<Result>(
    of model: inout some Model<Scalar>, _ body: (inout ModelParameters<Scalar>) throws -> Result
  ) rethrows -> Result {
    var take = PartVisitor<Scalar>(.take)
    exchange(&take)
    model.visitParts(&take)
    exchange(&take)
    defer {
      var put = PartVisitor<Scalar>(.put)
      exchange(&put)
      model.visitParts(&put)
      put.blocks.removeAll(keepingCapacity: true)
      exchange(&put)
    }
    return try body(&moved)
  }

  private mutating func exchange(_ visitor: inout PartVisitor<Scalar>) {
    swap(&visitor.blocks, &moved.blocks)
    swap(&visitor.standIns, &standIns)
  }

  private var isSameModel: Bool {
    guard visitor.layouts.count == gradients.blocks.count else { return false }
    for i in 0..<visitor.layouts.count
    where !visitor.layouts[i].isSame(as: gradients.blocks[i].layout) { return false }
    return true
  }

  /// Marks the blocks of the frozen parts.
  mutating func freeze() {
    if gradients.names.isEmpty { return }
    for frozen in frozenNames {
      require(
        gradients.names.contains { $0 == frozen || $0.hasPrefix(frozen + ".") },
        "freeze: no part is called \(frozen); there are \(gradients.names.joined(separator: ", "))")
    }
    for i in 0..<gradients.names.count {
      let name = gradients.names[i]
      gradients.isFrozen[i] = frozenNames.contains { name == $0 || name.hasPrefix($0 + ".") }
    }
    moved.isFrozen = gradients.isFrozen
  }

  /// The place of a block's gradient, or nil where the block is frozen.
  mutating func place(of block: ParameterBlock<Scalar>, _ operation: StaticString) -> Int? {
    guard let place = places[block.version] else {
      failRequirement(
        """
        \(operation): its parameters are not those of the model whose pass is recorded, or have been \
        changed since the pass began; use a part of the model that the pass was begun with
        """)
    }
    if firstReaders[place] < 0 { firstReaders[place] = operationCount }
    return gradients.isFrozen[place] ? nil : place
  }
}

extension Graph {
  /// The gradients of the last pass that was run backwards; those of frozen parts are zero.
  public var gradients: ModelParameters<Scalar> {
    get { trained.gradients }
    set {
      trained.gradients.checkLayout(of: newValue, "the gradients assigned")
      trained.gradients.blocks = newValue.blocks
    }
  }

  /// Calls `body` with the gradients for writing where they lie.
  package func withGradients<Result, Failure: Error>(
    _ body: (inout ModelParameters<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(&trained.gradients)
  }

  /// Calls `body` with the parameters of `model` where they lie, for writing, and with the gradients.
  package func withParameters(
    of model: inout some Model<Scalar>,
    _ body: (inout ModelParameters<Scalar>, ModelParameters<Scalar>) -> Void
  ) {
    let gradients = trained.gradients
    trained.withBlocks(of: &model) { body(&$0, gradients) }
  }

  /// Keeps the parameters of the named parts as they are, and of their parts where they are models: training
  /// changes the others. No name freezes nothing.
  ///
  /// - Precondition: the model has parts of these names, see ``ModelParameters/names``.
  public func freeze(_ parts: String...) {
    trained.frozenNames = parts
    trained.freeze()
  }
}
