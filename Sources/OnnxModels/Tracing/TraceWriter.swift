import Autodiff
import LinAlg
import Recurrent

/// Writes what a model computed as nodes; how each kind of operation is written stands in the extensions.
struct TraceWriter<S: RecurrentScalar & OnnxScalar> {
  let model: TracedModel<S>
  var writer: OnnxGraphWriter
  /// The values that have been written.
  var values: [Int: OnnxReference] = [:]
  let needed: Set<Int>
  /// The inputs of the file.
  private(set) var inputs: [OnnxReference] = []
  private var known = Known()

  /// What has been written already and is needed more than once.
  private struct Known {
    var axes: [Int: OnnxReference] = [:]
    var sizes: [AxisSize: OnnxReference] = [:]
    var ranges: [AxisSize: OnnxReference] = [:]
    var tables: [UInt64: OnnxReference] = [:]
  }

  init(_ model: TracedModel<S>, _ writer: OnnxGraphWriter) {
    (self.model, self.writer) = (model, writer)
    needed = model.needed
  }

  /// Writes all of it.
  mutating func write() throws(OnnxError) -> OnnxGraphWriter {
    for i in model.runs[0].inputs.indices {
      let input = model.runs[0].inputs[i]
      let shape = try model.sizes(model.runs.map { $0.inputs[i].shape })
      inputs.append(writer.input(input.name, input.type, shape.map(declared)))
    }
    for (value, input) in model.inputValues { values[value] = inputs[input] }
    let loop = model.loop
    try write(stepsIn: 0..<(loop?.steps.lowerBound ?? model.steps.count))
    if let loop {
      try write(loop)
      try write(stepsIn: loop.steps.upperBound..<model.steps.count)
    }
    for (output, value) in zip(model.runs[0].outputs, model.outputValues) {
      guard let reference = values[value] else {
        throw OnnxError(.unsupported, at: "output '\(output.name)'", "nothing gives it")
      }
      writer.output(output.name, reference, S.onnxType, try model.shape(value).map(declared))
    }
    return writer
  }

  /// Writes what is needed of some steps.
  mutating func write(stepsIn range: Range<Int>) throws(OnnxError) {
    for i in range {
      let step = model.steps[i]
      guard step.outputs.contains(where: needed.contains), values[step.outputs[0]] == nil else {
        continue
      }
      do throws(OnnxError) {
        try write(step)
      } catch {
        throw error.placed(at: "operation \(i), '\(step.operations[0].name)'")
      }
    }
  }

  /// The size as a file declares it.
  func declared(_ size: AxisSize) -> OnnxValue.Size {
    if let fixed = size.fixed { return .fixed(fixed) }
    if let axis = size.axis, size.constant == 0 { return .named(model.axisNames[axis]) }
    return .any
  }

  /// The inputs of a step.
  func inputs(_ step: TracedModel<S>.Step) throws(OnnxError) -> [OnnxReference] {
    let found = step.inputs.compactMap { values[$0] }
    guard found.count == step.inputs.count else {
      throw OnnxError(.unsupported, "an input of it has not been written")
    }
    return found
  }

  /// What an operation was in each run, where it was of one kind.
  func all<T>(
    _ step: TracedModel<S>.Step, _ pick: (OperationRecord<S>) -> T?
  ) throws(OnnxError) -> [T] {
    let found = step.operations.compactMap(pick)
    guard found.count == step.operations.count else {
      throw OnnxError(.unsupported, "it differs from run to run")
    }
    return found
  }

  /// What an operation was in every run alike.
  func same<T: Equatable>(
    _ step: TracedModel<S>.Step, _ pick: (OperationRecord<S>) -> T?
  ) throws(OnnxError) -> T {
    let found = try all(step, pick)
    guard found.allSatisfy({ $0 == found[0] }) else {
      throw OnnxError(.unsupported, "it differs from run to run: \(found[0]) is not constant")
    }
    return found[0]
  }
}

// A loop.
extension TraceWriter {
  /// Writes steps that are done in every round as the body of a `Scan`.
  private mutating func write(_ loop: TracedModel<S>.Loop) throws(OnnxError) {
    let results = loop.results.filter { needed.contains($0.value) }
    if results.isEmpty { return }
    // A body has no inputs of the model.
    for axis in model.axisNames.indices { _ = axisValue(axis) }
    let rounds = try model.size(loop.rounds)
    let carried = loop.carried.filter { needed.contains($0.value) }
    let scanned = loop.scanned.filter { needed.contains($0.value) }
    var sequences: [OnnxReference] = []
    for (_, sequence, start) in scanned { sequences.append(try steps(sequence, start, rounds)) }
    // A scan needs something to scan.
    if scanned.isEmpty { sequences.append(range(rounds)) }
    let initial = carried.compactMap { values[$0.initial] }
    var outer = writer
    let before = known
    let made = try outer.node(
      "Scan", initial + sequences, ["num_scan_inputs": .int(sequences.count)],
      outputs: carried.count + results.count
    ) { (body) throws(OnnxError) in
      writer = body
      // Products with weights of the body's own are made ahead of the rounds.
      known.tables = [:]
      for state in carried {
        values[state.value] = writer.bodyInput(S.onnxType, try sizes(state.value))
      }
      for step in scanned {
        let row = writer.bodyInput(S.onnxType, Array(try sizes(step.value).dropFirst()))
        values[step.value] = writer.unsqueeze(row, axis: 0)
      }
      if scanned.isEmpty { _ = writer.bodyInput(.int64, []) }
      try write(stepsIn: loop.steps)
      for state in carried {
        guard let next = values[state.next] else { continue }
        writer.bodyOutput(next, S.onnxType, try sizes(state.next))
      }
      for result in results {
        guard let value = values[result.source] else { continue }
        let sizes = Array(try sizes(result.source).dropFirst())
        writer.bodyOutput(writer.squeeze(value, axis: 0), S.onnxType, sizes)
      }
      body = writer
    }
    (writer, known) = (outer, before)
    for (result, value) in zip(results, made.dropFirst(carried.count)) {
      values[result.value] = result.isStacked ? value : lastStep(value)
    }
  }

  /// The steps of a value that the rounds of a loop read.
  private mutating func steps(
    _ value: Int, _ start: Int, _ rounds: AxisSize
  ) throws(OnnxError) -> OnnxReference {
    guard let x = values[value] else {
      throw OnnxError(.unsupported, "a sequence that a loop reads has not been written")
    }
    if start == 0, try model.shape(value)[0] == rounds { return x }
    var end = rounds
    end.constant += start
    return writer.one(
      "Slice", [x, writer.integers([start]), size(end), writer.integers([0])])
  }

  /// The sizes of a value as a file declares them.
  private func sizes(_ value: Int) throws(OnnxError) -> [OnnxValue.Size] {
    try model.shape(value).map(declared)
  }
}

// Sizes.
extension TraceWriter {
  /// A size as a value of the file, `[1]` of type `int64`.
  mutating func size(_ size: AxisSize) -> OnnxReference {
    if let fixed = size.fixed { return writer.integers([fixed]) }
    if let found = known.sizes[size] { return found }
    var sum = size.product.map { product in
      product.axes.reduce(writer.integers([product.factor])) {
        writer.one("Mul", [$0, axisValue($1)])
      }
    }
    for (axis, factor) in size.factors.enumerated() where factor != 0 {
      let whole = axisValue(axis)
      let part = factor == 1 ? whole : writer.one("Mul", [whole, writer.integers([factor])])
      sum = sum.map { writer.one("Add", [$0, part]) } ?? part
    }
    guard var result = sum else { return writer.integers([size.constant]) }
    if size.constant != 0 {
      result = writer.one("Add", [result, writer.integers([size.constant])])
    }
    known.sizes[size] = result
    return result
  }

  /// A shape as a value of the file.
  mutating func shape(_ sizes: [AxisSize]) -> OnnxReference {
    let fixed = sizes.compactMap(\.fixed)
    if fixed.count == sizes.count { return writer.integers(fixed) }
    var parts: [OnnxReference] = []
    for size in sizes { parts.append(self.size(size)) }
    return writer.concatenate(parts, axis: 0)
  }

  /// The size of an axis, read off the shape of an input, or an input itself.
  private mutating func axisValue(_ axis: Int) -> OnnxReference {
    if let found = known.axes[axis] { return found }
    let result = measured(axis) ?? numberInput(axis)
    known.axes[axis] = result
    return result
  }

  private mutating func measured(_ axis: Int) -> OnnxReference? {
    for (i, input) in inputs.enumerated() {
      for place in model.runs[0].inputs[i].shape.indices {
        let seen = model.runs.map { $0.inputs[i].shape[place] }
        guard let size = AxisSize(seen, axes: model.axisSizes), size.axis == axis else { continue }
        let shape = writer.one("Shape", [input])
        let whole = writer.slice(shape, axis: 0, place..<place + 1)
        if size.constant == 0 { return whole }
        return writer.one("Sub", [whole, writer.integers([size.constant])])
      }
    }
    return nil
  }

  private mutating func numberInput(_ axis: Int) -> OnnxReference {
    writer.unsqueeze(writer.input(model.axisNames[axis], .int64, []), axis: 0)
  }

  /// `0, 1, …` below a size, `[size]` of type `int64`.
  mutating func range(_ size: AxisSize) -> OnnxReference {
    if let found = known.ranges[size] { return found }
    let result: OnnxReference
    if let fixed = size.fixed {
      result = writer.integers(Array(0..<fixed))
    } else {
      let end = writer.squeeze(self.size(size), axis: 0)
      let (zero, one) = (OnnxTensor(Int64(0)), OnnxTensor(Int64(1)))
      result = writer.one("Range", [writer.constant(zero), end, writer.constant(one)])
    }
    known.ranges[size] = result
    return result
  }

  /// The first tensor of a block of parameters, which stands in the file once.
  mutating func table(_ block: ParameterBlock<S>) -> OnnxReference {
    if let found = known.tables[block.version] { return found }
    let matrix = block[tensor: 0]
    let result = writer.constant(
      OnnxTensor(shape: [matrix.rows, matrix.columns], matrix.elements), name: "W")
    known.tables[block.version] = result
    return result
  }

  mutating func number(_ value: Double) -> OnnxReference { writer.number(value, as: S.self) }
}
