import Autodiff
import LinAlg
import OnnxModels
import Recurrent
import SequenceModels

/// Models of this package with what they compute, each written from its own function.
struct TracedModels {
  private(set) var cases: [OnnxCase] = []
  private var rng = SeededGenerator(seed: 11)

  /// The cases of all models.
  static func cases() throws -> [OnnxCase] {
    var models = TracedModels()
    try models.addLabels()
    try models.addLanguageModels()
    try models.addEncoderDecoders()
    try models.addPointers()
    try models.addPictures()
    try models.addWholeCaptions()
    try models.addRegions()
    try models.addVideos()
    try models.addOperations()
    return models.cases
  }

  /// Adds a model with several sizes of its axes.
  private mutating func add<M: Model>(
    _ name: String, _ model: M, opset: Int = 17,
    sizes: [[String: Int]] = [
      ["steps": 1, "batch": 1], ["steps": 9, "batch": 4], ["steps": 2, "batch": 6],
    ], _ body: (M, OnnxTrace<M.Scalar>) -> Void
  ) throws where M.Scalar: OnnxScalar {
    var model = model
    var parameters = model.parameters
    for i in 0..<parameters.blockCount {
      parameters.withUnsafeMutableBufferPointer(ofBlock: i) { numbers in
        for j in numbers.indices {
          numbers[j] += M.Scalar(Double.random(in: -0.2...0.2, using: &rng))
        }
      }
    }
    model.parameters = parameters
    let writer = try OnnxGraphWriter(tracing: model, name: name, opset: opset, body)
    let bytes = try writer.serialized()
    let file = try OnnxModel(bytes: bytes)
    for (i, sizes) in sizes.enumerated() {
      let trace = OnnxTrace<M.Scalar>(sizes: sizes, seed: UInt64(31 + i))
      body(model, trace)
      let (given, results) = (trace.given, trace.results)
      cases.append(
        OnnxCase(
          name: "\(name) \(i)", model: bytes,
          inputs: try file.inputs.map { try given[$0.name]?.serialized() },
          outputs: try file.outputs.map { try results[$0.name]?.serialized() },
          relative: 1e-5, absolute: 1e-5))
    }
  }

  private mutating func addLabels() throws {
    let tagger = SequenceTagger(
      vocabularySize: 12,
      encoder: Stacked(count: 2, inputSize: 5, dropout: 0.3) { D in
        Bidirectional { LSTM<Float>(inputSize: D, hiddenSize: 4, using: &rng) }
      }, labels: 3, using: &rng)
    try add("tagger", tagger) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let tokens = trace.tokens("tokens", steps: T, batch: N, below: 12)
      let lengths = trace.lengths("lengths", batch: N, upTo: T)
      trace.output("scores", model(tokens, lengths: lengths, on: trace.graph))
    }
    try add("trained tagger", trained(tagger)) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let tokens = trace.tokens("tokens", steps: T, batch: N, below: 12)
      let lengths = trace.lengths("lengths", batch: N, upTo: T)
      trace.output("labels", model(tokens, lengths: lengths, on: trace.graph).softmax())
    }
    let causal = SequenceTagger(
      vocabularySize: 7,
      encoder: try DefinedLayer<Double>(
        GRUOptions().definition(), inputSize: 3, hiddenSize: 4, using: &rng), labels: 2,
      using: &rng)
    try add("tagger of whole sequences", causal, opset: 20) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let tokens = trace.tokens("tokens", steps: T, batch: N, below: 7)
      trace.output("scores", model(tokens, lengths: nil, on: trace.graph))
    }
    for pooling in SequenceClassifier<Bidirectional<GRU<Float>>>.Pooling.allCases {
      let classifier = SequenceClassifier(
        vocabularySize: 9,
        encoder: Bidirectional { GRU<Float>(inputSize: 4, hiddenSize: 3, using: &rng) },
        classes: 4, pooling: pooling, using: &rng)
      try add("classifier \(pooling)", classifier) { model, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        let tokens = trace.tokens("tokens", steps: T, batch: N, below: 9)
        let lengths = trace.lengths("lengths", batch: N, upTo: T)
        trace.output("classes", model(tokens, lengths: lengths, on: trace.graph))
      }
      try add("classifier \(pooling) of whole sequences", classifier) { model, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        let tokens = trace.tokens("tokens", steps: T, batch: N, below: 9)
        trace.output("classes", model(tokens, lengths: nil, on: trace.graph))
      }
    }
  }

  /// The model after some updates.
  private mutating func trained<Encoder>(
    _ model: SequenceTagger<Encoder>
  ) throws -> SequenceTagger<Encoder> where Encoder.Scalar == Float {
    var model = model
    var adam = Adam(for: model.parameters, learningRate: 0.05)
    let graph = Graph<Float>(threads: 1, seed: 1)
    for _ in 0..<5 {
      let tokens = TokenBatch(
        steps: 6, batch: 4, tokens: (0..<24).map { _ in Token.random(in: 0..<12, using: &rng) })
      let labels = TokenBatch(steps: 6, batch: 4, tokens: tokens.tokens.map { $0 % 3 })
      _ = try model.trainingStep(on: graph, optimizer: &adam) { model, graph in
        model(tokens, lengths: nil, on: graph).crossEntropy(labels)
      }
    }
    return model
  }

  private mutating func addLanguageModels() throws {
    let tree = HuffmanTree(counts: [5, 1, 9, 2, 2, 30, 1, 1, 4, 3, 8])
    let kinds: [(String, TokenOutput<Float>.Kind)] = [
      ("softmax", .softmax), ("tied", .tied), ("tree", .hierarchical(tree)),
    ]
    for (name, kind) in kinds {
      let model = LanguageModel(
        vocabularySize: 11,
        layer: Stacked(count: 2, inputSize: 6) { D in
          LSTM<Float>(inputSize: D, hiddenSize: 6, using: &rng)
        }, output: kind, dropout: 0.4, using: &rng)
      try add("language model \(name)", model) { model, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        let tokens = trace.tokens("tokens", steps: T, batch: N, below: 11)
        let state = trace.values("state", batch: N, features: model.layer.stateSize)
        let run = model(tokens, from: state, on: trace.graph)
        trace.output("scores", run.outputs)
        trace.output("next", run.finalState)
      }
    }
    let model = LanguageModel(
      vocabularySize: 8, layer: GRU<Float>(inputSize: 4, hiddenSize: 5, using: &rng),
      output: .tied, using: &rng)
    try add("language model of sentences", model) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let tokens = trace.tokens("tokens", steps: T, batch: N, below: 8)
      let lengths = trace.lengths("lengths", batch: N, upTo: T)
      trace.output("scores", model(tokens, lengths: lengths, on: trace.graph).outputs)
    }
    try add("language model step", model) { model, trace in
      let N = trace.axis("batch")
      let tokens = trace.tokens("tokens", steps: 1, batch: N, below: 8)
      let state = trace.values("state", batch: N, features: model.layer.stateSize)
      let step = model.step(tokens, state, on: trace.graph)
      trace.output("scores", step.scores)
      trace.output("next", step.state)
    }
    try add(
      "generator of classes", SequenceGenerator(classes: 5, writer: model, using: &rng)
    ) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let state = model.start(
        trace.tokens("classes", steps: 1, batch: N, below: 5), on: trace.graph)
      let tokens = trace.tokens("tokens", steps: T, batch: N, below: 8)
      trace.output("scores", model.writer(tokens, from: state, on: trace.graph).outputs)
    }
    try add(
      "generator from vectors", SequenceGenerator(inputSize: 3, writer: model, using: &rng)
    ) { model, trace in
      let N = trace.axis("batch")
      trace.output("state", model.start(trace.values("vectors", batch: N, features: 3)))
    }
  }

  private mutating func addEncoderDecoders() throws {
    let scores: [(String, Attention<Float>.Score?, Bool, Bool)] = [
      ("without attention", nil, false, false), ("dot", .dot, false, false),
      ("general", .general, true, false), ("additive", .additive(units: 5), false, false),
      ("coverage", .additive(units: 5), true, true),
    ]
    for (name, score, feedsInput, coverage) in scores {
      let model = EncoderDecoder(
        sourceVocabulary: 9, targetVocabulary: 7,
        encoder: Bidirectional { GRU<Float>(inputSize: 4, hiddenSize: 3, using: &rng) },
        attention: score, feedsInput: feedsInput, coverage: coverage, units: 5, embeddingSize: 4,
        using: &rng
      ) { LSTM<Float>(inputSize: $0, hiddenSize: 6, using: &$1) }
      try add("encoder \(name)", model) { model, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        let source = trace.tokens("source", steps: T, batch: N, below: 9)
        let lengths = trace.lengths("lengths", batch: N, upTo: T)
        let encoded = model.encode(source, lengths: lengths, on: trace.graph)
        trace.output("values", encoded.values)
        trace.output("keys", encoded.keys)
        trace.output("state", encoded.state)
      }
      try add("decoder \(name)", model) { model, trace in
        let (T, N) = (trace.axis("steps"), trace.axis("batch"))
        let state =
          model.decoder.stateSize + (feedsInput ? model.output.inputSize : 0) + (coverage ? T : 0)
        let encoded = EncodedSource(
          values: trace.values("values", steps: T, batch: N, features: 6),
          keys: trace.values("keys", steps: T, batch: N, features: score == .dot ? 6 : keys(score)),
          lengths: trace.lengths("lengths", batch: N, upTo: T),
          state: trace.values("state", batch: N, features: state))
        let tokens = trace.tokens("tokens", steps: 1, batch: N, below: 7)
        let step = model.step(tokens, encoded.state, encoded, on: trace.graph)
        trace.output("scores", step.scores)
        trace.output("next", step.state)
        if let attention = step.attention { trace.output("attention", attention) }
      }
      if feedsInput {
        // A loop over the target that always has as many rounds is written round by round.
        try add("unrolled \(name)", model) { model, trace in
          let (T, N) = (trace.axis("steps"), trace.axis("batch"))
          let source = trace.tokens("source", steps: T, batch: N, below: 9)
          let lengths = trace.lengths("lengths", batch: N, upTo: T)
          let inputs = trace.tokens("inputs", steps: 3, batch: N, below: 7)
          let pass = model.pass(source, lengths: lengths, inputs: inputs, on: trace.graph)
          trace.output("scores", pass.scores)
        }
      }
      // With input feeding or coverage, a loop over the target.
      try add(
        "both \(name)", model,
        sizes: [
          ["steps": 5, "batch": 3, "targets": 4], ["steps": 8, "batch": 1, "targets": 2],
          ["steps": 3, "batch": 2, "targets": 1],
        ]
      ) { model, trace in
        let (T, N, U) = (trace.axis("steps"), trace.axis("batch"), trace.axis("targets"))
        let source = trace.tokens("source", steps: T, batch: N, below: 9)
        let lengths = trace.lengths("lengths", batch: N, upTo: T)
        let inputs = trace.tokens("inputs", steps: U, batch: N, below: 7)
        let pass = model.pass(source, lengths: lengths, inputs: inputs, on: trace.graph)
        trace.output("scores", pass.scores)
        if let attention = pass.attention { trace.output("attention", attention) }
      }
    }
    func keys(_ score: Attention<Float>.Score?) -> Int {
      if case .additive(let units) = score { units } else { 6 }
    }
  }

  private mutating func addPointers() throws {
    for rule in PointerNetwork<GRU<Float>, GRU<Float>>.Rule.allCases {
      let model = PointerNetwork(
        features: 2, encoder: GRU<Float>(inputSize: 4, hiddenSize: 5, using: &rng),
        decoder: GRU<Float>(inputSize: 4, hiddenSize: 6, using: &rng), score: .additive(units: 3),
        rule: rule, using: &rng)
      try add("pointer decoder \(rule)", model) { model, trace in
        let (T, N) = (trace.axis("steps", from: 2), trace.axis("batch"))
        let encoded = PointerNetwork<GRU<Float>, GRU<Float>>.Encoded(
          inputs: trace.values("inputs", steps: T + 1, batch: N, features: 4),
          keys: trace.values("keys", steps: T + 1, batch: N, features: 3),
          lengths: trace.lengths("lengths", batch: N, upTo: T),
          state: trace.values("state", batch: N, features: 6 + (rule == .any ? 0 : T)))
        let tokens = trace.tokens("tokens", steps: 1, batch: N, below: T + 1)
        let step = model.step(tokens, encoded.state, encoded, on: trace.graph)
        trace.output("scores", step.scores)
        trace.output("next", step.state)
      }
      let reader = PointerNetwork(
        vocabularySize: 8, encoder: GRU<Float>(inputSize: 4, hiddenSize: 5, using: &rng),
        decoder: GRU<Float>(inputSize: 4, hiddenSize: 5, using: &rng), score: .dot, rule: rule,
        using: &rng)
      try add("pointer network \(rule)", reader) { model, trace in
        let (T, N, U) = (trace.axis("steps"), trace.axis("batch"), trace.axis("targets"))
        let x = trace.tokens("x", steps: T, batch: N, below: 8)
        let lengths = trace.lengths("lengths", batch: N, upTo: T)
        let encoded = model.encode(x, lengths: lengths, on: trace.graph)
        trace.output("inputs", encoded.inputs)
        trace.output("keys", encoded.keys)
        trace.output("state", encoded.state)
        let pointers = trace.tokens("pointers", steps: U, batch: N, below: T + 1)
        trace.output("scores", model(encoded, inputs: pointers, on: trace.graph))
      }
    }
    let base = EncoderDecoder(
      sourceVocabulary: 9, targetVocabulary: 9,
      encoder: GRU<Float>(inputSize: 4, hiddenSize: 5, using: &rng),
      attention: .additive(units: 4), units: 5, embeddingSize: 4, using: &rng
    ) { GRU<Float>(inputSize: $0, hiddenSize: 6, using: &$1) }
    let copying = PointerGenerator(base, unknown: 1, using: &rng)
    try add(
      "copying decoder", copying,
      sizes: [
        ["steps": 1, "batch": 1, "words": 9], ["steps": 6, "batch": 3, "words": 14],
        ["steps": 4, "batch": 2, "words": 10],
      ]
    ) { model, trace in
      let (T, N) = (trace.axis("steps"), trace.axis("batch"))
      let W = trace.axis("words", from: 9)
      let source = trace.tokens("source", steps: T, batch: N, below: W)
      let lengths = trace.lengths("lengths", batch: N, upTo: T)
      let encoded = model.encode(source, wordCount: W, lengths: lengths, on: trace.graph)
      let tokens = trace.tokens("tokens", steps: 1, batch: N, below: W)
      let state = trace.values("state", batch: N, features: 6)
      let step = model.step(tokens, state, encoded, on: trace.graph)
      trace.output("first", encoded.state)
      trace.output("scores", step.scores)
      trace.output("next", step.state)
    }
    try add(
      "copying pass", copying,
      sizes: [
        ["steps": 6, "batch": 3, "words": 14, "targets": 4],
        ["steps": 4, "batch": 2, "words": 10, "targets": 1],
      ]
    ) { model, trace in
      let (T, N, U) = (trace.axis("steps"), trace.axis("batch"), trace.axis("targets"))
      let W = trace.axis("words", from: 9)
      let source = trace.tokens("source", steps: T, batch: N, below: W)
      let lengths = trace.lengths("lengths", batch: N, upTo: T)
      let encoded = model.encode(source, wordCount: W, lengths: lengths, on: trace.graph)
      let inputs = trace.tokens("inputs", steps: U, batch: N, below: W)
      let pass = model(encoded, inputs: inputs, on: trace.graph)
      trace.output("scores", pass.scores)
      if let attention = pass.attention { trace.output("attention", attention) }
    }
  }

  private mutating func addPictures() throws {
    for (name, kind) in [("rows", PixelRNN<Float>.Kind.rowLSTM()), ("diagonals", .diagonalBiLSTM)] {
      for channels in [1, 3] {
        let model = PixelRNN<Float>(
          kind, channels: channels, levels: 4, hiddenSize: 3, layerCount: 1, window: 3, using: &rng)
        try add("pixels by \(name) \(channels)", model) { model, trace in
          let x = trace.values(
            "x", steps: 4 * 5, batch: trace.axis("batch"), features: channels)
          trace.output("scores", model(scaled: x, height: 4, width: 5))
        }
      }
    }
    let decoder = CaptionDecoder<Float>(
      vocabularySize: 9, features: 4, hiddenSize: 5, embeddingSize: 3, using: &rng)
    try add("captions", decoder) { model, trace in
      let (L, N) = (trace.axis("steps"), trace.axis("batch"))
      let places = trace.values("places", steps: L, batch: N, features: 4)
      let lengths = trace.lengths("lengths", batch: N, upTo: L)
      let source = model.source(places, lengths: lengths)
      trace.output("first", source.state)
      let tokens = trace.tokens("tokens", steps: 1, batch: N, below: 9)
      let state = trace.values("state", batch: N, features: 10)
      let step = model.step(tokens, state, source, on: trace.graph)
      trace.output("scores", step.scores)
      trace.output("next", step.state)
      if let attention = step.attention { trace.output("attention", attention) }
    }
  }

  /// Whole captions: a loop over the words, each of which looks anew.
  private mutating func addWholeCaptions() throws {
    let decoder = CaptionDecoder<Float>(
      vocabularySize: 9, features: 4, hiddenSize: 5, embeddingSize: 3, using: &rng)
    try add(
      "whole captions", decoder,
      sizes: [["places": 4, "batch": 3, "words": 6], ["places": 2, "batch": 1, "words": 1]]
    ) { model, trace in
      let (L, N, W) = (trace.axis("places"), trace.axis("batch"), trace.axis("words"))
      let places = trace.values("places", steps: L, batch: N, features: 4)
      let words = trace.tokens("words", steps: W, batch: N, below: 9)
      let captions = FramedBatch(
        inputs: words, labels: words, lengths: [Int](repeating: W, count: N))
      let pass = model.pass(captions, model.source(places), on: trace.graph)
      trace.output("scores", pass.scores)
      trace.output("attention", pass.attention)
    }
  }

  /// A picture's features, and what its first word is chosen by.
  private mutating func addRegions() throws {
    let model = ImageCaptioner<Float>(
      regions: PatchEmbedding(
        height: 6, width: 8, channels: 3, levels: 4, patch: PatchWindow(side: 2, stride: 2),
        patchFeatures: 5, window: PatchWindow(side: 2, stride: 1), features: 6, using: &rng),
      vocabularySize: 7, hiddenSize: 4, embeddingSize: 3, using: &rng)
    try add("regions of pictures", model) { model, trace in
      let patches = trace.values(
        "patches", steps: 3 * 4, batch: trace.axis("batch"), features: 3 * 2 * 2)
      let source = model.decoder.source(model.regions(patches: patches))
      trace.output("values", source.values)
      trace.output("keys", source.keys)
      trace.output("state", source.state)
    }
  }

  /// What is seen of videos of any number of frames: the number of pictures is a product of two axes.
  private mutating func addVideos() throws {
    for places in VideoDescriber<GRU<Float>>.Places.allCases {
      let regions = PatchEmbedding<Float>(
        height: 6, width: 8, channels: 1, levels: 4, patch: PatchWindow(side: 2),
        patchFeatures: 3, window: PatchWindow(side: 2, stride: 1), features: 5, using: &rng)
      let model = VideoDescriber(
        places, regions: regions, encoder: GRU<Float>(inputSize: 5, hiddenSize: 4, using: &rng),
        vocabularySize: 7, hiddenSize: 4, embeddingSize: 3, using: &rng)
      try add(
        "videos, \(places)", model,
        sizes: [["frames": 5, "batch": 3], ["frames": 1, "batch": 1], ["frames": 2, "batch": 4]]
      ) { model, trace in
        let (T, N) = (trace.axis("frames"), trace.axis("batch"))
        let patches = trace.values("patches", steps: 3 * 4, batch: T * N, features: 4)
        let source = model.look(
          patches: patches, lengths: trace.lengths("lengths", batch: N, upTo: T))
        trace.output("values", source.values)
        trace.output("keys", source.keys)
        trace.output("state", source.state)
      }
    }
  }

  private mutating func addOperations() throws {
    let odds = Odds<Float>(
      norm: LayerNorm(features: 4), matrix: Parameter(rows: 4, columns: 4, using: &rng))
    try add("operations", odds, opset: 18) { odds, trace in odds.record(trace) }
    try add(
      "loops", odds,
      sizes: [["steps": 2, "batch": 1], ["steps": 9, "batch": 4], ["steps": 3, "batch": 2]]
    ) { odds, trace in odds.loop(trace) }
    let precise = Odds<Double>(
      norm: LayerNorm(features: 4), matrix: Parameter(rows: 4, columns: 4, using: &rng))
    try add("operations in double", precise) { odds, trace in odds.record(trace) }
  }
}

/// What the models of the package do not do.
private struct Odds<Scalar: RecurrentScalar & OnnxScalar>: Model {
  var norm: LayerNorm<Scalar>
  var matrix: Parameter<Scalar>

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("norm", &norm)
    part("matrix", &matrix)
  }

  /// A loop from the second step on, with two states of which one is read afterwards, the steps of another sequence
  /// one behind, and what all rounds gave behind what came before them.
  func loop(_ trace: OnnxTrace<Scalar>) {
    let (T, N) = (trace.axis("steps", from: 2), trace.axis("batch"))
    let x = norm(trace.values("x", steps: T, batch: N, features: 4))
    let y = trace.values("y", steps: T, batch: N, features: 4)
    let scale = x.mean(over: .steps).sigmoid()
    var (sum, decayed) = (x[step: 0], x[step: 0] * scale)
    var (sums, products) = ([sum], [Node<Scalar>]())
    for t in 1..<T {
      let before = sum
      sum = (before + x[step: t] * y[step: t - 1]).tanh()
      decayed = decayed * scale + before
      sums.append(sum)
      products.append(decayed.product(matrix(on: trace.graph)))
    }
    trace.output("sums", .joined(sums, along: .steps) * y)
    trace.output("products", .joined(products, along: .steps).exp())
    trace.output("last", decayed * sum)
  }

  func record(_ trace: OnnxTrace<Scalar>) {
    let graph = trace.graph
    let (T, N) = (trace.axis("steps"), trace.axis("batch"))
    let x = trace.values("x", steps: T, batch: N, features: 4)
    let lengths = trace.lengths("lengths", batch: N, upTo: T)
    let numbers = trace.tokens("numbers", steps: T, batch: N, below: 4)
    let y = norm(x)
    trace.output("norm", y)
    let positive = y.squared() + 0.25
    trace.output("roots", positive.squareRoot() / positive.log().magnitude().exp())
    trace.output("clamped", (2 - y.clamped(to: -0.5...0.7)) * 3 - 1)
    let functions: [Activation] = [
      .leakyRelu(), .elu(), .softplus, .softsign, .hardSigmoid(), .sigmoid, .relu, .identity,
    ]
    trace.output("functions", functions.map { y.activated($0) }.reduce(x) { $0 * $1 + $1 })
    trace.output("means", y.mean(over: .steps) + y.mean(over: .batch) + y.mean(over: .features))
    trace.output("mean", y.mean())
    trace.output("all", (y.sum() + y.sum().mean()).stopGradient())
    trace.output(
      "largest", y.maximum(over: .steps) - y.maximum(over: .batch) * y.maximum(over: .features))
    trace.output("earlier", y.sumsOfEarlierSteps())
    let W = matrix(on: graph)
    trace.output("products", y.product(W) + y.product(transposed: W))
    let e = y.innerProducts(with: x)
    trace.output("sums", e.softmax(lengths: lengths).weightedSums(of: x))
    trace.output("logs", e.logSoftmax(lengths: lengths))
    trace.output("dot", y.attending(keys: x, values: y, scale: 0.5, lengths: lengths).context)
    trace.output("entropy", e.entropy())
    trace.output("picked", y.logSoftmax().picked(numbers))
    trace.output("seen", graph.occurrences(of: numbers, features: 4) * y)
    let valid = graph.validSteps(lengths, steps: T)
    trace.output("valid", graph.validFeatures(lengths, features: T) + valid.sum(over: .steps))
    trace.output("masked", y.masked(where: x))
    trace.output("ends", x[step: T - 1].joined(x[steps: 0..<T - 1], along: .steps))
    trace.output("parts", x[batch: 0..<1] * x[features: 1..<3][features: 0..<1])
    trace.output("size", y * Scalar(T) + 1 / Scalar(N))
    let rows = (0..<N).map { _ in Token(0) }
    trace.output(
      "first", x.gathered(rows: TokenBatch(steps: 1, batch: N, tokens: rows)))
  }
}
