import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct PixelRNNTests {
  /// What there is of models, as small as shows all of it.
  struct Sample: CustomTestStringConvertible, Sendable {
    var kind: PixelRNN<Double>.Kind
    var channels: Int
    var layers = 2
    var testDescription: String { "\(kind), \(channels) channels, \(layers) layers" }

    func model<Scalar>(_ type: Scalar.Type = Double.self, hidden: Int? = nil) -> PixelRNN<Scalar> {
      var rng = SeededGenerator(seed: 5)
      let kind: PixelRNN<Scalar>.Kind =
        switch self.kind {
        case .rowLSTM(let kernel): .rowLSTM(kernel: kernel)
        case .diagonalBiLSTM: .diagonalBiLSTM
        }
      var model = PixelRNN<Scalar>(
        kind, channels: channels, levels: 3, hiddenSize: hidden ?? channels, layerCount: layers,
        window: 3, using: &rng)
      // Biases start as zeros; here nothing is to be zero by chance.
      var parameters = model.parameters
      for i in 0..<parameters.blockCount {
        parameters.withUnsafeMutableBufferPointer(ofBlock: i) { numbers in
          for k in numbers.indices { numbers[k] += rng.uniform(in: -0.3..<0.3) }
        }
      }
      model.parameters = parameters
      return model
    }

    func pictures(_ count: Int, height: Int, width: Int, seed: UInt64 = 9) -> PixelBatch {
      var rng = SeededGenerator(seed: seed)
      return PixelBatch(
        (0..<count).map { _ in
          (0..<height * width * channels).map { _ in Token.random(in: 0..<3, using: &rng) }
        }, height: height, width: width, channels: channels)
    }
  }

  static let samples = [
    Sample(kind: .rowLSTM(kernel: 3), channels: 1), Sample(kind: .rowLSTM(kernel: 3), channels: 3),
    Sample(kind: .rowLSTM(kernel: 1), channels: 1, layers: 1),
    Sample(kind: .rowLSTM(kernel: 5), channels: 1, layers: 1),
    Sample(kind: .diagonalBiLSTM, channels: 1), Sample(kind: .diagonalBiLSTM, channels: 3),
    Sample(kind: .diagonalBiLSTM, channels: 1, layers: 1),
  ]

  @Test(arguments: samples)
  func `scaled values give the same scores`(sample: Sample) {
    let (model, graph) = (sample.model(Float.self), Graph<Float>(threads: 1))
    let pictures = sample.pictures(2, height: 3, width: 4)
    let (P, N, C) = (12, 2, sample.channels)
    let expected = model.evaluate(on: graph) { $0(pictures, on: $1).value.elements }
    let values = (0..<P * N * C).map { i in
      Float(pictures.values[i % C * P + i / (N * C), i / C % N]) - 1
    }
    let scores = model.evaluate(on: graph) { model, graph in
      let x = SequenceBatch(steps: P, batch: N, features: C, elements: values)
      return model(scaled: graph.constant(x), height: 3, width: 4).value.elements
    }
    #expect(scores == expected)
  }

  @Test(arguments: samples)
  func `gradients are central differences`(sample: Sample) {
    let pictures = sample.pictures(2, height: 3, width: 3)
    #expect(modelGradientError(sample.model(), hasKinks: true) { $0.loss(pictures, on: $1) } < 1e-7)
  }

  /// Where a value stands in the order in which values follow from each other.
  private func place(_ k: Int, _ pictures: PixelBatch) -> Int {
    k % pictures.pixelCount * pictures.channels + k / pictures.pixelCount
  }

  @Test(arguments: samples)
  func `a value changes nothing before it, and of what is behind it what sees it`(sample: Sample) {
    let (model, graph) = (sample.model(hidden: 12), Graph<Double>())
    let pictures = sample.pictures(2, height: 4, width: 5)
    func scores(_ pictures: PixelBatch) -> [Double] {
      model.evaluate(on: graph) { $0(pictures, on: $1).value.elements }
    }
    let (before, P) = (scores(pictures), pictures.pixelCount)
    var seen = (0..<P).map { _ in Set<Int>() }
    for changed in 0..<pictures.values.steps {
      var other = pictures
      other.values[changed, 0] = (other.values[changed, 0] + 1) % 3
      let after = scores(other)
      for k in 0..<pictures.values.steps {
        // Three scores for each of two pictures.
        let differs = before[k * 6..<k * 6 + 3] != after[k * 6..<k * 6 + 3]
        if differs {
          #expect(place(k, pictures) > place(changed, pictures), "\(changed) changes \(k)")
          if k % P != changed % P { seen[k % P].insert(changed % P) }
        }
        #expect(before[k * 6 + 3..<k * 6 + 6] == after[k * 6 + 3..<k * 6 + 6])
      }
    }
    #expect(seen == model.receptiveFields(height: 4, width: 5))
  }

  @Test func `receptive fields are those of the paper`() {
    // Far enough that nothing but the layers' own form is seen.
    func fields(_ kind: PixelRNN<Double>.Kind, layers: Int) -> [Set<Int>] {
      var rng = SeededGenerator(seed: 1)
      return PixelRNN<Double>(
        kind, levels: 2, hiddenSize: 1, layerCount: layers, window: 3, using: &rng
      ).receptiveFields(height: 6, width: 9)
    }
    let (row, column) = (4, 4)
    func expected(_ isSeen: (Int, Int) -> Bool) -> Set<Int> {
      Set((0..<row * 9 + column).filter { isSeen(row - $0 / 9, $0 % 9 - column) })
    }
    // A triangle; in each row one more on the left from the input-to-state convolution, one from the window's
    // row and one from the one before it.
    let triangle = fields(.rowLSTM(), layers: 1)[row * 9 + column]
    #expect(triangle == expected { up, right in right <= up && -right <= up + 2 })
    let wider = fields(.rowLSTM(), layers: 2)[row * 9 + column]
    #expect(wider.isSuperset(of: triangle))
    #expect(!wider.contains { $0 % 9 - column > row - $0 / 9 })
    for layers in 1...2 {
      for (p, field) in fields(.diagonalBiLSTM, layers: layers).enumerated() {
        #expect(field == Set(0..<p))
      }
    }
  }

  @Test(arguments: samples)
  func `recorded, evaluated, in other company and with less below are the same`(sample: Sample) {
    let (model, graph) = (sample.model(hidden: 6), Graph<Double>())
    let pictures = sample.pictures(3, height: 4, width: 3)
    let whole = model.evaluate(on: graph) { $0(pictures, on: $1).value }
    var recorded: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let node = model(pictures, on: graph)
      recorded = node.value.elements
      return node.sum()
    }
    #expect(recorded == whole.elements)
    let P = pictures.pixelCount
    for rows in 1...4 {
      let top = PixelBatch(
        [1, 2].map { n in
          let picture = pictures.picture(n)
          return (0..<sample.channels).flatMap { picture[$0 * P..<$0 * P + rows * 3] }
        }, height: rows, width: 3, channels: sample.channels)
      let scores = model.evaluate(on: graph) { $0(top, on: $1).value }
      for c in 0..<sample.channels {
        for p in 0..<rows * 3 {
          for n in 0..<2 {
            for k in 0..<3 {
              #expect(abs(scores[c * rows * 3 + p, n, k] - whole[c * P + p, n + 1, k]) < 1e-13)
            }
          }
        }
      }
    }
  }

  @Test(arguments: samples)
  func `threads change no bit`(sample: Sample) {
    let pictures = sample.pictures(24, height: 6, width: 6)
    #expect(threadsAgree(sample.model(hidden: 24)) { $0.loss(pictures, on: $1) })
  }

  /// All pictures of 2 × 2 pixels of three values; of three channels those of one pixel.
  @Test(arguments: samples.filter { $0.layers == 2 })
  func `probabilities of all pictures add up to one, and samples have them`(sample: Sample) {
    let (model, graph) = (sample.model(hidden: 6), Graph<Double>(seed: 4))
    let (height, width) = sample.channels == 1 ? (2, 2) : (1, 1)
    let count = height * width * sample.channels
    var all: [[Token]] = [[]]
    for _ in 0..<count { all = all.flatMap { first in (0..<3).map { first + [$0] } } }
    let batch = PixelBatch(all, height: height, width: width, channels: sample.channels)
    let logs = model.logProbabilities(of: batch, batch: 13, on: graph)
    let probabilities = logs.map { Double.exp($0) }
    #expect(abs(probabilities.reduce(0, +) - 1) < 1e-13)
    #expect(
      abs(
        model.bitsPerDimension(of: batch, on: graph)
          + logs.reduce(0, +) / Double(count * all.count) / .log(2)) < 1e-13)

    let draws = 2000
    let drawn = model.sample(draws, height: height, width: width, on: graph)
    var counts: [[Token]: Int] = [:]
    for n in 0..<draws { counts[drawn.picture(n), default: 0] += 1 }
    // Pearson's χ², of whose normal approximation by Wilson and Hilferty 4.5 deviations are one in 300,000.
    let statistic = zip(all, probabilities).reduce(0.0) { sum, picture in
      let expected = Double(draws) * picture.1
      let difference = Double(counts[picture.0] ?? 0) - expected
      return sum + difference * difference / expected
    }
    let freedom = Double(all.count - 1)
    let part = 2 / (9 * freedom)
    let deviations = (.root(statistic / freedom, 3) - (1 - part)) / part.squareRoot()
    #expect(abs(deviations) < 4.5, "χ² \(statistic) with \(freedom) degrees of freedom")
  }

  @Test func `completion keeps what it is given, and draws follow from their numbers`() {
    let sample = Sample(kind: .diagonalBiLSTM, channels: 3)
    let model = sample.model(Float.self, hidden: 6)
    let pictures = sample.pictures(5, height: 4, width: 3)
    func complete(_ threads: Int, seed: UInt64, _ pictures: PixelBatch) -> PixelBatch {
      model.complete(
        pictures, keepingRows: 2, seed: seed, on: Graph<Float>(threads: threads, seed: 7))
    }
    let one = complete(1, seed: 0, pictures)
    for k in 0..<pictures.values.steps where k % 12 < 6 {
      for n in 0..<5 { #expect(one.values[k, n] == pictures.values[k, n]) }
    }
    #expect(complete(2, seed: 0, pictures) == one && complete(3, seed: 0, pictures) == one)
    #expect(complete(1, seed: 1, pictures) != one)
    // Neither what stood below nor the other pictures matter.
    var other = pictures
    for k in 0..<other.values.steps where k % 12 >= 6 {
      for n in 0..<5 { other.values[k, n] = 2 - other.values[k, n] }
    }
    #expect(complete(1, seed: 0, other) == one)
    #expect(complete(1, seed: 0, pictures[pictures: 0..<2]) == one[pictures: 0..<2])
    // The likeliest values are not drawn: seeds do not matter.
    let greedy = TokenSampler(temperature: 0)
    let graph = Graph<Float>(seed: 1)
    #expect(
      model.complete(pictures, keepingRows: 1, by: greedy, seed: 1, on: graph)
        == model.complete(pictures, keepingRows: 1, by: greedy, seed: 2, on: graph))
    #expect(model.complete(pictures, keepingRows: 4, on: graph) == pictures)
  }

  @Test func `a model learns a texture of three colours`() throws {
    // The channels of a pixel follow from each other, rows from rows.
    func picture(_ phase: Int) -> [Token] {
      (0..<3).flatMap { c in (0..<16).map { Token(($0 / 4 + $0 % 4 + phase + c) % 3) } }
    }
    let all = PixelBatch((0..<3).map(picture), height: 4, width: 4, channels: 3)
    for kind in [PixelRNN<Float>.Kind.rowLSTM(), .diagonalBiLSTM] {
      var rng = SeededGenerator(seed: 3)
      var model = PixelRNN<Float>(
        kind, channels: 3, levels: 3, hiddenSize: 9, layerCount: 1, window: 3, using: &rng)
      let graph = Graph<Float>(seed: 1)
      var adam = Adam(for: model.parameters, learningRate: 0.01)
      for _ in 0..<300 {
        try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) { $0.loss(all, on: $1) }
      }
      // One of three pictures: log₂ 3 bits for 48 values.
      let bits = model.bitsPerDimension(of: all, on: graph)
      #expect(bits < 1.2 * .log(3) / .log(2) / 48, "\(kind)")
      let drawn = model.sample(20, height: 4, width: 4, on: graph)
      let known = (0..<20).count { n in (0..<3).contains { drawn.picture(n) == picture($0) } }
      #expect(known >= 17, "\(kind)")
    }
  }

  @Test func `values that a model does not have trap`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var rng = SeededGenerator(seed: 1)
      let model = PixelRNN<Float>(
        .rowLSTM(), levels: 2, hiddenSize: 2, layerCount: 1, using: &rng)
      let pictures = PixelBatch([[0, 2]], height: 1, width: 2)
      _ = model.logProbabilities(of: pictures, on: Graph())
    }
    #expect(message(result).contains("PixelRNN: value 2 of picture 0, expected 0..<2"))
    let misshapen = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = PixelBatch([[0, 1, 1]], height: 2, width: 2) }
    #expect(message(misshapen).contains("picture 0 has 3 values, expected 4 for 2 × 2 pixels"))
  }
}
