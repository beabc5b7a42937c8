import LinAlg
import Recurrent
import SequenceModels

/// A sequence of calls of what surrounds a recurrent layer: embeddings, linear maps, dropout, the loss,
/// clipping.
final class ModelSequence<Scalar: RecurrentScalar>: Caller, CallSequence {
  private struct Recording<Layer, Input> {
    var layer: Layer
    var name: String
    var changes: Int
    var input: Input
  }

  private var tables: [(name: String, value: Embedding<Scalar>, sizes: [Int], changes: Int)] = []
  private var maps: [(name: String, value: Linear<Scalar>, sizes: [Int], changes: Int)] = []
  private var tableTapes:
    [(name: String, tape: EmbeddingTape<Scalar>, was: Recording<Embedding<Scalar>, TokenBatch>?)] =
      []
  private var mapTapes:
    [(
      name: String, tape: LinearTape<Scalar>,
      was: Recording<Linear<Scalar>, SequenceBatch<Scalar>>?
    )] = []
  private var dropoutTapes: [(tape: DropoutTape<Scalar>, was: (Dropout, RecordingNoise?, [Int])?)] =
    []

  override init(_ dice: Dice, _ log: SharedLog) {
    super.init(dice, log)
    for i in 0..<3 {
      let (V, D, K) = (self.dice.size(), self.dice.size(), self.dice.size())
      tables.append(
        (
          "E\(i)", Embedding(vocabularySize: V, features: D, using: &self.dice.rng), [V, D], 0
        ))
      maps.append(
        ("A\(i)", Linear(inputSize: D, outputSize: K, using: &self.dice.rng), [D, K], 0))
      log.note("E\(i) = Embedding(\(V), \(D)), A\(i) = Linear(\(D), \(K))")
      tableTapes.append(("F\(i)", EmbeddingTape(), nil))
      mapTapes.append(("M\(i)", LinearTape(), nil))
      dropoutTapes.append((DropoutTape(), nil))
    }
  }

  func call() {
    switch dice.below(12) {
    case 0...2: embed()
    case 3...4: scatter()
    case 5...6: map()
    case 7...8: mapBack()
    case 9: change()
    case 10: drop()
    default: dice.oneIn(2) ? lose() : clip()
    }
  }

  // MARK: Embeddings

  private func isWhole(_ value: Embedding<Scalar>, _ sizes: [Int]) -> Bool {
    value.parameters.block.specs
      == EmbeddingParameters<Scalar>(vocabularySize: sizes[0], features: sizes[1]).block.specs
  }

  private func embed() {
    let table = dice.pick(tables)
    let t = dice.below(tableTapes.count)
    let (T, N, V) = (dice.below(5), dice.below(4), table.sizes[0])
    var tokens = TokenBatch(
      steps: T, batch: N, tokens: (0..<T * N).map { _ in Token(dice.below(V)) })
    var fits = isWhole(table.value, table.sizes)
    if dice.slips(), T * N > 0 {
      tokens[dice.below(T), dice.below(N)] = dice.oneIn(2) ? -1 : Token(V + dice.below(3))
      fits = false
    }
    will(
      "\(table.name).forward(tokens \(tokens.shape), recording: \(tableTapes[t].name))",
      fits ? .fits : .traps)
    let y = table.value.forward(tokens, recording: tableTapes[t].tape)
    returned(fits ? .fits : .traps)
    guard fits else { return }
    let W = table.value.parameters.W
    let expected = tokens.tokens.flatMap { token in
      (0..<table.sizes[1]).map { W[Int(token), $0] }
    }
    check(y.numbers, expected, "row of the table")
    tableTapes[t].was = Recording(
      layer: table.value, name: table.name, changes: table.changes, input: tokens)
  }

  private func scatter() {
    let t = dice.below(tableTapes.count)
    let was = tableTapes[t].was
    let maker = tables.first { $0.name == was?.name } ?? dice.pick(tables)
    let table = dice.slips() ? dice.pick(tables) : maker
    let D = dice.slips() ? dice.almost(table.sizes[1]) : table.sizes[1]
    let shape = was?.input.shape ?? [2, 2]
    let dy: SequenceBatch<Scalar> = dice.batch(
      shape[0], dice.slips() ? dice.almost(shape[1]) : shape[1], D)
    let other = dice.pick(tables)
    var gradients = (dice.slips() ? other : table).value.parameters.zeros()
    var expectation = SharedLog.Expectation.traps
    if let was, isWhole(table.value, table.sizes),
      dy.shape == [shape[0], shape[1], table.sizes[1]],
      gradients.block.specs == table.value.parameters.block.specs,
      was.layer.parameters.block.specs == table.value.parameters.block.specs,
      same(was.layer.parameters.numbers, table.value.parameters.numbers)
    {
      expectation = table.name == was.name && table.changes == was.changes ? .fits : .either
    }
    will(
      """
      \(table.name).backward(\(dy.shape), through: \(tableTapes[t].name), \
      accumulatingInto: &\(gradients.block.specs.map { "[\($0.rows), \($0.columns)]" }))
      """, expectation)
    table.value.backward(dy, through: tableTapes[t].tape, accumulatingInto: &gradients)
    returned(expectation)
    tableTapes[t].was = nil
    guard expectation != .traps, let was else { return }
    var expected = Matrix<Scalar>.zeros(rows: table.sizes[0], columns: table.sizes[1])
    for (i, token) in was.input.tokens.enumerated() {
      for d in 0..<table.sizes[1] { expected[Int(token), d] += dy.numbers[i * table.sizes[1] + d] }
    }
    check(gradients.W.numbers, expected.numbers, "gradient of the table")
  }

  // MARK: Linear maps

  private func isWhole(_ value: Linear<Scalar>, _ sizes: [Int]) -> Bool {
    value.parameters.block.specs
      == LinearParameters<Scalar>(inputSize: sizes[0], outputSize: sizes[1]).block.specs
  }

  private func fresh(_ value: Linear<Scalar>) -> Linear<Scalar> {
    Linear(parameters: value.parameters.zeros().filled(with: value.parameters))
  }

  private func map() {
    let map = dice.pick(maps)
    let t = dice.below(mapTapes.count)
    let D = dice.slips() ? dice.almost(map.sizes[0]) : map.sizes[0]
    if dice.oneIn(3) {
      let rows = dice.below(4)
      let x: Matrix<Scalar> = dice.matrix(rows, D)
      var y: Matrix<Scalar> = dice.matrix(
        dice.slips() ? dice.almost(rows) : rows,
        dice.slips() ? dice.almost(map.sizes[1]) : map.sizes[1])
      let fits =
        isWhole(map.value, map.sizes) && D == map.sizes[0] && y.shape == [rows, map.sizes[1]]
      will("\(map.name).apply(\(x.shape), into: &\(y.shape))", fits ? .fits : .traps)
      map.value.apply(x, into: &y)
      returned(fits ? .fits : .traps)
      if fits { check(y.numbers, fresh(map.value)(x).numbers, "product") }
      return
    }
    let x: SequenceBatch<Scalar> = dice.batch(dice.below(4), dice.below(4), D)
    let fits = isWhole(map.value, map.sizes) && D == map.sizes[0]
    will(
      "\(map.name).forward(\(x.shape), recording: \(mapTapes[t].name))", fits ? .fits : .traps)
    let y = map.value.forward(x, recording: mapTapes[t].tape)
    returned(fits ? .fits : .traps)
    guard fits else { return }
    check(y.numbers, fresh(map.value)(x).numbers, "product")
    mapTapes[t].was = Recording(
      layer: fresh(map.value), name: map.name, changes: map.changes, input: x)
  }

  private func mapBack() {
    let t = dice.below(mapTapes.count)
    let was = mapTapes[t].was
    let maker = maps.first { $0.name == was?.name } ?? dice.pick(maps)
    let map = dice.slips() ? dice.pick(maps) : maker
    let shape = was?.input.shape ?? [2, 2, 2]
    let dy: SequenceBatch<Scalar> = dice.batch(
      dice.slips() ? dice.almost(shape[0]) : shape[0], shape[1],
      dice.slips() ? dice.almost(map.sizes[1]) : map.sizes[1])
    let other = dice.pick(maps)
    var gradients = (dice.slips() ? other : map).value.parameters.zeros()
    var expectation = SharedLog.Expectation.traps
    if let was, isWhole(map.value, map.sizes), dy.shape == [shape[0], shape[1], map.sizes[1]],
      gradients.block.specs == map.value.parameters.block.specs,
      was.layer.parameters.block.specs == map.value.parameters.block.specs,
      same(was.layer.parameters.numbers, map.value.parameters.numbers)
    {
      expectation = map.name == was.name && map.changes == was.changes ? .fits : .either
    }
    will(
      """
      \(map.name).backward(\(dy.shape), through: \(mapTapes[t].name), \
      accumulatingInto: &\(gradients.block.specs.map { "[\($0.rows), \($0.columns)]" }))
      """, expectation)
    let dx = map.value.backward(dy, through: mapTapes[t].tape, accumulatingInto: &gradients)
    returned(expectation)
    mapTapes[t].was = nil
    guard expectation != .traps, let was else { return }
    var expected = was.layer.parameters.zeros()
    let tape = LinearTape<Scalar>()
    _ = was.layer.forward(was.input, recording: tape)
    let dxExpected = was.layer.backward(dy, through: tape, accumulatingInto: &expected)
    check(dx.numbers, dxExpected.numbers, "gradient of x")
    check(gradients.numbers, expected.numbers, "gradient")
  }

  /// Changes numbers, or puts a block of other sizes in the place of one.
  private func change() {
    let (i, j) = (dice.below(3), dice.below(3))
    let isTable = dice.oneIn(2)
    if dice.slips() {
      let block = dice.oneIn(2) ? tables[j].value.parameters.block : maps[j].value.parameters.block
      let shapes = block.specs.map { "[\($0.rows), \($0.columns)]" }
      will("\(isTable ? tables[i].name : maps[i].name).parameters.block = \(shapes)", .either)
      if isTable {
        tables[i].value.parameters.block = block
        tables[i].changes += 1
      } else {
        maps[i].value.parameters.block = block
        maps[i].changes += 1
      }
      return
    }
    will("\(isTable ? tables[i].name : maps[i].name).parameters.fill(with: …)", .fits)
    let value = Scalar(Double(dice.below(9)) / 8)
    if isTable {
      tables[i].value.parameters.fill(with: value)
      tables[i].changes += 1
    } else {
      maps[i].value.parameters.fill(with: value)
      maps[i].changes += 1
    }
  }

  // MARK: The rest

  private func drop() {
    let t = dice.below(dropoutTapes.count)
    let dropout = Dropout(
      rate: dice.pick([0, 0.5]), mask: dice.pick(Dropout.Mask.allCases))
    if let (was, noise, shape) = dropoutTapes[t].was, dice.oneIn(2) {
      let other = dice.slips() ? dropout : was
      let dy: SequenceBatch<Scalar> = dice.batch(
        shape[0], dice.slips() ? dice.almost(shape[1]) : shape[1], shape[2])
      let fits = other == was && dy.shape == shape
      will("Dropout(\(other)).backward(\(dy.shape), …)", fits ? .fits : .traps)
      let dx = other.backward(dy, through: dropoutTapes[t].tape)
      returned(fits ? .fits : .traps)
      dropoutTapes[t].was = nil
      let fresh = was.forward(dy, recording: DropoutTape(), noise: noise)
      check(dx.numbers, fresh.numbers, "gradient of a dropout")
      return
    }
    let x: SequenceBatch<Scalar> = dice.batch(dice.below(4), dice.below(4), dice.below(5))
    var noise = RecordingNoise(seed: dice.rng.next())
    var fits = true
    if dice.oneIn(3) {
      let count = dice.slips() ? dice.almost(x.batch) : x.batch
      noise.sequences = (0..<count).map { $0 + 3 }
      fits = count == x.batch
    }
    will(
      "Dropout(\(dropout)).forward(\(x.shape), noise: \(text(noise.sequences)))",
      fits ? .fits : .traps)
    let y = dropout.forward(x, recording: dropoutTapes[t].tape, noise: noise)
    returned(fits ? .fits : .traps)
    let fresh = dropout.forward(x, recording: DropoutTape(), noise: noise)
    check(y.numbers, fresh.numbers, "dropout")
    dropoutTapes[t].was = (dropout, noise, x.shape)
  }

  private func lose() {
    let (T, N, K) = (dice.below(4), dice.below(4), 1 + dice.below(5))
    let logits: SequenceBatch<Scalar> = dice.batch(T, N, K)
    let (lengths, lengthsFit) = dice.lengths(T, N)
    let (labelSteps, labelBatch) = (
      dice.slips() ? dice.almost(T) : T, dice.slips() ? dice.almost(N) : N
    )
    var labels = TokenBatch(
      steps: labelSteps, batch: labelBatch,
      tokens: (0..<labelSteps * labelBatch).map { _ in Token(dice.below(K)) })
    var fits = lengthsFit && labels.shape == [T, N]
    if dice.slips(), fits, T * N > 0, lengths == nil {
      labels[dice.below(T), dice.below(N)] = dice.oneIn(2) ? Token(K) : -2
      fits = false
    }
    var gradient: SequenceBatch<Scalar> = dice.batch(dice.below(3), dice.below(3), dice.below(3))
    will(
      """
      CrossEntropy()(\(logits.shape), labels: \(labels.shape), lengths: \(text(lengths)), \
      gradient: &\(gradient.shape))
      """, fits ? .fits : .traps)
    let loss = CrossEntropy()(logits, labels: labels, lengths: lengths, gradient: &gradient)
    returned(fits ? .fits : .traps)
    let alone = CrossEntropy()(logits, labels: labels, lengths: lengths)
    if abs(loss.sum - alone.sum) > 1e-4 { log.note(wrong: "another loss without its gradient") }
  }

  private func clip() {
    var gradients = dice.pick(maps).value.parameters
    if dice.slips() { gradients.block = ParameterBlock([]) }
    will("clip(toGlobalNorm: 0.5) of \(gradients.scalarCount) scalars", .fits)
    _ = try? gradients.clip(toGlobalNorm: 0.5)
    if gradients.globalNorm > 0.5001 { log.note(wrong: "a norm above the limit") }
  }
}
