internal import CKernels

/// Examples of word vectors, one after the other: which rows of two tables each of them names.
///
/// Example `e` has the rows `inputs[inputStarts[e]..<inputStarts[e + 1]]` of the first table, one at least,
/// and the rows `outputs[outputStarts[e]..<outputStarts[e + 1]]` of the second, of which `~o` stands for row
/// `o` with the answer no and `o` for row `o` with yes.
@usableFromInline
package struct RowExamples: Sendable {
  /// Where each example's inputs begin, and where the last one's end.
  @usableFromInline package var inputStarts: [Int32] = [0]
  /// The rows of the first table.
  @usableFromInline package var inputs: [Int32] = []
  /// Where each example's outputs begin, and where the last one's end.
  @usableFromInline package var outputStarts: [Int32] = [0]
  /// The rows of the second table with their answers.
  @usableFromInline package var outputs: [Int32] = []
  /// The most outputs that one example has.
  @usableFromInline package var mostOutputs = 0

  /// How many examples there are.
  package var count: Int { inputStarts.count - 1 }

  /// No examples.
  package init() {}

  /// Removes all examples and keeps their memory.
  package mutating func removeAll() {
    inputStarts.removeAll(keepingCapacity: true)
    outputStarts.removeAll(keepingCapacity: true)
    inputStarts.append(0)
    outputStarts.append(0)
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    mostOutputs = 0
  }

  /// Adds a row of the first table to the example that is being made.
  @inlinable @inline(__always)
  package mutating func addInput(_ row: Int32) { inputs.append(row) }

  /// Adds a row of the second table, with its answer, to the example that is being made.
  @inlinable @inline(__always)
  package mutating func addOutput(_ row: Int32, isRight: Bool) {
    outputs.append(isRight ? row : ~row)
  }

  /// Ends the example that is being made.
  @inlinable @inline(__always)
  package mutating func endExample() {
    let begin = outputStarts[outputStarts.count - 1]
    inputStarts.append(Int32(inputs.count))
    outputStarts.append(Int32(outputs.count))
    mostOutputs = max(mostOutputs, outputs.count - Int(begin))
  }
}

/// What one thread needs to learn from examples, kept between calls.
package struct RowExampleScratch<Scalar: LinAlgScalar>: Sendable {
  fileprivate var scores: [Scalar] = []
  fileprivate var hidden: [Scalar] = []
  fileprivate var steps: [Scalar] = []
  fileprivate var places: [Int] = []

  /// No memory yet.
  package init() {}

  fileprivate mutating func makeRoom(for examples: RowExamples, features: Int) {
    func grow<Element>(_ array: inout [Element], to count: Int, with value: Element) {
      if array.count < count {
        array.append(contentsOf: repeatElement(value, count: count - array.count))
      }
    }
    grow(&scores, to: examples.outputs.count, with: 0)
    grow(&hidden, to: features, with: 0)
    grow(&steps, to: examples.mostOutputs, with: 0)
    grow(&places, to: examples.mostOutputs, with: 0)
  }
}

extension LinAlgScalar {
  /// One step of descent for each example, one after the other:
  /// ```
  /// h ← mean of the input rows
  /// s[k] ← −t[k]·(h·out[k])        g[k] ← t[k]·rate·σ(s[k])        t = 1 for yes, −1 for no
  /// e ← Σ g[k]·out[k]              out[k] ← out[k] + g[k]·h
  /// each input row ← it + e
  /// ```
  /// Only the rows that an example names are read or written. Calls may run at once on the same tables.
  ///
  /// - Parameters:
  ///   - examples: which rows.
  ///   - input: the first table, row-major, `features` to a row.
  ///   - output: the second table, as wide; the two do not overlap.
  ///   - features: `D`.
  ///   - rate: how far.
  ///   - scratch: is overwritten.
  ///   - wantsLoss: whether the loss is computed.
  /// - Returns: `Σ log(1 + e^s)` of all outputs, or 0.
  /// - Precondition: every row lies in its table; every example has an input.
  package static func learn(
    _ examples: RowExamples, input: UnsafeMutableBufferPointer<Self>,
    output: UnsafeMutableBufferPointer<Self>, features: Int, rate: Double,
    scratch: inout RowExampleScratch<Self>, wantsLoss: Bool
  ) -> Double {
    let D = features
    require(D > 0, "learn: rows of \(D) features")
    check(examples, inputRows: input.count / D, outputRows: output.count / D)
    guard examples.count > 0, let input = input.baseAddress, let output = output.baseAddress else {
      return 0
    }
    scratch.makeRoom(for: examples, features: D)
    let total = examples.outputs.count
    return scratch.scores.withUnsafeMutableBufferPointer { scores in
      guard let s = scores.baseAddress else { return 0 }
      scratch.hidden.withUnsafeMutableBufferPointer { hidden in
        scratch.steps.withUnsafeMutableBufferPointer { steps in
          scratch.places.withUnsafeMutableBufferPointer { places in
            guard let hidden = hidden.baseAddress, let steps = steps.baseAddress,
              let places = places.baseAddress
            else { return }
            kernels.table.pointee.row_examples(
              examples.count, D, examples.inputStarts, examples.inputs, examples.outputStarts,
              examples.outputs, input, output, s, hidden, steps, places, rate)
          }
        }
      }
      guard wantsLoss else { return 0 }
      apply(.softplus, UnsafePointer(s), into: s, count: total)
      var loss = 0.0
      for k in 0..<total { loss += Double(s[k]) }
      return loss
    }
  }

  /// Traps unless every row that examples name lies in its table, and every example has an input.
  private static func check(_ examples: RowExamples, inputRows: Int, outputRows: Int) {
    examples.inputs.withUnsafeBufferPointer { rows in
      var largest: UInt32 = 0
      for row in rows { largest = max(largest, UInt32(bitPattern: row)) }
      require(
        rows.isEmpty || largest < inputRows,
        "learn: input row \(Int32(bitPattern: largest)) of a table of \(inputRows)")
    }
    examples.outputs.withUnsafeBufferPointer { rows in
      var largest: Int32 = 0
      for row in rows { largest = max(largest, row ^ (row >> 31)) }
      require(
        rows.isEmpty || largest < outputRows,
        "learn: output row \(largest) of a table of \(outputRows)")
    }
    examples.inputStarts.withUnsafeBufferPointer { starts in
      for e in 0..<starts.count - 1 where starts[e] == starts[e + 1] {
        failRequirement("learn: example \(e) has no input")
      }
    }
  }
}
