#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A plan as an object.
final class PlanBox<Plan> {
  let plan: Plan
  init(_ plan: Plan) { self.plan = plan }
}

/// A plan with the shapes, and where it depends on them the elements, of the tensors for which it was made.
final class PlanSlot {
  private var shapes: [[Int]?] = []
  private var elements: [[UInt8]?] = []
  /// What else it was made for.
  var numbers: [Int] = []
  var plan: AnyObject?

  /// How many tensors were seen.
  var count: Int { shapes.count }

  func clear() {
    shapes.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    plan = nil
  }

  func see(_ tensor: OnnxTensor?, reading: Bool = false) {
    shapes.append(tensor?.shape)
    guard reading, let tensor else { return elements.append(nil) }
    elements.append([UInt8](UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount)))
    withExtendedLifetime(tensor) {}
  }

  /// Whether the tensor is like the one that was seen there.
  func sees(_ tensor: OnnxTensor?, at place: Int, reading: Bool = false) -> Bool {
    guard let tensor else { return shapes[place] == nil }
    guard let shape = shapes[place], shape == tensor.shape else { return false }
    guard reading else { return true }
    guard let known = elements[place], known.count == tensor.byteCount else { return false }
    defer { withExtendedLifetime(tensor) {} }
    return known.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return true }
      return memcmp(start, tensor.bytes, bytes.count) == 0
    }
  }

  func see(_ inputs: Inputs, reading read: Range<Int>) {
    clear()
    for i in 0..<inputs.count { see(inputs.optional(i), reading: read.contains(i)) }
  }

  func sees(_ inputs: Inputs, reading read: Range<Int>) -> Bool {
    guard count == inputs.count, plan != nil else { return false }
    for i in 0..<inputs.count
    where !sees(inputs.optional(i), at: i, reading: read.contains(i)) {
      return false
    }
    return true
  }
}

/// What one node of a graph keeps from run to run.
final class StepMemory {
  /// Whether somebody reads each output.
  let wanted: [Bool]
  private var plans: [PlanSlot] = []
  var nextPlan = 0
  var kept: [AnyObject?] = []
  /// Of a node whose inputs are a few whole numbers: what it made of them.
  let answers = PlanSlot()

  init(wanted: [Bool] = []) { self.wanted = wanted }

  /// The next plan of the node: it asks for them in the same order each time.
  func planSlot() -> PlanSlot {
    if nextPlan == plans.count { plans.append(PlanSlot()) }
    nextPlan += 1
    return plans[nextPlan - 1]
  }
}
