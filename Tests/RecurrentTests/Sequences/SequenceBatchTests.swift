import CAllocationCounter
import LinAlg
import Recurrent
import Testing

/// Batches of sequences as values: elements, ranges of steps, arithmetic.
@Suite struct SequenceBatchTests {
  /// `[4, 2, 3]`: element `i` is the number `i`.
  static func counting() -> SequenceBatch<Float> {
    SequenceBatch(steps: 4, batch: 2, features: 3, elements: floats(0..<24))
  }

  static func floats(_ range: Range<Int>) -> [Float] { range.map { Float($0) } }

  @Test func `elements are written in place, and what is shared is copied`() {
    var x = Self.counting()
    let copy = x
    x[3, 1, 2] += 100
    x[0, 0, 1] = -1
    #expect(x[3, 1, 2] == 123 && x[0, 0, 1] == -1 && x[1, 1, 0] == 9)
    #expect(copy == Self.counting())
  }

  @Test(.enabled(if: allocation_counter_is_available()))
  func `reading and writing elements allocates nothing`() {
    var x = Self.counting()
    let before = allocation_counter_thread_value()
    for t in 0..<4 { for n in 0..<2 { x[t, n, 0] = x[t, n, 1] + 1 } }
    let after = allocation_counter_thread_value()
    #expect(after == before)
    #expect(x[3, 1, 0] == 23)
  }

  @Test func `a range of steps is a value that shares`() {
    var x = Self.counting()
    var part = x[steps: 1..<3]
    #expect(part.shape == [2, 2, 3] && part.elements == Self.floats(6..<18))
    #expect(part[step: 1].elements == x[step: 2].elements)
    #expect(part[steps: 1...] == x[steps: 2...2])
    part.withUnsafeBufferPointer { p in
      x.withUnsafeBufferPointer { q in #expect(p.baseAddress == q.baseAddress.map { $0 + 6 }) }
    }
    part[0, 0, 0] = -5
    #expect(x == Self.counting(), "the whole does not change with its part")
    let other = x[steps: 0...]
    x[1, 0, 0] = 50
    #expect(other == Self.counting() && part[0, 0, 1] == 7)
    #expect(x[steps: 4...].steps == 0 && x[steps: 4..<4].elements.isEmpty)
  }

  @Test func `a part that is alone can be written to`() {
    var part = Self.counting()[steps: 2...]
    part[1, 1, 2] = 99
    part[0, 0, 0] = 98
    let written: [Float] = [98] + Self.floats(13..<23) + [99]
    #expect(part.elements == written)
    part.withUnsafeMutableBufferPointer { buffer in
      for i in buffer.indices { buffer[i] = Float(i) }
    }
    #expect(part.elements == Self.floats(0..<12))
  }

  @Test func `ranges of steps and steps are replaced`() {
    var x = Self.counting()
    let before = x
    x[steps: 0..<2] = x[steps: 2...]
    let twice: [Float] = Self.floats(12..<24) + Self.floats(12..<24)
    #expect(x.elements == twice)
    x[steps: 1..<3] += before[steps: 0..<2]
    let sums: [Float] = [18, 20, 22, 24, 26, 28]
    #expect(x[step: 1].elements == sums)
    x[step: 3] = Matrix(repeating: 7, rows: 2, columns: 3)
    #expect(x[steps: 3...].elements == Array(repeating: 7, count: 6))
    #expect(before == Self.counting())
  }

  /// A part is to a layer what a batch of the same numbers is.
  @Test(arguments: [1, 2]) func `a layer reads a part`(threads: Int) {
    var rng = SeededGenerator(seed: 3)
    let lstm = LSTM<Float>(inputSize: 3, hiddenSize: 5, using: &rng)
    let x = SequenceBatch<Float>.uniform(steps: 9, batch: 3, features: 3, using: &rng)
    let part = x[steps: 2..<7]
    let same = SequenceBatch(steps: 5, batch: 3, features: 3, elements: part.elements)
    #expect(lstm(part, threads: threads).outputs == lstm(same, threads: threads).outputs)
    var gradients = [lstm.parameters.zeros(), lstm.parameters.zeros()]
    let dx = [part, same].indices.map { i in
      let tape = lstm.makeTape(steps: 5, batch: 3)
      let outputs = lstm.forward(i == 0 ? part : same, recording: tape).outputs
      return lstm.backward(outputs, through: tape, accumulatingInto: &gradients[i]).x
    }
    #expect(dx[0] == dx[1])
    #expect(gradients[0].W == gradients[1].W && gradients[0].U == gradients[1].U)
  }

  @Test func `arithmetic is that of the elements`() {
    let x = Self.counting()
    let y = x.map { 1 / ($0 + 1) }
    let (p, q) = (x.elements, y.elements)
    func expect(_ z: SequenceBatch<Float>, _ element: (Float, Float) -> Float) -> Bool {
      z.shape == [4, 2, 3] && z.elements == zip(p, q).map { element($0, $1) }
    }
    #expect(expect(x + y) { $0 + $1 })
    #expect(expect(x - y) { $0 - $1 })
    #expect(expect(x ∘ y) { $0 * $1 })
    #expect(expect(2 * x) { a, _ in 2 * a })
    #expect(expect(x * 2) { a, _ in a * 2 })
    #expect(expect(x / 3) { a, _ in a / 3 })
    #expect(expect(-x) { a, _ in -a })
    #expect(expect(x.map(with: y) { max($0, $1) }) { max($0, $1) })
    let double: SequenceBatch<Double> = x.map { Double($0) }
    #expect(double.elements == p.map { Double($0) })
    var z = x
    z += y
    z -= x
    #expect(expect(z) { ($0 + $1) - $0 })
    z ∘= x
    z *= 2
    z /= 4
    z += z
    z.update { $0 + 1 }
    #expect(expect(z) { a, b in ((a + b) - a) * a + 1 })
    #expect(x == Self.counting() && y.elements == q)
    let sum = x[steps: 1...2] + x[steps: 0..<2]
    let sums = (0..<12).map { i in Float(2 * i + 6) }
    #expect(sum.elements == sums)
  }

  @Test func `what does not fit traps with both shapes`() async {
    let index = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceBatchTests.counting()[4, 0, 0] }
    #expect(standardError(of: index).contains("index [4, 0, 0] outside shape [4, 2, 3]"))
    let write = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = SequenceBatchTests.counting()
      x[0, 0, -1] = 1
    }
    #expect(standardError(of: write).contains("index [0, 0, -1] outside shape [4, 2, 3]"))
    let range = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceBatchTests.counting()[steps: 2..<5] }
    #expect(standardError(of: range).contains("steps 2..<5 outside shape [4, 2, 3]"))
    // What a part leaves out is not reached through it, though the memory is there.
    let part = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceBatchTests.counting()[steps: 0..<2][2, 0, 0] }
    #expect(standardError(of: part).contains("index [2, 0, 0] outside shape [2, 2, 3]"))
    let replacement = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = SequenceBatchTests.counting()
      x[steps: 0..<2] = x[steps: 0..<3]
    }
    #expect(
      standardError(of: replacement).contains(
        "steps 0..<2 of shape [4, 2, 3] replaced by shape [3, 2, 3], expected [2, 2, 3]"))
    let step = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var x = SequenceBatchTests.counting()
      x[step: 0] = .zeros(rows: 3, columns: 2)
    }
    #expect(standardError(of: step).contains("[3, 2] for a batch of shape [4, 2, 3]"))
    let shapes = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = SequenceBatchTests.counting() + SequenceBatchTests.counting()[steps: ..<3] }
    #expect(standardError(of: shapes).contains("shapes [4, 2, 3] and [3, 2, 3] differ"))
  }
}
