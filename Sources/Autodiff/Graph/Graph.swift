import LinAlg
import Recurrent

/// A reverse-mode graph over whole-batch operations: it records what a model computes and runs it backwards.
///
/// ```swift
/// let graph = Graph<Float>(seed: 1)
/// for batch in batches {
///   let step = try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
///     model(batch.tokens, lengths: batch.lengths, on: graph)
///       .crossEntropy(batch.labels, lengths: batch.lengths)
///   }
/// }
/// ```
/// Calls compute at once: a node's value is there when the call returns. Between two passes the graph keeps
/// its memory, so that a pass of a shape that it has seen allocates nothing; within a pass, a buffer serves
/// the next value when no node and no operation on the way back needs it any more. A pass that is not
/// recorded keeps nothing for a way back.
///
/// A graph belongs to one caller at a time and to one model; ``threads`` is how many threads its operations
/// may use. Results do not depend on it.
public final class Graph<Scalar: RecurrentScalar> {
  /// How many threads the operations may use, the caller's among them.
  public let threads: Int
  /// Where random choices come from: a choice follows from the seed, the pass (one for each recorded pass),
  /// the place in the model, the sequence and the step alone.
  public var noise: RecordingNoise

  /// Notes what is computed, where somebody wants to know.
  package var record: GraphRecord<Scalar>?

  /// Called on the way back with the number of a block as soon as nothing more is added to its gradient, so
  /// that what is done with it overlaps the rest. Not called for blocks that the pass does not read.
  package var didCompleteGradient: ((_ block: Int) -> Void)?

  var slots: [Slot<Scalar>] = []
  var pool = BufferPool<Scalar>()
  var trained = TrainedBlocks<Scalar>()
  private(set) var isRecording = false
  private var slotCount = 0
  /// Slots without a value and without a node, in passes that are not recorded.
  private var freeSlots: [Int] = []
  private var lastTicket: UInt64 = 0
  private var operations: [ObjectIdentifier: OperationList<Scalar>] = [:]
  private var lists: [OperationList<Scalar>] = []
  private var recorded: [Operation<Scalar>] = []
  /// Values that may die; looked through a few at a time.
  private var living: [Int] = []
  private var scan = 0
  private var choices = 0

  /// An empty graph; it grows to what its first pass needs.
  ///
  /// - Parameters:
  ///   - threads: how many threads its operations may use; nil means one for each processor.
  ///   - seed: where random choices start.
  public init(threads: Int? = nil, seed: UInt64 = 0) {
    self.threads = min(allowedThreads(threads), ThreadTeam.largestCount)
    noise = RecordingNoise(seed: seed)
  }

  // Nodes may outlive it.
  deinit { for slot in slots { slot.invalidate() } }

  /// The types of the operations that this graph has made, by name.
  package var operationTypes: Set<String> {
    Set(
      lists.flatMap { $0.items }
        .map { String(String(describing: type(of: $0)).prefix { $0 != "<" }) })
  }

  /// The bytes of all buffers: values, gradients, those of the trained parameters, and tapes of layers.
  public var byteCount: Int {
    var bytes = pool.byteCount + trained.byteCount
    for list in lists {
      for operation in list.items { bytes += operation.byteCount }
    }
    return bytes
  }
}

/// The operations of one type that a graph has made, and how many of them the pass uses.
final class OperationList<Scalar: RecurrentScalar> {
  var items: [Operation<Scalar>] = []
  var used = 0
}

// A pass: from its beginning to the way back.
extension Graph {
  /// Begins a pass that is recorded, with the given blocks as what is trained; nodes of the pass before are
  /// worth nothing from here on.
  func beginRecording() {
    begin()
    isRecording = true
    noise.pass &+= 1
  }

  /// Begins a pass that is not recorded: nothing is kept for a way back, and nothing is dropped at random.
  ///
  /// Nodes of the pass before are worth nothing from here on. Where one call follows another on the same
  /// graph, this keeps the graph's memory from growing; see ``Model/evaluate(on:_:)``.
  public func beginEvaluation() {
    begin()
    isRecording = false
  }

  private func begin() {
    for i in 0..<recorded.count { recorded[i].letGo(self) }
    recorded.removeAll(keepingCapacity: true)
    for i in 0..<slotCount {
      pool.reclaim(&slots[i].value)
      pool.reclaim(&slots[i].gradient)
      slots[i].invalidate()
      // A node of an earlier pass must not find a value of this one.
      if !isKnownUniquelyReferenced(&slots[i]) { slots[i] = Slot(self, index: i) }
    }
    slotCount = 0
    freeSlots.removeAll(keepingCapacity: true)
    living.removeAll(keepingCapacity: true)
    scan = 0
    choices = 0
    // Not the dictionary's values, whose iterator allocates in unoptimised builds.
    for i in 0..<lists.count { lists[i].used = 0 }
  }

  /// A slot for a new value.
  func makeSlot(_ shape: NodeShape) -> Slot<Scalar> {
    releaseDeadValues()
    let slot: Slot<Scalar>
    if let index = freeSlots.popLast() {
      slot = slots[index]
    } else {
      if slotCount == slots.count { slots.append(Slot(self, index: slotCount)) }
      slot = slots[slotCount]
      slotCount += 1
    }
    lastTicket &+= 1
    slot.ticket = lastTicket
    slot.shape = shape
    living.append(slot.index)
    return slot
  }

  /// Looks at the youngest values and at some others, and takes back the memory of those that nobody needs.
  private func releaseDeadValues() {
    let youngest = 4
    for _ in 0..<2 * youngest {
      guard !living.isEmpty else { return }
      let place: Int
      if scan % 2 == 0 {
        place = living.count - 1 - min(scan / 2 % youngest, living.count - 1)
      } else {
        place = scan / 2 % living.count
      }
      scan &+= 1
      releaseIfDead(place)
    }
  }

  private func releaseIfDead(_ place: Int) {
    let index = living[place]
    guard slots[index].readers == 0, isKnownUniquelyReferenced(&slots[index]) else { return }
    pool.reclaim(&slots[index].value)
    // Not `swapAt`, which allocates in unoptimised builds.
    living[place] = living[living.count - 1]
    living.removeLast()
    if !isRecording {
      slots[index].invalidate()
      freeSlots.append(index)
    }
  }

  /// The next operation of type `O`: one of an earlier pass, or a new one.
  ///
  /// Not a default argument of the function below: that closure is allocated at each call.
  func next<O: Operation<Scalar>>(_ type: O.Type, make: () -> O) -> O {
    next(type, fits: { _ in true }, make: make)
  }

  /// The next operation of type `O`: one of an earlier pass that `fits`, or a new one.
  func next<O: Operation<Scalar>>(
    _ type: O.Type, fits: (O) -> Bool, make: () -> O
  ) -> O {
    let key = ObjectIdentifier(type)
    let list: OperationList<Scalar>
    if let known = operations[key] {
      list = known
    } else {
      list = OperationList()
      operations[key] = list
      lists.append(list)
    }
    var found = list.used
    while found < list.items.count {
      if fits(unsafeDowncast(list.items[found], to: O.self)) { break }
      found += 1
    }
    if found == list.items.count { list.items.append(make()) }
    if found != list.used {
      let item = list.items[found]
      list.items[found] = list.items[list.used]
      list.items[list.used] = item
    }
    let operation = unsafeDowncast(list.items[list.used], to: O.self)
    list.used += 1
    operation.reset()
    return operation
  }

  /// Keeps an operation that has computed its outputs for the way back, if there is one for it.
  func finish<O: Operation<Scalar>>(_ operation: O) {
    if let record {
      record.add(
        operation.record(self), inputs: operation.inputs, outputs: operation.outputs, self)
    }
    if isRecording && operation.needsGradient {
      for i in 0..<operation.outputs.count {
        slots[operation.outputs[i]].needsGradient = true
      }
      operation.countReaders(self, by: 1)
      recorded.append(operation)
      trained.operationCount += 1
    } else {
      operation.letGo(self)
      // The next of this type may use it again.
      if let list = operations[ObjectIdentifier(O.self)] { list.used -= 1 }
    }
  }

  /// The noise of the next random choice of this pass; nil where nothing is chosen at random.
  func nextNoise() -> RecordingNoise? {
    guard isRecording else { return nil }
    choices += 1
    return noise.child(choices)
  }

  /// Runs the recorded pass backwards from `loss`; the gradients of what is trained are added up.
  func runBackward(from loss: Node<Scalar>) {
    loss.check("backward")
    require(loss.graph === self, "backward: a node of another graph")
    require(isRecording, "backward: the pass is not recorded")
    require(
      loss.slot.shape.count == 1,
      "backward: the loss has shape \(loss.slot.shape), expected [1, 1, 1]")
    if loss.slot.needsGradient {
      gradientToWrite(loss.slot.index).pointer.update(repeating: 1, count: 1)
    }
    for i in stride(from: recorded.count - 1, through: 0, by: -1) {
      let operation = recorded[i]
      var isReached = false
      for k in 0..<operation.outputs.count where slots[operation.outputs[k]].gradient != nil {
        isReached = true
      }
      if isReached { operation.backward(self) }
      if let didCompleteGradient {
        for block in 0..<trained.firstReaders.count where trained.firstReaders[block] == i {
          didCompleteGradient(block)
        }
      }
      operation.countReaders(self, by: -1)
      operation.letGo(self)
      for k in 0..<operation.outputs.count {
        let index = operation.outputs[k]
        if !slots[index].keepsGradient { pool.reclaim(&slots[index].gradient) }
        if slots[index].readers == 0, isKnownUniquelyReferenced(&slots[index]) {
          pool.reclaim(&slots[index].value)
        }
      }
    }
    recorded.removeAll(keepingCapacity: true)
    isRecording = false
  }
}

// What operations read and write.
extension Graph {
  /// The numbers of a value.
  func values(_ index: Int) -> UnsafePointer<Scalar> {
    guard let value = slots[index].value else { failRequirement("a value that is gone") }
    return UnsafePointer(value.pointer(atStep: 0))
  }

  /// The numbers of a value that is being computed.
  func output(_ index: Int) -> UnsafeMutablePointer<Scalar> {
    guard let value = slots[index].value else { failRequirement("a value that is gone") }
    return value.pointer(atStep: 0)
  }

  /// The shape of a value.
  func shape(_ index: Int) -> NodeShape { slots[index].shape }

  /// The gradient of an operation's output, or nil where the loss does not depend on it.
  func gradient(_ index: Int) -> UnsafePointer<Scalar>? {
    slots[index].gradient.map { UnsafePointer($0.pointer(atStep: 0)) }
  }

  /// Where a gradient is written, and whether it holds something already that this must be added to.
  private func gradientToWrite(
    _ index: Int
  ) -> (pointer: UnsafeMutablePointer<Scalar>, isFirst: Bool) {
    let slot = slots[index]
    if let gradient = slot.gradient { return (gradient.pointer(atStep: 0), false) }
    let gradient = pool.take(slot.shape)
    let pointer = gradient.pointer(atStep: 0)
    slot.gradient = gradient
    return (pointer, true)
  }

  /// Hands out memory for the gradient of input `index`, which `write` fills whole, and adds it to what is
  /// there. Does nothing where that gradient is not needed.
  func contribute(to index: Int, _ write: (UnsafeMutablePointer<Scalar>) -> Void) {
    let slot = slots[index]
    guard slot.needsGradient else { return }
    let target = gradientToWrite(index)
    if target.isFirst { return write(target.pointer) }
    var part: SequenceBatch<Scalar>? = pool.take(slot.shape)
    if let part { write(part.pointer(atStep: 0)) }
    if let part {
      ElementWork.add(part.pointer(atStep: 0), to: target.pointer)
        .run(count: slot.shape.count, threads: threads)
    }
    pool.reclaim(&part)
  }

  /// Adds `factor` times a gradient that an operation has in memory of its own, which it hands over where
  /// it is the first.
  func contribute(
    moving gradient: inout SequenceBatch<Scalar>?, times factor: Scalar, to index: Int
  ) {
    guard let pointer = gradient?.pointer(atStep: 0) else { return }
    let slot = slots[index]
    let count = slot.shape.count
    if slot.gradient == nil {
      if factor != 1 {
        ElementWork.scale(pointer, by: factor, into: pointer).run(count: count, threads: threads)
      }
      slot.gradient = gradient
      gradient = nil
    } else {
      let target = gradientToWrite(index).pointer
      ElementWork.addTimes(pointer, alpha: factor, to: target).run(count: count, threads: threads)
    }
  }

  /// The gradient of input `index` as it is, zeros at first: for operations that touch some of its rows
  /// only. Does nothing where that gradient is not needed.
  func contributeInPlace(to index: Int, _ add: (UnsafeMutablePointer<Scalar>) -> Void) {
    let slot = slots[index]
    guard slot.needsGradient else { return }
    let target = gradientToWrite(index)
    if target.isFirst {
      ElementWork.clear(target.pointer).run(count: slot.shape.count, threads: threads)
    }
    add(target.pointer)
  }

  /// Calls `body` with the gradient of input `index` as it is, zeros at first, or with nil where it is not
  /// needed: for operations that compute several gradients at once.
  func withGradient(
    of index: Int?, _ body: (UnsafeMutablePointer<Scalar>?) -> Void
  ) {
    guard let index, slots[index].needsGradient else { return body(nil) }
    contributeInPlace(to: index) { body($0) }
  }

  /// Memory for the time of `body`.
  func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Scalar>) -> Void) {
    var scratch: SequenceBatch<Scalar>? = pool.take(
      NodeShape(steps: 1, batch: 1, features: count))
    if let scratch { body(scratch.pointer(atStep: 0)) }
    pool.reclaim(&scratch)
  }

  /// Runs the forward part of an operation on its rows, on as many threads as pay for `work` scalars.
  func divideForward(_ operation: Operation<Scalar>, rows: Int, work: Int) {
    divide(operation, rows: rows, work: work, isForward: true)
  }

  /// Runs the backward part of an operation on its rows, on as many threads as pay for `work` scalars.
  func divideBackward(_ operation: Operation<Scalar>, rows: Int, work: Int) {
    divide(operation, rows: rows, work: work, isForward: false)
  }

  private func divide(_ operation: Operation<Scalar>, rows: Int, work: Int, isForward: Bool) {
    // Waking a thread costs some microseconds.
    let count = work < 1 << 15 ? 1 : min(threads, rows)
    let work = OperationWork(
      operation: .passUnretained(operation), graph: .passUnretained(self), rows: rows,
      isForward: isForward)
    ThreadTeam.shared.run(threads: max(count, 1), work)
    withExtendedLifetime((operation, self)) {}
  }
}
