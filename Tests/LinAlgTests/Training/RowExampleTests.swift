import CKernels
import LinAlg
import RealModule
import Testing

/// Examples of word vectors on every instruction set that this machine has, against plain loops in Double.
@Suite struct RowExampleTests {
  static let guardValue: Float = 777

  /// Examples over tables of 9 and 7 rows: of one input and of several, with rows that occur twice, and with
  /// none but wrong answers or none at all.
  static func examples(_ rng: inout SeededGenerator) -> RowExamples {
    var examples = RowExamples()
    for outputs in [6, 1, 2, 3, 4, 5, 11, 0, 37] {
      for inputs in [1, 1, 2, 5] {
        for _ in 0..<inputs { examples.addInput(.random(in: 0..<9, using: &rng)) }
        for _ in 0..<outputs {
          examples.addOutput(.random(in: 0..<7, using: &rng), isRight: .random(using: &rng))
        }
        examples.endExample()
      }
    }
    return examples
  }

  /// What `learn` is to do, in Double: the loss of all examples.
  static func learn(
    _ examples: RowExamples, _ input: inout [Double], _ output: inout [Double], _ D: Int,
    _ rate: Double
  ) -> Double {
    var loss = 0.0
    for e in 0..<examples.count {
      let rows = examples.inputs[
        Int(examples.inputStarts[e])..<Int(examples.inputStarts[e + 1])
      ].map { Int($0) }
      let answers = examples.outputs[
        Int(examples.outputStarts[e])..<Int(examples.outputStarts[e + 1])
      ].map { (row: Int($0 < 0 ? ~$0 : $0), t: $0 < 0 ? -1.0 : 1.0) }
      let h = (0..<D).map { j in
        rows.reduce(0) { $0 + input[$1 * D + j] } / Double(rows.count)
      }
      let steps = answers.map { answer in
        let f = (0..<D).reduce(0.0) { $0 + h[$1] * output[answer.row * D + $1] }
        loss += Double.log(onePlus: Double.exp(-answer.t * f))
        return answer.t * rate / (1 + Double.exp(answer.t * f))
      }
      let error = (0..<D).map { j in
        zip(answers, steps).reduce(0) { $0 + $1.1 * output[$1.0.row * D + j] }
      }
      for j in 0..<D {
        for (answer, step) in zip(answers, steps) { output[answer.row * D + j] += step * h[j] }
        for row in rows { input[row * D + j] += error[j] }
      }
    }
    return loss
  }

  /// The largest difference, relative to numbers of 1 and more; infinite where one is NaN.
  static func difference(_ a: [some BinaryFloatingPoint], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) {
      let d = abs(Double($1.0) - $1.1) / max(1, abs($1.1))
      return d.isNaN ? .infinity : max($0, d)
    }
  }

  @Test(arguments: TestedSet.all)
  func `steps follow their equations`(set: TestedSet) {
    var rng = SeededGenerator(seed: 71)
    for D in Array(1...40) + [100, 131] {
      let examples = Self.examples(&rng)
      let input = (0..<9 * D).map { _ in Float.random(in: -0.6...0.6, using: &rng) }
      let output = (0..<7 * D).map { _ in Float.random(in: -0.6...0.6, using: &rng) }
      var (wantedIn, wantedOut) = (input.map { Double($0) }, output.map { Double($0) })
      let wantedLoss = Self.learn(examples, &wantedIn, &wantedOut, D, 0.05)

      var (i, o) = (input + [Self.guardValue], output + [Self.guardValue])
      var scores = [Float](repeating: 0, count: examples.outputs.count) + [Self.guardValue]
      var hidden = [Float](repeating: 0, count: D) + [Self.guardValue]
      var steps = [Float](repeating: 0, count: examples.mostOutputs) + [Self.guardValue]
      var places = [Int](repeating: 0, count: examples.mostOutputs)
      set.f32.row_examples(
        examples.count, D, examples.inputStarts, examples.inputs, examples.outputStarts,
        examples.outputs, &i, &o, &scores, &hidden, &steps, &places, 0.05)
      for guarded in [i, o, scores, hidden, steps] { #expect(guarded.last == Self.guardValue) }
      // 36 examples round a number up to 37 times each, to 2⁻²⁴ of numbers up to 2.
      #expect(Self.difference(Array(i.dropLast()), wantedIn) < 2e-5, "D \(D)")
      #expect(Self.difference(Array(o.dropLast()), wantedOut) < 2e-5, "D \(D)")
      let loss = scores.dropLast().reduce(0.0) { $0 + Double.log(onePlus: Double.exp(Double($1))) }
      #expect(abs(loss - wantedLoss) < 1e-5 * wantedLoss, "D \(D)")
    }
  }

  @Test func `both precisions learn through the checked call`() {
    var rng = SeededGenerator(seed: 72)
    let (D, examples) = (13, Self.examples(&rng))
    let input = (0..<9 * D).map { _ in Double.random(in: -1...1, using: &rng) }
    let output = (0..<7 * D).map { _ in Double.random(in: -1...1, using: &rng) }
    var (wantedIn, wantedOut) = (input, output)
    let wantedLoss = Self.learn(examples, &wantedIn, &wantedOut, D, 0.1)
    func learned<S: LinAlgScalar>(_: S.Type) -> (input: [S], output: [S], loss: Double) {
      var (i, o) = (input.map { S($0) }, output.map { S($0) })
      var scratch = RowExampleScratch<S>()
      let loss = i.withUnsafeMutableBufferPointer { i in
        o.withUnsafeMutableBufferPointer { o in
          S.learn(
            examples, input: i, output: o, features: D, rate: 0.1, scratch: &scratch,
            wantsLoss: true)
        }
      }
      return (i, o, loss)
    }
    let double = learned(Double.self)
    #expect(Self.difference(double.input, wantedIn) < 1e-13)
    #expect(Self.difference(double.output, wantedOut) < 1e-13)
    #expect(abs(double.loss - wantedLoss) < 1e-12 * wantedLoss)
    let single = learned(Float.self)
    #expect(Self.difference(single.input, wantedIn) < 5e-5)
    #expect(abs(single.loss - wantedLoss) < 1e-5 * wantedLoss)
  }

  @Test func `only rows that are named are touched`() {
    var examples = RowExamples()
    examples.addInput(1)
    examples.addOutput(0, isRight: true)
    examples.addOutput(2, isRight: false)
    examples.endExample()
    var (i, o) = ([Float](repeating: .nan, count: 12), [Float](repeating: .nan, count: 12))
    for j in 4..<8 { i[j] = 1 }
    for j in [0, 1, 2, 3, 8, 9, 10, 11] { o[j] = 1 }
    var scratch = RowExampleScratch<Float>()
    let loss = i.withUnsafeMutableBufferPointer { i in
      o.withUnsafeMutableBufferPointer { o in
        Float.learn(
          examples, input: i, output: o, features: 4, rate: 1, scratch: &scratch, wantsLoss: true)
      }
    }
    #expect(abs(loss - 4.0363) < 1e-3)
    #expect(i.map(\.isNaN) == (0..<12).map { !(4..<8).contains($0) })
    #expect(o.map(\.isNaN) == (0..<12).map { (4..<8).contains($0) })
  }

  /// Learns from one example in tables of three rows of two features.
  static func learn(input: Int32?, output: Int32, isRight: Bool) {
    var examples = RowExamples()
    if let input { examples.addInput(input) }
    examples.addOutput(output, isRight: isRight)
    examples.endExample()
    var (i, o) = ([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 6))
    var scratch = RowExampleScratch<Float>()
    i.withUnsafeMutableBufferPointer { i in
      o.withUnsafeMutableBufferPointer { o in
        _ = Float.learn(
          examples, input: i, output: o, features: 2, rate: 1, scratch: &scratch, wantsLoss: false)
      }
    }
  }

  @Test func `rows outside their tables trap`() async {
    let high = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      RowExampleTests.learn(input: 3, output: 0, isRight: true)
    }
    expectMessage(high, contains: "input row 3 of a table of 3")
    let low = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      RowExampleTests.learn(input: -1, output: 0, isRight: true)
    }
    expectMessage(low, contains: "input row -1 of a table of 3")
    let right = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      RowExampleTests.learn(input: 0, output: 3, isRight: true)
    }
    expectMessage(right, contains: "output row 3 of a table of 3")
    let wrong = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      RowExampleTests.learn(input: 0, output: 3, isRight: false)
    }
    expectMessage(wrong, contains: "output row 3 of a table of 3")
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      RowExampleTests.learn(input: nil, output: 0, isRight: true)
    }
    expectMessage(none, contains: "example 0 has no input")
  }
}
