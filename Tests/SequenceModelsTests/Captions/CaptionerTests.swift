import Autodiff
import LinAlg
import Recurrent
import SequenceModels
import Testing

/// Pictures and videos alike.
@Suite struct CaptionerTests {
  enum Sample: CaseIterable {
    case picture, colours, strongest, frames, regions

    /// Calls one of two closures with the model and what it sees, of all scenes or of one alone.
    func run<Result>(
      scene n: Int? = nil,
      _ body: (Sample, any CaptionerBox) throws -> Result
    ) rethrows -> Result {
      switch self {
      case .picture, .strongest, .colours:
        let channels = self == .colours ? 3 : 1
        let model = CaptionSamples.captioner(
          channels: channels, glimpse: self == .strongest ? .strongest : .mean)
        let all = CaptionSamples.pictures(3, channels: channels)
        return try body(
          self, Box(model: model, scenes: n.map { all[pictures: $0..<$0 + 1] } ?? all))
      case .frames, .regions:
        let model = CaptionSamples.describer(self == .frames ? .frames : .regions)
        let all = CaptionSamples.videos
        let one = n.map { n in
          VideoBatch([
            PixelBatch(
              (0..<all.lengths[n]).map { all.frames.picture($0 * all.count + n) }, height: 4,
              width: 5)
          ])
        }
        return try body(self, Box(model: model, scenes: one ?? all))
      }
    }
  }

  /// A model with its scenes, whatever they are.
  protocol CaptionerBox {
    func gradientError(evenness: Double, captions: FramedBatch) -> Double
    func threadsAgree(captions: FramedBatch) -> Bool
    func recorded(_ captions: FramedBatch) -> [Double]
    func pass<Result>(
      _ captions: FramedBatch, _ body: (CaptionPass<Double>) -> Result
    ) -> Result
    func evaluate<Result>(
      _ body: (CaptionDecoder<Double>, EncodedSource<Double>, Graph<Double>) -> Result
    ) -> Result
    func describe(by search: BeamSearch) -> [[Hypothesis]]
    func alignments(writing captions: [[Token]]) -> [Alignment]
  }

  struct Box<M: Captioner<Double, Scene>, Scene>: CaptionerBox {
    var model: M
    var scenes: Scene

    func gradientError(evenness: Double, captions: FramedBatch) -> Double {
      modelGradientError(model, hasKinks: true) {
        $0.loss(scenes, captions, evenness: evenness, on: $1)
      }
    }

    func threadsAgree(captions: FramedBatch) -> Bool {
      SequenceModelsTests.threadsAgree(model) {
        $0.loss(scenes, captions, evenness: 0.2, on: $1)
      }
    }

    func recorded(_ captions: FramedBatch) -> [Double] {
      var scores: [Double] = []
      _ = model.gradients(on: Graph()) { model, graph in
        let pass = model.decoder.pass(captions, model.look(at: scenes, on: graph), on: graph)
        scores = pass.scores.value.elements
        return pass.loss(captions)
      }
      return scores
    }

    func pass<Result>(
      _ captions: FramedBatch, _ body: (CaptionPass<Double>) -> Result
    ) -> Result {
      evaluate { body($0.pass(captions, $1, on: $2)) }
    }

    func evaluate<Result>(
      _ body: (CaptionDecoder<Double>, EncodedSource<Double>, Graph<Double>) -> Result
    ) -> Result {
      model.evaluate(on: Graph()) { body($0.decoder, $0.look(at: scenes, on: $1), $1) }
    }

    func describe(by search: BeamSearch) -> [[Hypothesis]] {
      model.describe(scenes, by: search, in: CaptionSamples.frame, on: Graph())
    }

    func alignments(writing captions: [[Token]]) -> [Alignment] {
      model.alignments(of: scenes, writing: captions, in: CaptionSamples.frame, on: Graph())
    }
  }

  private let captions = CaptionSamples.frame(CaptionSamples.captions)

  @Test(arguments: Sample.allCases)
  func `gradients are central differences`(sample: Sample) {
    sample.run { _, box in
      #expect(box.gradientError(evenness: 0, captions: captions) < 1e-7)
      #expect(box.gradientError(evenness: 0.7, captions: captions) < 1e-7)
    }
  }

  @Test(arguments: Sample.allCases)
  func `recorded, evaluated and word by word are the same`(sample: Sample) {
    sample.run { _, box in
      let whole = box.pass(captions) { $0.scores.value }
      #expect(box.recorded(captions) == whole.elements)
      box.evaluate { decoder, source, graph in
        var state = source.state
        for t in 0..<captions.inputs.steps {
          let tokens = TokenBatch(
            steps: 1, batch: 3, tokens: (0..<3).map { captions.inputs[t, $0] })
          let step = decoder.step(tokens, state, source, on: graph)
          state = step.state
          for n in 0..<3 {
            for k in 0..<CaptionSamples.words {
              #expect(abs(step.scores.value[0, n, k] - whole[t, n, k]) < 1e-13)
            }
          }
        }
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `neither other scenes nor what fills sequences are seen`(sample: Sample) {
    let all = sample.run { $1.pass(captions) { $0.scores.value } }
    for n in 0..<3 {
      let one = CaptionSamples.frame([CaptionSamples.captions[n]])
      let alone = sample.run(scene: n) { $1.pass(one) { $0.scores.value } }
      for t in 0..<one.lengths[0] {
        for k in 0..<CaptionSamples.words { #expect(abs(alone[t, 0, k] - all[t, n, k]) < 1e-13) }
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `threads change no bit`(sample: Sample) {
    sample.run { _, box in #expect(box.threadsAgree(captions: captions)) }
  }

  @Test(arguments: Sample.allCases)
  func `the weights of each word sum to one over what is there`(sample: Sample) {
    sample.run { _, box in
      let weights = box.pass(captions) { $0.attention.value }
      for n in 0..<3 {
        let places =
          switch sample {
          case .frames: CaptionSamples.videos.lengths[n]
          case .regions: CaptionSamples.videos.lengths[n] * 6
          default: 6
          }
        for t in 0..<weights.steps {
          let row = (0..<weights.features).map { weights[t, n, $0] }
          #expect(abs(row.reduce(0, +) - 1) < 1e-14)
          #expect(row[..<places].allSatisfy { $0 > 0 })
          #expect(row[places...].allSatisfy { $0 == 0 })
        }
        let alignment = box.alignments(writing: CaptionSamples.captions)[n]
        #expect(alignment.targetCount == CaptionSamples.captions[n].count + 1)
        #expect(alignment.sourceCount == places)
        for (t, row) in alignment.weights.enumerated() {
          #expect(row == (0..<places).map { weights[t, n, $0] })
        }
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `a search wide enough finds the likeliest of all captions`(sample: Sample) {
    let tokens = (0..<Token(CaptionSamples.words)).filter { $0 != 1 }
    let all = [[]] + tokens.map { [$0] } + tokens.flatMap { a in tokens.map { [a, $0] } }
    for n in 0..<3 {
      sample.run(scene: n) { _, box in
        var (best, logarithm) = ([Token](), -Double.infinity)
        for caption in all {
          let framed = CaptionSamples.frame([caption])
          let log = box.pass(framed) { pass in
            -Double(pass.loss(framed).scalar) * Double(framed.tokenCount)
          }
          if log > logarithm { (best, logarithm) = (caption, log) }
        }
        let found = box.describe(by: BeamSearch(width: 36, maximumLength: 2))[0][0]
        #expect(found.tokens == best && found.hasEnded)
        #expect(abs(found.logProbability - logarithm) < 1e-12)
      }
    }
  }

  @Test(arguments: Sample.allCases)
  func `uneven attention costs what the paper says`(sample: Sample) {
    sample.run { _, box in
      box.pass(captions) { pass in
        let weights = pass.attention.alignments(
          sources: sample == .frames
            ? CaptionSamples.videos.lengths
            : sample == .regions ? CaptionSamples.videos.lengths.map { $0 * 6 } : nil,
          targets: captions.lengths)
        func penalty(_ total: (Int, Int) -> Double) -> Double {
          var sum = 0.0
          for n in 0..<3 {
            let L = weights[n].sourceCount
            for i in 0..<L {
              let given = weights[n].weights.reduce(0) { $0 + $1[i] }
              let missing = total(captions.lengths[n], L) - given
              sum += missing * missing
            }
          }
          return sum / Double(captions.tokenCount)
        }
        let plain = Double(pass.loss(captions).scalar)
        let even = Double(pass.loss(captions, evenness: 0.4).scalar)
        let fixed = Double(pass.loss(captions, evenness: 0.4, of: .fixed(1)).scalar)
        #expect(abs(even - plain - 0.4 * penalty { Double($0) / Double($1) }) < 1e-13)
        #expect(abs(fixed - plain - 0.4 * penalty { _, _ in 1 }) < 1e-13)
      }
    }
  }

  @Test func `a model learns what pictures show`() throws {
    // What stands where; the words name the value and the side.
    var rng = SeededGenerator(seed: 3)
    var (pictures, captions) = ([[Token]](), [[Token]]())
    for value in Token(1)...2 {
      for place in [0, 2] {
        for row in 0...1 {
          pictures.append(
            (0..<20).map { $0 / 5 / 2 == row && $0 % 5 / 2 * 2 == place ? value : 0 })
          captions.append([value + 1, place == 0 ? 4 : 5])
        }
      }
    }
    let batch = PixelBatch(pictures, height: 4, width: 5)
    var model = ImageCaptioner<Float>(
      regions: CaptionSamples.regions(Float.self, features: 8, using: &rng),
      vocabularySize: CaptionSamples.words, hiddenSize: 16, embeddingSize: 8, using: &rng)
    let graph = Graph<Float>(threads: 1, seed: 1)
    var adam = Adam(for: model.parameters, learningRate: 0.01)
    let framed = CaptionSamples.frame(captions)
    for _ in 0..<300 {
      try model.trainingStep(on: graph, optimizer: &adam, maximumNorm: 1) {
        $0.loss(batch, framed, on: $1)
      }
    }
    let search = BeamSearch(width: 2, maximumLength: 4)
    let found = model.describe(batch, by: search, in: CaptionSamples.frame, on: graph)
    #expect(found.map { $0[0].tokens } == captions, "initialised from seed 3")
  }

  @Test func `calls that do not fit trap`() async {
    let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let pictures = PixelBatch([[Token](repeating: 0, count: 16)], height: 4, width: 4)
      CaptionSamples.captioner().evaluate(on: Graph()) { _ = $0.look(at: pictures, on: $1) }
    }
    #expect(message(size).contains("4 × 4 pixels with 1 channels, expected 4 × 5 with 1"))
    let value = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var pictures = CaptionSamples.pictures(2)
      pictures.values[7, 1] = 3
      CaptionSamples.captioner().evaluate(on: Graph()) { _ = $0.look(at: pictures, on: $1) }
    }
    #expect(message(value).contains("value 3 of picture 1, expected 0..<3"))
    let videos = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = VideoBatch([CaptionSamples.pictures(1), CaptionSamples.pictures(1, channels: 3)])
    }
    #expect(message(videos).contains("video 1 has 1 frames of 4 × 5 pixels with 3 channels"))
    let encoder = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var rng = SeededGenerator(seed: 1)
      _ = VideoDescriber(
        .regions, regions: CaptionSamples.regions(Double.self, using: &rng),
        encoder: GRU<Double>(inputSize: 3, hiddenSize: 2, using: &rng), vocabularySize: 4,
        hiddenSize: 2, embeddingSize: 2, using: &rng)
    }
    #expect(message(encoder).contains("an encoder of 3 inputs for regions of 4 features"))
  }
}
