import LinAlg
import Recurrent

/// An operation on whole batches: a node of the graph, with its way back.
///
/// An object is made when a graph first needs it, and serves the same place of later passes with the memory
/// that it has. A subclass computes its output when it is called, and overrides ``backward(_:)``.
class Operation<Scalar: RecurrentScalar> {
  /// What went in, in slots of the graph.
  private(set) var inputs: [Int] = []
  /// Which inputs are read on the way back, by bits.
  private var readsInputs: UInt64 = 0
  /// Whether the first output is read on the way back.
  private var readsOutput = false
  /// The slots of what came out.
  private(set) var outputs: [Int] = []
  /// Whether anything that went in is trained.
  private(set) var needsGradient = false

  /// What it is called in messages.
  var name: StaticString { "operation" }

  init() {}

  /// What it is, for those who write a pass down elsewhere.
  func record(_ graph: Graph<Scalar>) -> OperationRecord<Scalar> { .other("\(name)") }

  /// Computes the rows `rows` of the output: what ``Graph/divide(_:rows:work:)`` hands to its threads.
  func forward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {}

  /// Computes the part of rows `rows` of the way back.
  func backward(_ rows: Range<Int>, _ graph: Graph<Scalar>) {}

  /// Adds to the gradients of the inputs what that of the output gives.
  func backward(_ graph: Graph<Scalar>) {
    failRequirement("\(name): no way back")
  }

  /// Lets go of what only the way back needed.
  func letGo(_ graph: Graph<Scalar>) {}

  /// The bytes of buffers of its own.
  var byteCount: Int { 0 }
}

extension Operation {
  /// Begins anew, without inputs and outputs.
  final func reset() {
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    (readsInputs, readsOutput, needsGradient) = (0, false, false)
  }

  /// Adds an input; `isRead` says that the way back reads its value.
  final func take(_ node: Node<Scalar>, isRead: Bool, on graph: Graph<Scalar>) {
    node.check(name)
    require(node.graph === graph, "\(name): a node of another graph")
    if isRead { readsInputs |= 1 << UInt64(min(inputs.count, 63)) }
    inputs.append(node.slot.index)
    if node.slot.needsGradient { needsGradient = true }
  }

  /// Says that it trains something itself.
  final func takeTrained() { needsGradient = true }

  /// A new output with unspecified contents; `isRead` says that the way back reads its value.
  final func give(
    _ shape: NodeShape, isRead: Bool = false, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let slot = graph.makeSlot(shape)
    slot.value = graph.pool.take(shape)
    return give(slot, isRead: isRead)
  }

  /// A new output with the given value.
  final func give(
    _ value: SequenceBatch<Scalar>, isRead: Bool = false, on graph: Graph<Scalar>
  ) -> Node<Scalar> {
    let slot = graph.makeSlot(
      NodeShape(steps: value.steps, batch: value.batch, features: value.features))
    slot.value = value
    return give(slot, isRead: isRead)
  }

  private func give(_ slot: Slot<Scalar>, isRead: Bool) -> Node<Scalar> {
    if isRead { readsOutput = true }
    outputs.append(slot.index)
    return Node(slot)
  }

  /// Counts (`+1`) or no longer counts (`-1`) the values that the way back reads.
  final func countReaders(_ graph: Graph<Scalar>, by change: Int) {
    for i in 0..<inputs.count where readsInputs & (1 << UInt64(min(i, 63))) != 0 {
      graph.slots[inputs[i]].readers += change
    }
    if readsOutput, !outputs.isEmpty { graph.slots[outputs[0]].readers += change }
  }
}

/// The work of one operation, divided among threads by rows.
struct OperationWork<Scalar: RecurrentScalar>: TeamWork {
  // Unmanaged: threads that count references to one object fight for its cache line.
  let operation: Unmanaged<Operation<Scalar>>
  let graph: Unmanaged<Graph<Scalar>>
  let rows: Int
  let isForward: Bool

  func run(_ member: TeamMember) {
    let mine = member.share(of: rows)
    if mine.isEmpty { return }
    operation._withUnsafeGuaranteedRef { operation in
      graph._withUnsafeGuaranteedRef { graph in
        if isForward {
          operation.forward(mine, graph)
        } else {
          operation.backward(mine, graph)
        }
      }
    }
  }
}
