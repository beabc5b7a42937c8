import Autodiff
import Charts
import LinAlg
import Recurrent
import SequenceModels

/// 成语接龙: chains of idioms, each beginning with the last character of the one before. The model learns the
/// dictionary character by character, and writes each link from `<bos>` and that character to `<eos>`.
enum IdiomChains: Experiment {
  static let name = "idioms"
  static let summary = "chains of Chinese idioms, sampled link by link"

  static func measure(_ run: ExperimentRun) throws {
    let all = try Idioms(run.data).idioms
    let idioms = Array(all.prefix(run.choose(smoke: 300, full: all.count)))
    let vocabulary = Vocabulary(
      counting: idioms.lazy.joined().map(String.init), special: [.beginning, .end])
    let frame = SequenceFrame(vocabulary)
    let tokens = idioms.map { vocabulary.encode($0.map(String.init)) }
    var rng = SeededGenerator(seed: run.seed)
    var model = LanguageModel<LSTM<Float>>.lstm(
      vocabularySize: vocabulary.count, embeddingSize: run.choose(smoke: 32, full: 128),
      hiddenSize: run.choose(smoke: 96, full: 512), using: &rng)
    let graph = Graph<Float>(threads: run.threads, seed: run.seed)
    var order = BatchOrder(
      FramedSequences(tokens, frame: frame)
        .buckets(batch: run.choose(smoke: 30, full: 64), seed: run.seed))
    let epochs = run.choose(smoke: 200, full: 40)
    let curve = try Fitting(updates: epochs * order.batchesPerEpoch, rate: 4e-3)
      .train(&model, on: graph, of: run) {
        frame(order.next().map { tokens[$0] })
      } loss: {
        $0.loss($1, on: $2)
      }
    run.show(
      .lines(LineFigure(title: "Idioms", x: "update", y: "cross-entropy", series: [curve])))

    let (chains, links) = run.choose(smoke: (5, 20), full: (20, 50))
    let (dictionary, beginnings) = (Set(tokens), Set(tokens.map { $0[0] }))
    func fresh() -> Token {
      // The last character of an idiom that others can follow.
      while true {
        let last = tokens[Int.random(in: 0..<tokens.count, using: &rng)][3]
        if beginnings.contains(last) { return last }
      }
    }
    var heads = (0..<chains).map { _ in fresh() }
    var (right, ended, found) = (0, 0, Set<[Token]>())
    var written = [[String]](repeating: [], count: chains)
    for round in 0..<links {
      var sampler = SequenceSampler(maximumLength: 12)
      sampler.seed = run.seed &+ UInt64(round)
      let next = model.write(
        after: heads.map { [frame.beginning, $0] }, by: sampler, end: frame.end,
        threads: run.threads)
      for n in 0..<chains {
        let link = [heads[n]] + next[n][0].tokens
        if next[n][0].hasEnded { ended += 1 }
        if next[n][0].hasEnded, dictionary.contains(link) {
          right += 1
          found.insert(link)
        }
        written[n].append(vocabulary.decode(link).joined())
        let last = link[link.count - 1]
        // A chain whose last character begins nothing has ended.
        heads[n] = beginnings.contains(last) ? last : fresh()
        if heads[n] != last { written[n].append("|") }
      }
    }
    let count = Double(chains * links)
    run.report(
      "links that are idioms", Double(right) / count,
      run.choose(smoke: .atLeast(0.8), full: .atLeast(0.95)),
      parameters: model.parameters.scalarCount,
      note: "\(chains * links) links at temperature 1, \(idioms.count) idioms")
    run.report(
      "different idioms", Double(found.count),
      run.choose(smoke: .atLeast(10), full: .atLeast(200)))
    run.report(
      "ended by <eos>", Double(ended) / count, .atLeast(run.choose(smoke: 0.5, full: 0.95)))
    run.show(
      .text(
        title: "Chains", lines: written.prefix(6).map { $0.prefix(12).joined(separator: " ") }))
  }
}
