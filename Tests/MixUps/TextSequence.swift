import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A sequence of calls of language models.
final class TextSequence: Caller, CallSequence {
  typealias Model = LanguageModel<LSTM<Float>>
  private var models: [(name: String, value: Model, sizes: [Int])] = []
  private var graphs: [Graph<Float>] = []

  override init(_ dice: Dice, _ log: SharedLog) {
    super.init(dice, log)
    for i in 0..<3 {
      let alphabet = String("abcdefgh".prefix(3 + self.dice.below(3)))
      let (D, H) = (2 + self.dice.below(2), 3 + self.dice.below(2))
      let vocabulary = Vocabulary(
        counting: alphabet, by: CharacterTokenizer(), special: [.unknown])
      models.append(
        (
          "model\(i)",
          .lstm(
            vocabularySize: vocabulary.count, embeddingSize: D, hiddenSize: H, using: &self.dice.rng
          ),
          [vocabulary.count, D, H]
        ))
      log.note("model\(i) = LanguageModel(V, D, H = \(models[i].sizes))")
      graphs.append(Graph(threads: 1 + i % 2, seed: UInt64(i)))
    }
  }

  func call() {
    switch dice.below(6) {
    case 0...2: train()
    case 3: evaluate()
    case 4: read()
    default: assign()
    }
  }

  private func train() {
    let (i, g) = (dice.below(models.count), dice.below(graphs.count))
    let (V, H) = (models[i].sizes[0], models[i].sizes[2])
    let (T, N) = (1 + dice.below(4), 1 + dice.below(3))
    var window = TokenWindow()
    window.inputs = tokens(T, N, V)
    window.targets = tokens(dice.slips() ? T + 1 : T, N, V)
    let width = dice.slips() ? dice.almost(2 * H) : 2 * H
    var state: SequenceBatch<Float>? =
      dice.oneIn(3) ? nil : dice.batch(1, dice.slips() ? dice.almost(N) : N, width)
    let fits =
      window.targets.shape == [T, N] && (state.map { $0.shape == [1, N, 2 * H] } ?? true)
    will(
      """
      \(models[i].name).trainingStep(\(window.inputs.shape), \(window.targets.shape), \
      state: \(state?.shape ?? []), on: graph\(g))
      """, fits ? .fits : .traps)
    var (model, expectedState) = (fresh(models[i].value), state)
    // The same random choices on both graphs.
    let noise = graphs[g].noise
    let loss = step(&models[i].value, window, &state, graphs[g])
    returned(fits ? .fits : .traps)
    guard fits else { return }
    let graph = Graph<Float>(threads: 1)
    graph.noise = noise
    if step(&model, window, &expectedState, graph) != loss {
      log.note(wrong: "another loss than fresh objects give")
    }
    check(state?.numbers ?? [], expectedState?.numbers ?? [], "state")
    check(graphs[g].gradients.numbers, graph.gradients.numbers, "gradient")
    check(models[i].value.parameters.numbers, model.parameters.numbers, "parameter")
  }

  private func step(
    _ model: inout Model, _ window: TokenWindow, _ state: inout SequenceBatch<Float>?,
    _ graph: Graph<Float>
  ) -> Loss? {
    var sgd = SGD(for: model.parameters, learningRate: 0.1)
    return try? model.trainingStep(
      window, state: &state, on: graph, optimizer: &sgd, maximumNorm: 1
    ).loss
  }

  private func fresh(_ model: Model) -> Model {
    var result = model
    result.parameters = model.parameters.zeros().filled(with: model.parameters)
    return result
  }

  private func tokens(_ steps: Int, _ batch: Int, _ V: Int) -> TokenBatch {
    TokenBatch(
      steps: steps, batch: batch, tokens: (0..<steps * batch).map { _ in Token(dice.below(V)) })
  }

  private func evaluate() {
    let model = dice.pick(models)
    let slips = dice.slips()
    let text = (0..<9).map { _ in Token(dice.below(model.sizes[0])) } + (slips ? [90] : [])
    will("\(model.name).evaluate(\(text))", slips ? .traps : .fits)
    let loss = model.value.evaluate(text, streams: 2, steps: 3)
    returned(slips ? .traps : .fits)
    if loss != fresh(model.value).evaluate(text, streams: 2, steps: 3) {
      log.note(wrong: "another loss than fresh objects give")
    }
  }

  private func read() {
    let model = dice.pick(models)
    var reader = TokenReader(model.value)
    let token = Token(dice.slips() ? model.sizes[0] : dice.below(model.sizes[0]))
    let fits = Int(token) < model.sizes[0]
    will("TokenReader(\(model.name)).read(\(token))", fits ? .fits : .traps)
    reader.read(token)
    returned(fits ? .fits : .traps)
    var other = TokenReader(fresh(model.value))
    other.read(token)
    check(reader.scores.numbers, other.scores.numbers, "scores")
  }

  private func assign() {
    let (i, j) = (dice.below(3), dice.below(3))
    let fits = models[i].sizes == models[j].sizes
    if !fits && !dice.slips() {
      log.note("\(models[i].name).output.linear.parameters.b = …")
      let b: Matrix<Float> = dice.matrix(1, models[i].sizes[0])
      models[i].value.output.linear?.parameters.b = b
      return
    }
    will("\(models[i].name).parameters = \(models[j].name).parameters", fits ? .fits : .traps)
    let parameters = models[j].value.parameters
    models[i].value.parameters = parameters
    returned(fits ? .fits : .traps)
  }
}
