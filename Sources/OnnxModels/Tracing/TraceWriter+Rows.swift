import Autodiff
import LinAlg
import Recurrent

// Rows and features by number, and words that are copied.
extension TraceWriter {
  /// What is chosen by tokens; nil for another operation.
  mutating func chosen(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference? {
    switch step.operations[0] {
    case .gathered(_, let count):
      let all = try all(step) { if case .gathered(let rows, _) = $0 { rows } else { nil } }
      return try gathered(step, x[0], all, sideBySide: count)
    case .picked:
      let all = try all(step) { if case .picked(let tokens) = $0 { tokens } else { nil } }
      guard all.allSatisfy({ $0.tokens.allSatisfy { $0 >= 0 } }) else {
        throw OnnxError(.unsupported, "'picked' with negative numbers is not written")
      }
      let numbers = writer.unsqueeze(try tokens(all), axis: 2)
      return writer.one("GatherElements", [x[0], numbers], ["axis": .int(2)])
    case .copies: return try copies(step, x)
    default: return nil
    }
  }

  private mutating func gathered(
    _ step: TracedModel<S>.Step, _ x: OnnxReference, _ all: [TokenBatch], sideBySide count: Int
  ) throws(OnnxError) -> OnnxReference {
    let shapes = model.shapes[step.inputs[0]]
    let output = try model.shape(step.outputs[0])
    if let steps = wholeSteps(all, shapes, sideBySide: count) {
      return gathered(x, steps, sideBySide: count, features: shapes[0].features, output)
    }
    if count == 1, let pointers = pointers(all, shapes) {
      let numbers = writer.unsqueeze(pointers, axis: 2)
      let places = writer.one("Expand", [numbers, shape(output)])
      return writer.one("GatherElements", [x, places], ["axis": .int(0)])
    }
    if let order = try RowOrder(all, model) {
      let F = output[0].fixed(shapes[0].features)
      let parted = writer.one("Reshape", [x, shape(order.sizes + [F])])
      let turned = writer.transpose(parted, order.axes + [order.axes.count])
      return writer.one("Reshape", [turned, shape(output)])
    }
    guard all.allSatisfy({ $0.tokens.allSatisfy { $0 >= 0 } }) else {
      throw OnnxError(.unsupported, "rows of zeros among others that follow the batch")
    }
    // As they are numbered.
    let rows = writer.one(
      "Reshape", [x, writer.integers([-1, shapes[0].features])])
    let found = writer.one("Gather", [rows, try tokens(all)])
    return writer.one("Reshape", [found, shape(output)])
  }

  /// The steps of which rows are taken, where every sequence has rows of its own and all have the same:
  /// `row = step·N + n`, and −1 for none.
  private func wholeSteps(
    _ all: [TokenBatch], _ shapes: [NodeShape], sideBySide count: Int
  ) -> [[Int]]? {
    var found: [[Int]]?
    for (rows, shape) in zip(all, shapes) {
      let N = rows.batch / count
      guard N == shape.batch, N > 0 else { return nil }
      var steps: [[Int]] = []
      for t in 0..<rows.steps {
        var list: [Int] = []
        for place in 0..<count {
          let first = Int(rows[t, place])
          let step = first < 0 ? -1 : first / N
          for n in 0..<N
          where Int(rows[t, n * count + place]) != (step < 0 ? -1 : step * N + n) { return nil }
          list.append(step)
        }
        steps.append(list)
      }
      if let found, found != steps { return nil }
      found = steps
    }
    return found
  }

  private mutating func gathered(
    _ x: OnnxReference, _ steps: [[Int]], sideBySide count: Int, features: Int,
    _ output: [AxisSize]
  ) -> OnnxReference {
    var (source, numbers) = (x, steps.flatMap { $0 })
    if numbers.contains(-1) {
      // A step of zeros before all others.
      let first = writer.slice(x, axis: 0, 0..<1)
      let zeros = writer.one("Expand", [number(0), writer.one("Shape", [first])])
      source = writer.concatenate([zeros, x], axis: 0)
      numbers = numbers.map { $0 + 1 }
    }
    let found = writer.one("Gather", [source, writer.integers(numbers)], ["axis": .int(0)])
    if count == 1 { return found }
    var parted = output
    parted[2] = output[2].fixed(features)
    parted.insert(output[2].fixed(count), at: 1)
    let lists = writer.one("Reshape", [found, shape(parted)])
    return writer.one("Reshape", [writer.transpose(lists, [0, 2, 1, 3]), shape(output)])
  }

  /// The input that says which step of itself each sequence gets: `row = token·N + n`.
  private func pointers(_ all: [TokenBatch], _ shapes: [NodeShape]) -> OnnxReference? {
    var parted: [TokenBatch] = []
    for (rows, shape) in zip(all, shapes) {
      let N = shape.batch
      guard rows.batch == N, N > 0 else { return nil }
      let numbers = rows.tokens
      for (i, row) in numbers.enumerated() where Int(row) % N != i % N { return nil }
      parted.append(
        TokenBatch(steps: rows.steps, batch: N, tokens: numbers.map { $0 / Token(N) }))
    }
    return input(parted)
  }

  /// `log(p·softmax(z)[w] + (1 − p)·Σ softmax(e)[t])`.
  private mutating func copies(
    _ step: TracedModel<S>.Step, _ x: [OnnxReference]
  ) throws(OnnxError) -> OnnxReference {
    let all = try all(step) { if case .copies(let tokens, _, _) = $0 { tokens } else { nil } }
    let given = try self.all(step) { (record) -> [Int]?? in
      if case .copies(_, _, let lengths) = record { .some(lengths) } else { nil }
    }
    let (z, e, gate) = (x[0], x[1], x[2])
    let lengths = try lengths(given)
    let output = try model.shape(step.outputs[0])
    // Which word each step of the source is, [T₂, N, W].
    let words = writer.unsqueeze(try tokens(all), axis: 2)
    let isWord = writer.cast(writer.one("Equal", [words, range(output[2])]), S.onnxType)
    let weights = softmax(e, .softmax, lengths, try model.shape(step.inputs[1])[2])
    let shares = sequenceProduct(weights, isWord, isTransposed: false)
    var generates = writer.one("Neg", [writer.softplus(writer.one("Neg", [gate]), as: S.self)])
    if let lengths {
      generates = writer.one("Where", [countedSequences(lengths), generates, number(0)])
    }
    let copies = writer.one("Neg", [writer.softplus(gate, as: S.self)])
    let logs = writer.one("LogSoftmax", [z], ["axis": .int(2)])
    var generated = writer.one("Add", [logs, generates])
    let known = try model.shape(step.inputs[0])
    if output != known {
      var more = output
      more[2] = output[2] - known[2]
      let none = writer.filled(-.infinity, shape(more), as: S.self)
      generated = writer.concatenate([generated, none], axis: 2)
    }
    let copied = writer.one("Add", [writer.one("Log", [shares]), copies])
    return logOfSum(generated, copied)
  }

  /// `log(eᵃ + eᵇ)`, without overflow, also of −∞.
  private mutating func logOfSum(_ a: OnnxReference, _ b: OnnxReference) -> OnnxReference {
    let larger = writer.one("Where", [writer.one("Greater", [a, b]), a, b])
    let isPossible = writer.one("Greater", [larger, number(-.infinity)])
    let origin = writer.one("Where", [isPossible, larger, number(0)])
    let first = writer.one("Exp", [writer.one("Sub", [a, origin])])
    let second = writer.one("Exp", [writer.one("Sub", [b, origin])])
    return writer.one("Add", [origin, writer.one("Log", [writer.one("Add", [first, second])])])
  }
}

/// Rows that are all rows of a value in another order, which exchanges axes into which their numbers are parted: such as
/// frame by frame, of each all regions, for region by region, of each all frames.
private struct RowOrder {
  /// The axes of the value's rows, the slowest first.
  var sizes: [AxisSize]
  /// In which order they come.
  var axes: [Int]

  /// The order of rows that were these in each run; nil where they are no such order.
  init?<S>(_ all: [TokenBatch], _ model: TracedModel<S>) throws(OnnxError) {
    let found = all.compactMap { Self.digits($0.tokens) }
    guard found.count == all.count, let first = found.first,
      found.allSatisfy({ $0.count == first.count })
    else { return nil }
    // The axis with the largest stride is the slowest.
    let slowest = first.indices.sorted { first[$0].stride > first[$1].stride }
    sizes = []
    for digit in slowest {
      guard let size = AxisSize(found.map { $0[digit].count }, axes: model.axisSizes) else {
        return nil
      }
      sizes.append(size)
    }
    axes = first.indices.reversed().compactMap { slowest.firstIndex(of: $0) }
  }

  /// Into which digits the place of a row is parted, the fastest first: how many values each has, and how far
  /// apart their rows are. nil where the rows are not all rows once, so parted.
  private static func digits(_ rows: [Token]) -> [(count: Int, stride: Int)]? {
    guard rows.first == 0 else { return nil }
    var (digits, block) = ([(count: Int, stride: Int)](), 1)
    while block < rows.count {
      let stride = Int(rows[block])
      var count = 1
      while count * block < rows.count, Int(rows[count * block]) == count * stride { count += 1 }
      guard count > 1, rows.count % (count * block) == 0 else { return nil }
      digits.append((count, stride))
      block *= count
    }
    var next = 1
    for digit in digits.sorted(by: { $0.stride < $1.stride }) {
      guard digit.stride == next else { return nil }
      next *= digit.count
    }
    for (i, row) in rows.enumerated() {
      var (rest, number) = (i, 0)
      for digit in digits {
        number += rest % digit.count * digit.stride
        rest /= digit.count
      }
      guard number == Int(row) else { return nil }
    }
    return digits
  }
}
