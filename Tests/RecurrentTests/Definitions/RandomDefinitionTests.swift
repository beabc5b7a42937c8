import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Definitions that nobody has thought of: the forward pass against the evaluator, all gradients against
/// differences along random directions.
@Suite struct RandomDefinitionTests {
  /// The gradient's component along a direction of one input, and what differences say; relative to
  /// what its elements add up to.
  func error(
    _ c: DefinedCase<Double>, _ path: WritableKeyPath<DefinedCase<Double>, [Double]>,
    _ gradient: [Double], using rng: inout SeededGenerator
  ) -> Double {
    let values = c[keyPath: path]
    let direction = values.map { _ in Double.random(in: -1...1, using: &rng) }
    func loss(_ offset: Double) -> Double {
      var changed = c
      changed[keyPath: path] = zip(values, direction).map { $0 + offset * $1 }
      return changed.loss()
    }
    let products = zip(gradient, direction).map { $0 * $1 }
    let analytic = products.reduce(0, +)
    let scale = max(products.reduce(0) { $0 + abs($1) }, 1e-3 * max(1, abs(c.loss())))
    // A kink of relu between the points spoils a difference; closer points have less between them.
    var best = Double.infinity
    for h in [1e-4, 1e-6, 1e-7] {
      let numeric = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
      best = min(best, abs(numeric - analytic) / scale)
      if best < 1e-6 { break }
    }
    return best
  }

  func check(_ definition: CellDefinition, square: Bool, seed: UInt64) throws -> [String] {
    var rng = SeededGenerator(seed: seed)
    let H = Int.random(in: 1...3, using: &rng)
    let D = square ? H : Int.random(in: 1...3, using: &rng)
    let layer = try DefinedLayer<Double>(definition, inputSize: D, hiddenSize: H, using: &rng)
    return check(layer, seed: seed, using: &rng)
  }

  func check(
    _ layer: DefinedLayer<Double>, seed: UInt64, using rng: inout SeededGenerator
  ) -> [String] {
    let definition = layer.definition
    var c = DefinedCase(
      layer, steps: 3, batch: 2, lengths: seed % 3 == 0 ? [3, 1] : nil, using: &rng)
    if seed % 5 == 0 { c.initial = nil }
    let results = c.engine(chunkLength: seed % 2 == 0 ? 1 : nil)

    var wrong: [String] = []
    let (outputs, final) = CellEvaluator(c.layer).run(c)
    let forward = zip([results.outputs] + results.final, [outputs] + final)
    // Not relative: states are at most 1, and may be what is left of a difference of equal numbers.
    for (actual, expected) in forward {
      let error = zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
      if !(error < 1e-10) || actual.count != expected.count { wrong.append("forward: \(error)") }
    }
    var errors = [
      ("dParameters", error(c, \.parameters, results.dParameters, using: &rng)),
      ("dx", error(c, \.x, results.dx, using: &rng)),
    ]
    if c.initial != nil {
      for state in definition.states.indices {
        errors.append(
          (
            "dInitial \(state)",
            error(c, \.initial.orEmptyList[state], results.dInitial[state], using: &rng)
          ))
      }
    }
    for (name, error) in errors where !(error < 1e-6) { wrong.append("\(name): \(error)") }
    return wrong
  }

  /// How many definitions each of the eight draws; in `make test-long` together thousands.
  static let count = LongTests.areEnabled ? 300 : 60

  @Test(arguments: 0..<8)
  func `random definitions pass the gradient check`(group: Int) throws {
    var draw = RandomDefinitions(seed: UInt64(1000 + group))
    for i in 0..<Self.count {
      let (square, seed) = (i % 2 == 0, UInt64(group * 300 + i))
      let definition = try draw.next(square: square)
      let wrong = try check(definition, square: square, seed: seed)
      #expect(
        wrong.isEmpty,
        "definition \(i) of group \(group), case seed \(seed): \(wrong)\n\(definition.nodes)")
    }
  }

  /// Some of them can have fewer outputs than units.
  @Test func `random definitions whose output has a size of its own`() throws {
    var draw = RandomDefinitions(seed: 3000)
    var count = 0
    for i in 0..<UInt64(4 * Self.count) {
      let definition = try draw.next(square: false)
      var rng = SeededGenerator(seed: i)
      let H = Int.random(in: 2...4, using: &rng)
      let sizes = (D: Int.random(in: 1...3, using: &rng), P: Int.random(in: 1..<H, using: &rng))
      guard
        let layer = try? DefinedLayer<Double>(
          definition, inputSize: sizes.D, hiddenSize: H, outputSize: sizes.P, using: &rng)
      else { continue }
      count += 1
      let wrong = check(layer, seed: i, using: &rng)
      #expect(wrong.isEmpty, "definition \(i), \(sizes), H = \(H): \(wrong)\n\(definition.nodes)")
    }
    #expect(count > Self.count / 2)
  }

  @Test func `a gradient that is wrong by a thousandth fails`() throws {
    var rng = SeededGenerator(seed: 1)
    let layer = try DefinedLayer<Double>(.peepholeLSTM(), inputSize: 2, hiddenSize: 3, using: &rng)
    let c = DefinedCase(layer, steps: 3, batch: 2, using: &rng)
    let gradient = c.engine().dParameters
    let wrong = gradient.map { $0 * 1.001 }
    #expect(error(c, \.parameters, gradient, using: &rng) < 1e-8)
    #expect(error(c, \.parameters, wrong, using: &rng) > 1e-6)
  }

  /// What threads divide gives the same bits for definitions that nobody has thought of, too.
  @Test func `random definitions on threads`() throws {
    var draw = RandomDefinitions(seed: 2000)
    for i in 0..<60 {
      let definition = try draw.next(square: true)
      var rng = SeededGenerator(seed: UInt64(i))
      let layer = try DefinedLayer<Float>(definition, inputSize: 40, hiddenSize: 40, using: &rng)
      let c = DefinedCase(
        layer, steps: 3, batch: 3, lengths: i % 2 == 0 ? [3, 0, 2] : nil, parameterBound: 0.2,
        using: &rng)
      let one = c.engine(threads: 1)
      for split in [WorkSplit.batch, .units] {
        for (a, b) in zip(one.named, c.engine(threads: 3, split: split).named) {
          #expect(
            countDifferences(a.values, b.values) == 0,
            "\(a.name) of definition \(i) by \(split): \(definition.nodes)")
        }
      }
    }
  }
}
