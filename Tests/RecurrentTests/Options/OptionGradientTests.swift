import LinAlg
import Recurrent
import TestNumbers
import Testing

/// Every pair of options: forward against the evaluator, all gradients against differences, and bits that
/// depend neither on threads nor on where in the batch a sequence is.
@Suite struct OptionGradientTests {
  static let groups = 4

  /// Every fourth of the samples with its number.
  static func samples(_ group: Int) -> [(Int, any LayerOptions)] {
    OptionSamples.all.enumerated().filter { $0.offset % groups == group }
      .map { ($0.offset, $0.element) }
  }

  func wrong(_ options: any LayerOptions, seed: UInt64, training: Bool) throws -> [String] {
    var rng = SeededGenerator(seed: seed)
    let layer: DefinedLayer<Double> = try options.makeLayer(
      inputSize: 3, hiddenSize: 4, using: &rng)
    var c = DefinedCase(
      layer, steps: 4, batch: 3, lengths: seed % 2 == 0 ? [2, 0, 4] : nil, using: &rng)
    if training {
      c.noise = RecordingNoise(seed: seed)
      c.noise?.sequences = [7, 0, 3]
    }
    let results = c.engine(chunkLength: seed % 3 == 0 ? 1 : nil)
    var wrong: [String] = []
    let (outputs, final) = CellEvaluator(c.layer).run(c)
    for (actual, expected) in zip([results.outputs] + results.final, [outputs] + final) {
      let error = relativeError(actual, expected)
      if !(error < 1e-11) { wrong.append("forward: \(error)") }
    }
    let check = RandomDefinitionTests()
    var errors = [
      ("dParameters", check.error(c, \.parameters, results.dParameters, using: &rng)),
      ("dx", check.error(c, \.x, results.dx, using: &rng)),
    ]
    for state in layer.definition.states.indices {
      errors.append(
        (
          "dInitial \(state)",
          check.error(c, \.initial.orEmptyList[state], results.dInitial[state], using: &rng)
        ))
    }
    for (name, error) in errors where !(error < 1e-6) { wrong.append("\(name): \(error)") }
    return wrong
  }

  @Test(arguments: 0..<groups)
  func `pairs of options pass the gradient check`(group: Int) throws {
    for (i, options) in Self.samples(group) {
      for training in [true, false] {
        let wrong = try wrong(options, seed: UInt64(i), training: training)
        #expect(wrong.isEmpty, "seed \(i), training \(training): \(wrong)\n\(options)")
      }
    }
  }

  @Test(arguments: 0..<groups)
  func `threads and places in the batch change no bit`(group: Int) throws {
    for (i, options) in Self.samples(group) {
      var rng = SeededGenerator(seed: UInt64(i))
      let layer: DefinedLayer<Float> = try options.makeLayer(
        inputSize: 24, hiddenSize: 40, using: &rng)
      var c = DefinedCase(
        layer, steps: 3, batch: 5, lengths: i % 2 == 0 ? [3, 0, 2, 1, 3] : nil,
        parameterBound: 0.2, using: &rng)
      c.noise = RecordingNoise(seed: UInt64(i))
      if i % 3 > 0 { c.noise?.sequences = [4, 9, 2, 0, 7] }
      let one = c.engine(threads: 1)
      for split in [WorkSplit.batch, .units] {
        for (a, b) in zip(one.named, c.engine(threads: 3, split: split).named) {
          #expect(
            countDifferences(a.values, b.values) == 0,
            "\(a.name) by \(split), seed \(i): \(options)")
        }
      }
      let order = [3, 1, 4, 0, 2]
      let moved = c.reordered(order).engine(threads: 1)
      for (a, b) in zip(one.named, moved.named) where a.name != "dParameters" {
        let isOutput = a.name == "outputs" || a.name.hasSuffix(" 0")
        let width = a.name == "dx" ? 24 : isOutput ? layer.outputSize : 40
        #expect(
          reordered(a.values, order, width: width) == b.values,
          "\(a.name) of a reordered batch, seed \(i): \(options)")
      }
    }
  }
}

/// Blocks of `order.count` rows with row `order[n]` in place of row `n`.
func reordered<Element>(_ values: [Element], _ order: [Int], width: Int) -> [Element] {
  var result: [Element] = []
  for block in stride(from: 0, to: values.count, by: order.count * width) {
    for row in order {
      let start = block + row * width
      result += values[start..<start + width]
    }
  }
  return result
}

extension DefinedCase {
  /// The same sequences in another order.
  func reordered(_ order: [Int]) -> DefinedCase {
    var c = self
    let (D, H) = (layer.inputSize, layer.hiddenSize)
    func moved(_ values: [Scalar], _ width: Int) -> [Scalar] {
      RecurrentTests.reordered(values, order, width: width)
    }
    c.x = moved(x, D)
    func each(_ states: [[Scalar]]?) -> [[Scalar]]? {
      states?.enumerated().map { moved($1, $0 == 0 ? layer.outputSize : H) }
    }
    c.initial = each(initial)
    c.lengths = lengths.map { lengths in order.map { lengths[$0] } }
    c.dOutputs = dOutputs.map { moved($0, layer.outputSize) }
    c.dFinal = each(dFinal)
    let numbers = noise?.sequences ?? Array(0..<batch)
    c.noise?.sequences = order.map { numbers[$0] }
    return c
  }
}
