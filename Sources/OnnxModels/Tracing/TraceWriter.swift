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
  private var axisInputs: [Int: OnnxReference] = [:]
  private var sizes: [AxisSize: OnnxReference] = [:]
  private var ranges: [AxisSize: OnnxReference] = [:]
  private var tables: [UInt64: OnnxReference] = [:]

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
    for (i, step) in model.steps.enumerated() where step.outputs.contains(where: needed.contains) {
      if values[step.outputs[0]] != nil { continue }
      do throws(OnnxError) {
        try write(step)
      } catch {
        let kind = "\(step.operations[0])".prefix { $0 != "(" }
        throw error.placed(at: "operation \(i), '\(kind)'")
      }
    }
    for (output, value) in zip(model.runs[0].outputs, model.outputValues) {
      guard let reference = values[value] else {
        throw OnnxError(.unsupported, at: "output '\(output.name)'", "nothing gives it")
      }
      writer.output(output.name, reference, S.onnxType, try model.shape(value).map(declared))
    }
    return writer
  }

  /// The size as a file declares it.
  private func declared(_ size: AxisSize) -> OnnxValue.Size {
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

// Sizes.
extension TraceWriter {
  /// A size as a value of the file, `[1]` of type `int64`.
  mutating func size(_ size: AxisSize) -> OnnxReference {
    if let fixed = size.fixed { return writer.integers([fixed]) }
    if let known = sizes[size] { return known }
    var sum: OnnxReference?
    for (axis, factor) in size.factors.enumerated() where factor != 0 {
      let whole = axisValue(axis)
      let part = factor == 1 ? whole : writer.one("Mul", [whole, writer.integers([factor])])
      sum = sum.map { writer.one("Add", [$0, part]) } ?? part
    }
    guard var result = sum else { return writer.integers([size.constant]) }
    if size.constant != 0 {
      result = writer.one("Add", [result, writer.integers([size.constant])])
    }
    sizes[size] = result
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
    if let known = axisInputs[axis] { return known }
    let result = measured(axis) ?? numberInput(axis)
    axisInputs[axis] = result
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
    if let known = ranges[size] { return known }
    let result: OnnxReference
    if let fixed = size.fixed {
      result = writer.integers(Array(0..<fixed))
    } else {
      let end = writer.squeeze(self.size(size), axis: 0)
      let (zero, one) = (OnnxTensor(Int64(0)), OnnxTensor(Int64(1)))
      result = writer.one("Range", [writer.constant(zero), end, writer.constant(one)])
    }
    ranges[size] = result
    return result
  }

  /// The first tensor of a block of parameters, which stands in the file once.
  mutating func table(_ block: ParameterBlock<S>) -> OnnxReference {
    if let known = tables[block.version] { return known }
    let matrix = block[tensor: 0]
    let result = writer.constant(
      OnnxTensor(shape: [matrix.rows, matrix.columns], matrix.elements), name: "W")
    tables[block.version] = result
    return result
  }

  mutating func number(_ value: Double) -> OnnxReference { writer.number(value, as: S.self) }
}
