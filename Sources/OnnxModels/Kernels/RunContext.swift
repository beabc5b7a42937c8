import LinAlg

/// What belongs to one run at a time: its limits, its threads, where its tensors come from, and what the
/// nodes keep from run to run.
///
/// A node is told what to do with given shapes by a plan of its own, which it makes when it first sees them;
/// memory of values that nobody reads any more becomes that of later ones. A run with the shapes of the run
/// before therefore allocates nothing but its outputs.
final class RunContext {
  let limits: OnnxLimits
  var threads: Int
  /// What the node that is being run keeps.
  private(set) var step = StepMemory()
  /// Whether what is made now leaves the run, and cannot come back.
  private var leaves = false
  private var pool = BufferPool()

  init(limits: OnnxLimits, threads: Int) { (self.limits, self.threads) = (limits, threads) }

  /// A tensor whose elements are not set yet.
  ///
  /// - Throws: a shape that is impossible or that the limits do not allow.
  func make(_ type: OnnxElementType, _ shape: [Int]) throws(OnnxError) -> OnnxTensor {
    guard let count = OnnxTensor.count(of: shape) else {
      throw OnnxError(.invalid, "the result would have the impossible shape \(shape)")
    }
    guard count <= limits.tensorBytes / type.byteCount else {
      throw OnnxError(
        .limit,
        "the result would be \(type) \(shape), at most \(limits.tensorBytes) bytes are allowed")
    }
    if !leaves, let storage = pool.take(count * type.byteCount) {
      return OnnxTensor(type, shape, count: count, storage)
    }
    return OnnxTensor(type, shape, count: count)
  }

  /// A tensor of one element and no axes.
  func make<Element: OnnxScalar>(_ element: Element) throws(OnnxError) -> OnnxTensor {
    let tensor = try make(Element.onnxType, [])
    tensor.mutable(as: Element.self).initialize(to: element)
    return tensor
  }

  /// Empties a place, and takes the memory for later tensors where nobody else has it.
  func release(_ value: inout OnnxTensor?) {
    guard var tensor = value else { return }
    value = nil
    if isKnownUniquelyReferenced(&tensor.storage) { pool.give(tensor.storage) }
  }

  /// Begins a node.
  ///
  /// - Parameter leaves: whether the node computes outputs of the model.
  func begin(_ step: StepMemory, leaves: Bool) {
    step.nextPlan = 0
    (self.step, self.leaves) = (step, leaves)
  }

  /// Goes on with a node whose own graph has been run.
  func resume(_ step: StepMemory) { (self.step, leaves) = (step, false) }

  func endRun() { pool.endRun() }

  /// Whether somebody reads an output of the node that is being run.
  func wants(_ output: Int) -> Bool {
    output >= step.wanted.count || step.wanted[output]
  }

  /// What a kernel has found out about shapes: what `make` returned the last time, if the tensors had these
  /// shapes then.
  ///
  /// - Parameters:
  ///   - numbers: what else the plan depends on and another run may have otherwise.
  ///   - make: depends on nothing but these shapes, these numbers, and what the node is loaded with.
  func planned<Plan>(
    _ a: OnnxTensor, _ b: OnnxTensor? = nil, _ c: OnnxTensor? = nil, numbers: [Int] = [],
    _ make: () throws(OnnxError) -> Plan
  ) throws(OnnxError) -> Plan {
    let slot = step.planSlot()
    if slot.count == 3, slot.sees(a, at: 0), slot.sees(b, at: 1), slot.sees(c, at: 2),
      slot.numbers == numbers, let known = slot.plan as? PlanBox<Plan>
    {
      return known.plan
    }
    let plan = try make()
    slot.clear()
    slot.see(a)
    slot.see(b)
    slot.see(c)
    slot.numbers = numbers
    slot.plan = PlanBox(plan)
    return plan
  }

  /// The same for all inputs of a node.
  ///
  /// - Parameter read: the inputs whose elements the plan depends on, too.
  func planned<Plan>(
    _ inputs: Inputs, reading read: Range<Int> = 0..<0, _ make: () throws(OnnxError) -> Plan
  ) throws(OnnxError) -> Plan {
    let slot = step.planSlot()
    if slot.sees(inputs, reading: read), let known = slot.plan as? PlanBox<Plan> {
      return known.plan
    }
    let plan = try make()
    slot.see(inputs, reading: read)
    slot.plan = PlanBox(plan)
    return plan
  }

  /// Something that the node keeps for all runs, such as buffers, by a number.
  func kept<Object: AnyObject>(_ place: Int = 0, _ make: () -> Object) -> Object {
    while step.kept.count <= place { step.kept.append(nil) }
    if let known = step.kept[place] as? Object { return known }
    let made = make()
    step.kept[place] = made
    return made
  }
}
