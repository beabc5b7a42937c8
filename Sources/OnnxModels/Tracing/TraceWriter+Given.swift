import Autodiff
import LinAlg
import Recurrent

// What Swift hands to operations besides values: tokens, lengths, numbers and constants. Each is an input of the
// file, or the same in every run, or follows the axes.
extension TraceWriter {
  /// Tokens `[T, N]` as a value of type `int64`.
  mutating func tokens(_ all: [TokenBatch]) throws(OnnxError) -> OnnxReference {
    if let input = input(all) { return input }
    let first = all[0]
    if all.allSatisfy({ $0 == first }) { return constant(first) }
    let token = first.count > 0 ? first[0, 0] : 0
    if all.allSatisfy({ $0.tokens.allSatisfy { $0 == token } }) {
      let sizes = try model.sizes(all.map { [$0.steps, $0.batch] })
      let value = writer.constant(OnnxTensor(Int64(token)))
      return writer.one("Expand", [value, shape(sizes)])
    }
    throw OnnxError(.unsupported, "Swift computes its tokens from inputs or sizes")
  }

  /// The input that tokens are, if they are one.
  func input(_ all: [TokenBatch]) -> OnnxReference? {
    inputs.indices.first { i in
      zip(model.runs, all).allSatisfy { run, tokens in
        if case .tokens(let given) = run.inputs[i].content { given == tokens } else { false }
      }
    }
    .map { inputs[$0] }
  }

  /// Tokens for a table of `count` rows: besides what ``tokens(_:)`` knows, those of an input of which another one
  /// stands for all that the table does not have.
  mutating func tokens(
    _ all: [TokenBatch], below count: Int
  ) throws(OnnxError) -> OnnxReference {
    for i in inputs.indices {
      var unknown: Token?
      let isInput = zip(model.runs, all).allSatisfy { run, tokens in
        guard case .tokens(let given) = run.inputs[i].content, given.shape == tokens.shape else {
          return false
        }
        return zip(given.tokens, tokens.tokens).allSatisfy { given, token in
          if Int(given) < count { return given == token }
          if unknown == nil { unknown = token }
          return unknown == token
        }
      }
      guard isInput, let unknown else { continue }
      let limit = writer.constant(OnnxTensor(Int64(count)))
      let isKnown = writer.one("Less", [inputs[i], limit])
      let other = writer.constant(OnnxTensor(Int64(unknown)))
      return writer.one("Where", [isKnown, inputs[i], other])
    }
    return try tokens(all)
  }

  private mutating func constant(_ tokens: TokenBatch) -> OnnxReference {
    writer.constant(
      OnnxTensor(shape: tokens.shape, tokens.tokens.map { Int64($0) }), name: "tokens")
  }

  /// Lengths `[N]` as a value of type `int32`; nil where there are none.
  mutating func lengths(_ all: [[Int]?]) throws(OnnxError) -> OnnxReference? {
    let given = all.compactMap { $0 }
    if given.isEmpty { return nil }
    guard given.count == all.count else {
      throw OnnxError(.unsupported, "it has lengths in some runs alone")
    }
    return try integers(given, "lengths")
  }

  /// Whole numbers, one for each sequence, as a value of type `int32`: lengths of an input and a size more, or times a
  /// constant, or each several times one behind the other.
  private mutating func integers(
    _ all: [[Int]], _ what: String
  ) throws(OnnxError) -> OnnxReference {
    for i in inputs.indices {
      var more: [Int] = []
      for (run, numbers) in zip(model.runs, all) {
        guard case .lengths(let given) = run.inputs[i].content, given.count == numbers.count,
          let first = given.first
        else { break }
        let rest = numbers[0] - first
        if zip(given, numbers).allSatisfy({ $1 - $0 == rest }) { more.append(rest) }
      }
      guard more.count == all.count else { continue }
      let rest = try model.size(more)
      if rest.fixed == 0 { return inputs[i] }
      return writer.one("Add", [inputs[i], writer.cast(size(rest), .int32)])
    }
    for i in inputs.indices {
      let given = model.runs.compactMap { run -> [Int]? in
        if case .lengths(let given) = run.inputs[i].content { given } else { nil }
      }
      if given.count == all.count, let found = multiple(given, all, of: inputs[i]) { return found }
    }
    let counts = try model.size(all.map(\.count))
    if counts.fixed != nil, all.allSatisfy({ $0 == all[0] }) {
      return writer.constant(OnnxTensor(shape: [all[0].count], all[0].map { Int32($0) }))
    }
    if all.allSatisfy({ numbers in numbers.allSatisfy { $0 == numbers[0] } }) {
      let value = writer.cast(size(try model.size(all.map { $0.first ?? 0 })), .int32)
      return writer.one("Expand", [value, size(counts)])
    }
    throw OnnxError(.unsupported, "Swift computes its \(what) from inputs or sizes")
  }

  private mutating func multiple(
    _ given: [[Int]], _ all: [[Int]], of input: OnnxReference
  ) -> OnnxReference? {
    guard let n = given[0].first, let number = all[0].first, n > 0 else { return nil }
    let (factor, times) = (number / n, all[0].count / given[0].count)
    guard factor > 0, times > 0,
      zip(given, all).allSatisfy({ given, numbers in
        numbers == given.flatMap { [Int](repeating: $0 * factor, count: times) }
      })
    else { return nil }
    var result = input
    if factor > 1 {
      result = writer.one("Mul", [result, writer.constant(OnnxTensor(Int32(factor)))])
    }
    if times > 1 {
      let row = writer.constant(OnnxTensor(shape: [1, times], [Int32](repeating: 1, count: times)))
      let table = writer.one("Mul", [writer.unsqueeze(result, axis: 1), row])
      result = writer.one("Reshape", [table, writer.integers([-1])])
    }
    return result
  }

  /// A value that came from Swift, `[T, N, F]`.
  mutating func constant(
    _ all: [SequenceBatch<S>]
  ) throws(OnnxError) -> OnnxReference {
    let first = all[0]
    let elements = first.elements
    let shapes = all.map { [$0.steps, $0.batch, $0.features] }
    if shapes.allSatisfy({ $0 == shapes[0] }), all.allSatisfy({ $0.elements == elements }) {
      return writer.constant(OnnxTensor(shape: shapes[0], elements))
    }
    let sizes = try model.sizes(shapes)
    if let number = elements.first, all.allSatisfy({ $0.elements.allSatisfy { $0 == number } }) {
      return writer.filled(Double(number), shape(sizes), as: S.self)
    }
    // A number for each sequence.
    if sizes[0].fixed == 1 && sizes[2].fixed == 1 {
      let numbers = all.map { $0.elements.map { Int(exactly: $0) } }
      if numbers.allSatisfy({ $0.allSatisfy { $0 != nil } }) {
        let row = try integers(numbers.map { $0.compactMap { $0 } }, "numbers")
        let column = writer.one("Unsqueeze", [row, writer.integers([0, 2])])
        return writer.cast(column, S.onnxType)
      }
    }
    throw OnnxError(.unsupported, "Swift computes a value from inputs or sizes")
  }

  /// A number, or a size, or one divided by a size.
  mutating func scalar(_ all: [S]) throws(OnnxError) -> OnnxReference {
    if all.allSatisfy({ $0 == all[0] }) { return number(Double(all[0])) }
    let inverse = all.map { (1 / Double($0)).rounded() }
    let isInverse = zip(all, inverse).allSatisfy { $0 == 1 / S($1) }
    let sizes = (isInverse ? inverse : all.map { Double($0) }).compactMap { Int(exactly: $0) }
    guard sizes.count == all.count else {
      throw OnnxError(.unsupported, "Swift computes its number from inputs or sizes: \(all)")
    }
    let value = writer.cast(size(try model.size(sizes)), S.onnxType)
    return isInverse ? writer.one("Div", [number(1), value]) : value
  }

  /// Which steps count, `[T, N, 1]`, for lengths.
  mutating func countedSteps(_ lengths: OnnxReference, _ steps: AxisSize) -> OnnxReference {
    let numbers = writer.unsqueeze(writer.cast(range(steps), .int32), axis: 1)
    let counts = writer.one("Less", [numbers, writer.unsqueeze(lengths, axis: 0)])
    return writer.unsqueeze(counts, axis: 2)
  }

  /// Which features count, `[1, N, F]`, for lengths of each sequence's features.
  mutating func countedFeatures(_ lengths: OnnxReference, _ features: AxisSize) -> OnnxReference {
    let numbers = writer.cast(range(features), .int32)
    let counts = writer.one("Less", [numbers, writer.unsqueeze(lengths, axis: 1)])
    return writer.unsqueeze(counts, axis: 0)
  }

  /// Which sequences have a step, `[1, N, 1]`.
  mutating func countedSequences(_ lengths: OnnxReference) -> OnnxReference {
    let none = writer.constant(OnnxTensor(Int32(0)))
    let isRead = writer.one("Greater", [lengths, none])
    return writer.one("Unsqueeze", [isRead, writer.integers([0, 2])])
  }
}
