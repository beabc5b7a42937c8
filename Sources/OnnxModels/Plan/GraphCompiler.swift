/// What all graphs of one model share while it is loaded.
final class ModelCompiler {
  let opset: Int
  let limits: OnnxLimits
  /// The bytes that values computed while loading may still take.
  private var foldable: Int

  init(opset: Int, limits: OnnxLimits, fileBytes: Int) {
    (self.opset, self.limits) = (opset, limits)
    foldable = 1 << 26 + 4 * min(fileBytes, Int.max / 8)
  }

  /// What a node computes of inputs that are known; nil where that is for the run to find out, because it
  /// fails or is large.
  func fold(_ node: CompiledNode, _ inputs: [OnnxTensor?]) -> [OnnxTensor]? {
    let bytes = inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    let allowed = min(max(1 << 20, bytes), foldable, limits.tensorBytes)
    let context = RunContext(limits: OnnxLimits(tensorBytes: allowed), threads: 1)
    var results: [OnnxTensor] = []
    guard (try? node.run(Inputs(inputs), &results, context)) != nil else { return nil }
    foldable -= min(foldable, results.reduce(0) { $0 + $1.byteCount })
    return results
  }
}

/// Makes the plan of one graph: names become places, nodes what they do.
final class GraphCompiler {
  /// What is known of a value before the run.
  struct Value {
    let place: Int
    let type: OnnxElementType
    /// The value, where it is the same in every run.
    let constant: OnnxTensor?
  }

  let model: ModelCompiler
  private let outer: GraphCompiler?
  private var values: [String: Value] = [:]
  private var count = 0
  /// The values of enclosing graphs that are read here, in the order of the plan's last inputs.
  private(set) var captures: [String] = []
  private var capturePlaces: [Int] = []
  private var constants: [Int: OnnxTensor] = [:]
  private var plan = GraphPlan()

  init(_ model: ModelCompiler, inside outer: GraphCompiler? = nil) {
    (self.model, self.outer) = (model, outer)
  }

  /// A value by its name, here or in an enclosing graph.
  func value(_ name: String) -> Value? {
    if let known = values[name] { return known }
    guard let found = outer?.value(name) else { return nil }
    let own = Value(place: newPlace(), type: found.type, constant: found.constant)
    values[name] = own
    if let constant = found.constant {
      constants[own.place] = constant
    } else {
      captures.append(name)
      capturePlaces.append(own.place)
    }
    return own
  }

  private func newPlace() -> Int {
    count += 1
    return count - 1
  }

  private func define(
    _ name: String, _ type: OnnxElementType, _ constant: OnnxTensor? = nil
  ) throws(OnnxError) -> Int {
    let value = Value(place: newPlace(), type: type, constant: constant)
    guard values.updateValue(value, forKey: name) == nil else {
      throw OnnxError(.malformed, "value '\(name)' is defined twice")
    }
    if let constant { constants[value.place] = constant }
    return value.place
  }

  /// The plan of a graph.
  ///
  /// - Parameters:
  ///   - graph: the graph.
  ///   - inputs: the names and types of its inputs, without those that have initial values.
  func compile(
    _ graph: Onnx_GraphProto, inputs: [(name: String, type: OnnxElementType)]
  ) throws(OnnxError) -> GraphPlan {
    for tensor in graph.initializer {
      let value = try OnnxTensor(tensor, model.limits)
      do throws(OnnxError) {
        _ = try define(tensor.name, value.type, value)
      } catch {
        throw error.placed(at: "tensor '\(tensor.name)'")
      }
    }
    if let sparse = graph.sparseInitializer.first {
      throw OnnxError(
        .unsupported, at: "tensor '\(sparse.values.name)'", "sparse tensors are not supported")
    }
    for input in inputs {
      do throws(OnnxError) {
        plan.inputs.append(try define(input.name, input.type))
      } catch {
        throw error.placed(at: "input '\(input.name)'")
      }
    }
    for i in try NodeOrder(graph).sorted() { try add(graph.node[i], number: i) }
    for output in graph.output {
      guard let value = value(output.name) else {
        throw OnnxError(.malformed, at: "output '\(output.name)'", "no node computes it")
      }
      plan.outputs.append(value.place)
      plan.outputTypes.append(value.type)
    }
    finish()
    return plan
  }

  /// Adds a node.
  private func add(_ proto: Onnx_NodeProto, number: Int) throws(OnnxError) {
    let place = NodeOrder.place(proto, number: number)
    do throws(OnnxError) {
      try add(proto, at: place)
    } catch {
      throw error.placed(at: place)
    }
  }

  private func add(_ proto: Onnx_NodeProto, at place: String) throws(OnnxError) {
    var inputs: [Value?] = []
    for name in proto.input {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = value(name) else {
        throw OnnxError(.malformed, "input '\(name)' is computed by no node")
      }
      inputs.append(value)
    }
    var reader = try NodeReader(
      proto, opset: model.opset, inputTypes: inputs.map { $0?.type },
      constants: inputs.map { $0?.constant }, limits: model.limits)
    let node = try OperatorTable.compile(&reader, in: self)
    try reader.checkAttributes()
    guard proto.output.count <= node.types.count else {
      throw OnnxError(
        .malformed, "\(proto.output.count) outputs, at most \(node.types.count) expected")
    }
    let isKnown = inputs.allSatisfy { $0 == nil || $0?.constant != nil }
    if isKnown, node.isFoldable, let results = model.fold(node, inputs.map { $0?.constant }) {
      for (name, result) in zip(proto.output, results) where !name.isEmpty {
        _ = try define(name, result.type, result)
      }
      return
    }
    var places: [Int?] = inputs.enumerated().map { i, value in
      node.packedInputs.contains(i) ? nil : value?.place
    }
    for name in node.captures {
      guard let value = value(name) else {
        throw OnnxError(.malformed, "value '\(name)' is computed by no node")
      }
      places.append(value.place)
    }
    var outputs: [Int?] = []
    for (name, type) in zip(proto.output, node.types) {
      outputs.append(name.isEmpty ? nil : try define(name, type))
    }
    let readsNumbers =
      node.isFoldable && inputs.allSatisfy { $0.map { !$0.type.isFloat } ?? true }
    plan.steps.append(
      GraphPlan.Step(
        place: place, node: node, inputs: places, outputs: outputs, readsNumbers: readsNumbers))
  }

  /// Leaves out what nobody reads, and makes the frame.
  private func finish() {
    var read = Set(plan.outputs)
    var kept: [GraphPlan.Step] = []
    for step in plan.steps.reversed() {
      guard step.outputs.contains(where: { $0.map(read.contains) ?? false }) else { continue }
      for case .some(let place) in step.inputs { read.insert(place) }
      kept.append(step)
    }
    plan.steps = kept.reversed()
    plan.frame = [OnnxTensor?](repeating: nil, count: count)
    for (place, constant) in constants where read.contains(place) { plan.frame[place] = constant }
    plan.inputs += capturePlaces
    plan.findReleases()
  }
}
