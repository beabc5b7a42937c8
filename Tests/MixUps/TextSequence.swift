import LinAlg
import Recurrent
import SequenceModels

/// A sequence of calls of character models.
final class TextSequence: Caller, CallSequence {
  typealias Model = CharacterLanguageModel<LSTM<Float>>
  private var models: [(name: String, value: Model, sizes: [Int])] = []
  private var tapes:
    [(name: String, tape: CharacterModelTape<LSTM<Float>>, model: Int, room: [Int])] =
      []
  private var states: [LSTMState<Float>] = []

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
          .lstm(vocabulary: vocabulary, embeddingSize: D, hiddenSize: H, using: &self.dice.rng),
          [vocabulary.count, D, H]
        ))
      log.note("model\(i) = CharacterLanguageModel(V, D, H = \(models[i].sizes))")
      let room = [1 + self.dice.below(4), 1 + self.dice.below(3)]
      tapes.append(
        ("tape\(i)", models[i].value.makeTape(steps: room[0], batch: room[1]), i, room))
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
    let t = dice.below(tapes.count)
    let i = dice.slips() ? dice.below(models.count) : tapes[t].model
    let (V, H) = (models[i].sizes[0], models[i].sizes[2])
    let (room, sizes) = (tapes[t].room, models[tapes[t].model].sizes)
    let T = dice.slips() ? room[0] + 1 : 1 + dice.below(room[0])
    let N = dice.slips() ? room[1] + 1 : 1 + dice.below(room[1])
    var window = TokenWindow()
    window.inputs = tokens(T, N, V)
    window.targets = tokens(dice.slips() ? T + 1 : T, N, V)
    var state = models[i].value.layer.zeroState(batch: N)
    if dice.slips() { log.note("state." + state.disturb(&dice)) }
    let fits =
      T <= room[0] && N <= room[1] && window.targets.shape == [T, N] && sizes == models[i].sizes
      && state.shapes == [[N, H], [N, H]]
    will(
      """
      \(models[i].name).backpropagate(\(window.inputs.shape), state: \(state.shapes), \
      tape: \(tapes[t].name))
      """, fits ? .fits : .traps)
    let start = state
    let loss = models[i].value.backpropagate(window, state: &state, tape: tapes[t].tape)
    returned(fits ? .fits : .traps)
    guard fits else { return }
    let model = fresh(models[i].value)
    let tape = model.makeTape(steps: T, batch: N)
    var expected = start
    let freshLoss = model.backpropagate(window, state: &expected, tape: tape)
    check(state.numbers, expected.numbers, "state")
    check(tapes[t].tape.gradients.numbers, tape.gradients.numbers, "gradient")
    if loss != freshLoss { log.note(wrong: "another loss than fresh objects give") }
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
    var stream = CharacterStream(model.value)
    let token = Token(dice.slips() ? model.sizes[0] : dice.below(model.sizes[0]))
    let fits = Int(token) < model.sizes[0]
    will("CharacterStream(\(model.name)).read(\(token))", fits ? .fits : .traps)
    stream.read(token)
    returned(fits ? .fits : .traps)
    var other = CharacterStream(fresh(model.value))
    other.read(token)
    check(stream.logits.numbers, other.logits.numbers, "logits")
  }

  private func assign() {
    let (i, j) = (dice.below(3), dice.below(3))
    let fits = models[i].sizes == models[j].sizes
    if !fits && !dice.slips() {
      log.note("\(models[i].name).withMutableParameters { … }")
      let b: Matrix<Float> = dice.matrix(1, models[i].sizes[0])
      models[i].value.withMutableParameters { $0.output.b = b }
      return
    }
    will("\(models[i].name).parameters = \(models[j].name).parameters", fits ? .fits : .traps)
    models[i].value.parameters = models[j].value.parameters
    returned(fits ? .fits : .traps)
  }
}
