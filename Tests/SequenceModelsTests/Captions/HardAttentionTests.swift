import Autodiff
import LinAlg
import RealModule
import Recurrent
import SequenceModels
import Testing

@Suite struct HardAttentionTests {
  /// Two regions and two words with their end: eight ways to look.
  private static func sample() -> (ImageCaptioner<Double>, [Token], [Token]) {
    var rng = SeededGenerator(seed: 11)
    let regions = PatchEmbedding<Double>(
      height: 2, width: 3, levels: 3, patch: PatchWindow(side: 2, stride: 1), patchFeatures: 4,
      features: 3, using: &rng)
    let model = ImageCaptioner(
      regions: regions, vocabularySize: 5, hiddenSize: 3, embeddingSize: 2, using: &rng)
    return (model, [1, 2, 0, 0, 2, 1], [2, 4])
  }

  private static func scenes(_ picture: [Token], _ count: Int) -> PixelBatch {
    PixelBatch([[Token]](repeating: picture, count: count), height: 2, width: 3)
  }

  @Test func `weighted by their probabilities, the gradients are the expectation's`() {
    let (model, picture, words) = Self.sample()
    let graph = Graph<Double>(threads: 1)
    // Path `n` looks, at step `t`, at region `n / 2ᵗ mod 2`.
    func choice(_ path: Int) -> (Node<Double>, Int) -> TokenBatch {
      { scores, t in
        TokenBatch(
          steps: 1, batch: scores.batch,
          tokens: (0..<scores.batch).map { Token((scores.batch == 1 ? path : $0) >> t & 1) })
      }
    }
    // All paths side by side.
    let eight = CaptionSamples.frame([[Token]](repeating: words, count: 8))
    var probabilities: [Double] = []
    _ = model.gradients(on: graph) { model, graph in
      let source = model.look(at: Self.scenes(picture, 8), on: graph)
      let pass = model.decoder.pass(eight, source, choosing: choice(0), on: graph)
      guard let places = pass.places else { return pass.loss(eight) }
      let likelihoods = places.logProbabilities.sum(over: .steps).exp()
      probabilities = likelihoods.value.elements
      let logs = pass.scores.logSoftmax().picked(eight.labels).sum(over: .steps)
      return (likelihoods * logs).sum() * (-1 / 3)
    }
    let exact = graph.gradients.elements
    #expect(abs(probabilities.reduce(0, +) - 1) < 1e-13)

    let one = CaptionSamples.frame([words])
    var hard = HardAttention()
    func gradients(_ path: Int, _ hard: HardAttention) -> ([Double], HardAttention) {
      var after = hard
      _ = model.gradients(on: graph) { model, graph in
        let source = model.look(at: Self.scenes(picture, 1), on: graph)
        let pass = model.decoder.pass(one, source, choosing: choice(path), on: graph)
        return after.loss(of: pass, one)
      }
      return (graph.gradients.elements, after)
    }
    // Without a baseline, and with one that is not zero.
    for _ in 0..<2 {
      var sum = [Double](repeating: 0, count: exact.count)
      for path in 0..<8 {
        for (i, g) in gradients(path, hard).0.enumerated() { sum[i] += probabilities[path] * g }
      }
      #expect(relativeError(sum, exact) < 1e-12, "baseline \(hard.meanReward ?? 0)")
      hard = gradients(5, hard).1
      #expect((hard.meanReward ?? 0) < -0.5)
    }
    // What the words alone would teach is something else.
    hard.rewardWeight = 0
    var sum = [Double](repeating: 0, count: exact.count)
    for path in 0..<8 {
      for (i, g) in gradients(path, hard).0.enumerated() { sum[i] += probabilities[path] * g }
    }
    #expect(relativeError(sum, exact) > 1e-3)
  }

  @Test func `the loss by hand, with entropy and with captions that see the mean`() {
    let model = CaptionSamples.captioner()
    let captions = CaptionSamples.frame(CaptionSamples.captions)
    let forced: (Node<Double>, Int) -> TokenBatch = { _, t in
      // The second caption sees means; of the others nothing is chosen behind their ends.
      TokenBatch(
        steps: 1, batch: 3, tokens: [Token(t), -1, t == 0 ? 3 : -1])
    }
    var hard = HardAttention()
    (hard.rewardWeight, hard.entropyWeight) = (0.7, 0.3)
    model.evaluate(on: Graph()) { model, graph in
      let source = model.look(at: CaptionSamples.pictures(3), on: graph)
      let pass = model.decoder.pass(captions, source, choosing: forced, on: graph)
      let alpha = pass.attention.value
      let logs = pass.scores.logSoftmax().value
      let M = Double(captions.tokenCount)
      let words = (0..<3).map { n in
        (0..<captions.lengths[n]).map { logs[$0, n, Int(captions.labels[$0, n])] }
      }
      func byHand(_ baseline: Double) -> Double {
        var loss = -words.joined().reduce(0, +) / M
        for n in [0, 2] {
          for t in 0..<captions.lengths[n] {
            let place = n == 0 ? t : 3
            let reward = words[n][t...].reduce(0) { $0 + $1 - baseline }
            loss -= 0.7 * reward * .log(alpha[t, n, place]) / M
            for i in 0..<6 { loss += 0.3 * alpha[t, n, i] * .log(alpha[t, n, i]) / M }
          }
        }
        return loss
      }
      let first = Double(hard.loss(of: pass, captions).scalar)
      #expect(abs(first - byHand(0)) < 1e-12)
      // The mean over the words of those that saw places.
      let mean = (words[0] + words[2]).reduce(0, +) / 5
      #expect(abs((hard.meanReward ?? 0) - mean) < 1e-12)
      #expect(abs(Double(hard.loss(of: pass, captions).scalar) - byHand(mean)) < 1e-12)
      // Those that see the mean are those of soft attention.
      let soft = model.decoder.pass(captions, source, on: graph).scores.value
      let scores = pass.scores.value
      for t in 0..<2 {
        for k in 0..<CaptionSamples.words {
          #expect(abs(scores[t, 1, k] - soft[t, 1, k]) < 1e-13)
          #expect(scores[t, 0, k] != soft[t, 0, k])
        }
      }
    }
  }

  /// What a pass draws for copies of one picture, and the weights that it is drawn by at the first word.
  private func draws(
    _ hard: HardAttention, copies: Int, seed: UInt64 = 31, threads: Int = 1,
    sequences: [Int]? = nil
  ) -> (drawn: TokenBatch, alpha: [Double]) {
    let graph = Graph<Double>(threads: threads, seed: seed)
    graph.noise.sequences = sequences
    let picture = CaptionSamples.pictures(1).picture(0)
    let pictures = PixelBatch([[Token]](repeating: picture, count: copies), height: 4, width: 5)
    let captions = CaptionSamples.frame([[Token]](repeating: [2, 3], count: copies))
    var drawn = TokenBatch(repeating: 0, steps: 0, batch: 0)
    var alpha: [Double] = []
    _ = CaptionSamples.captioner().gradients(on: graph) { model, graph in
      let pass = model.decoder.pass(
        captions, model.look(at: pictures, on: graph), drawing: hard, on: graph)
      drawn = pass.places?.drawn ?? drawn
      alpha = (0..<6).map { pass.attention.value[0, 0, $0] }
      return pass.loss(captions)
    }
    return (drawn, alpha)
  }

  @Test func `places are drawn by their weights, and some captions see means`() {
    var hard = HardAttention()
    hard.softShare = 0.25
    let copies = 4000
    let (drawn, alpha) = draws(hard, copies: copies)
    #expect(drawn.steps == 3)
    var counts = [Double](repeating: 0, count: 6)
    var soft = 0.0
    for n in 0..<copies {
      let places = (0..<3).map { drawn[$0, n] }
      // A caption sees means at all of its words or at none.
      #expect(Set(places.map { $0 < 0 }).count == 1)
      if places[0] < 0 { soft += 1 } else { counts[Int(places[0])] += 1 }
    }
    let n = Double(copies)
    #expect(abs(soft / n - 0.25) < 5 * (0.25 * 0.75 / n).squareRoot(), "graph's seed 31")
    let hardCount = n - soft
    for i in 0..<6 {
      let error = (alpha[i] * (1 - alpha[i]) / hardCount).squareRoot()
      #expect(abs(counts[i] / hardCount - alpha[i]) < 5 * error, "graph's seed 31, place \(i)")
    }
    // Weights that differ by more than the test's bounds.
    #expect((alpha.max() ?? 0) > 1.5 * (alpha.min() ?? 1))
  }

  @Test func `draws follow from the sequence and the seed, not from threads or company`() {
    let hard = HardAttention()
    let one = draws(hard, copies: 60).drawn
    #expect(draws(hard, copies: 60, threads: 3).drawn.tokens == one.tokens)
    #expect(draws(hard, copies: 60, seed: 32).drawn.tokens != one.tokens)
    let some = draws(hard, copies: 3, sequences: [41, 7, 12]).drawn
    for (n, sequence) in [41, 7, 12].enumerated() {
      for t in 0..<3 { #expect(some[t, n] == one[t, sequence]) }
    }
  }

  @Test func `nothing is drawn behind the end of a caption`() {
    var hard = HardAttention()
    hard.softShare = 0
    let captions = CaptionSamples.frame(CaptionSamples.captions)
    _ = CaptionSamples.captioner().gradients(on: Graph<Double>(seed: 33)) { model, graph in
      let source = model.look(at: CaptionSamples.pictures(3), on: graph)
      let pass = model.decoder.pass(captions, source, drawing: hard, on: graph)
      #expect(pass.places?.lengths == captions.lengths)
      for n in 0..<3 {
        for t in 0..<captions.inputs.steps {
          #expect((pass.places?.drawn[t, n] ?? -1 >= 0) == (t < captions.lengths[n]))
        }
      }
      return hard.loss(of: pass, captions)
    }
  }

  @Test func `threads change no bit`() {
    let captions = CaptionSamples.frame(CaptionSamples.captions)
    let pictures = CaptionSamples.pictures(3)
    #expect(
      threadsAgree(CaptionSamples.captioner()) { model, graph in
        var hard = HardAttention()
        hard.entropyWeight = 0.1
        let pass = model.decoder.pass(
          captions, model.look(at: pictures, on: graph), drawing: hard, on: graph)
        return hard.loss(of: pass, captions, evenness: 0.1)
      })
  }

  @Test func `a pass without places traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let captions = CaptionSamples.frame(CaptionSamples.captions)
      var hard = HardAttention()
      CaptionSamples.captioner().evaluate(on: Graph()) { model, graph in
        let source = model.look(at: CaptionSamples.pictures(3), on: graph)
        _ = hard.loss(of: model.decoder.pass(captions, source, on: graph), captions)
      }
    }
    #expect(message(result).contains("HardAttention: a pass that has drawn no places"))
  }
}
