import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// The parts of a model: what has parameters on a graph.
struct MixedModel<Scalar: RecurrentScalar>: Model {
  var table: Embedding<Scalar>
  var map: Linear<Scalar>
  var norm: LayerNorm<Scalar>
  var layer: LSTM<Scalar>
  var vector: Parameter<Scalar>

  mutating func visitParts(_ part: inout PartVisitor<Scalar>) {
    part("table", &table)
    part("map", &map)
    part("norm", &norm)
    part("layer", &layer)
    part("vector", &vector)
  }

  /// The same numbers in memory of their own.
  var fresh: MixedModel {
    var result = self
    result.parameters = parameters.zeros().filled(with: parameters)
    return result
  }
}

/// A sequence of passes on graphs: each a random program, with operands that fit or are of another pass,
/// another graph, another shape; and what stands beside graphs: direct calls, dropout, clipping.
final class GraphSequence<Scalar: RecurrentScalar>: Caller, CallSequence {
  /// One operation of a program; operands are numbers of values before it.
  private enum Step {
    case constant(SequenceBatch<Scalar>)
    case variable(SequenceBatch<Scalar>)
    case lookup(TokenBatch)
    case vector
    case map(Int)
    case norm(Int)
    case scores(Int)
    case layer(Int, state: Int?, lengths: [Int]?)
    case unary(Int, Int)
    case combine(Int, Int, Int)
    case product(Int, Int)
    case inner(Int, Int)
    case weigh(Int, Int)
    case slice(Int, Range<Int>)
    case join(Int, Int, NodeAxis)
    case gather(Int, TokenBatch)
    case pool(Int, Int, [Int]?)
    case attend(Int, Int, Int, [Int]?)
    case compare(Int, Int, Int, [Int]?)
    case earlier(Int)
    case copy(Int, Int, TokenBatch, [Int]?)
    case loss(Int, TokenBatch, [Int]?)
  }

  private var models: [(name: String, value: MixedModel<Scalar>, V: Int, D: Int, H: Int)] = []
  private var graphs: [Graph<Scalar>] = []
  /// Nodes of passes of each graph that are over, and of a graph that is gone.
  private var stale: [[Node<Scalar>]] = [[], [], [], []]
  private var dropoutTapes: [(tape: DropoutTape<Scalar>, was: (Dropout, RecordingNoise?, [Int])?)] =
    []

  override init(_ dice: Dice, _ log: SharedLog) {
    super.init(dice, log)
    for i in 0..<3 {
      let (V, D, H) = (self.dice.size(), self.dice.size(), self.dice.size())
      models.append(
        (
          "model\(i)",
          MixedModel(
            table: Embedding(vocabularySize: V, features: D, using: &self.dice.rng),
            map: Linear(inputSize: D, outputSize: H, using: &self.dice.rng),
            norm: LayerNorm(features: D),
            layer: LSTM(inputSize: D, hiddenSize: H, using: &self.dice.rng),
            vector: Parameter(rows: 1, columns: D, using: &self.dice.rng)), V, D, H
        ))
      log.note("model\(i): V, D, H = \(V), \(D), \(H)")
      graphs.append(Graph(threads: 1 + i % 2, seed: UInt64(i)))
      dropoutTapes.append((DropoutTape(), nil))
    }
  }

  func call() {
    switch dice.below(10) {
    case 0...5: pass()
    case 6: change()
    case 7: direct()
    case 8: drop()
    default: clip()
    }
  }

  // MARK: Passes

  private func pass() {
    let (i, g) = (dice.below(models.count), dice.below(graphs.count))
    let (name, model, V, D, H) = models[i]
    let isRecorded = dice.oneIn(2)
    let wholeness = isWhole(i)
    log.note("\(name) on graph\(g), \(isRecorded ? "recorded" : "not recorded")")
    var shapes: [NodeShape] = []
    var steps: [Step] = []
    // Which step gets an operand that is not of this pass, or a shape that does not fit.
    var (mistakeAt, mistake): (Int?, Int) = (nil, 0)
    let count = 2 + dice.below(7)
    while steps.count < count {
      guard let (step, shape, fits) = draw(shapes, V, D, H) else { continue }
      steps.append(step)
      if !fits {
        mistakeAt = steps.count - 1
        break
      }
      shapes.append(shape)
      if dice.slips() {
        (mistakeAt, mistake) = (steps.count, 1 + dice.below(2))
        break
      }
    }
    let expectation: SharedLog.Expectation =
      !wholeness ? .either : mistakeAt == nil ? .fits : .traps
    will("\(steps.map { "\($0)" }.joined(separator: "; ")) mistake \(mistake)", expectation)
    let strange = mistake == 1 ? stale[dice.oneIn(3) ? 3 : g].first : nil
    let got = run(
      steps, model, graphs[g], isRecorded, strange: strange, other: mistake == 2 ? g : nil)
    stale[g] = got.nodes
    // Without a stale node there was no mistake to be made.
    let wasMade = mistakeAt != nil && (mistake != 1 || strange != nil)
    returned(!wholeness ? .either : wasMade ? .traps : .fits)
    guard wholeness, !wasMade else { return }
    let expected = run(steps, model.fresh, Graph(threads: 1), isRecorded, strange: nil, other: nil)
    stale[3] = expected.nodes
    check(got.values, expected.values, "value")
    check(got.gradients, expected.gradients, "gradient")
  }

  /// Runs a program, and all of its values and gradients one after the other.
  private func run(
    _ steps: [Step], _ model: MixedModel<Scalar>, _ graph: Graph<Scalar>, _ isRecorded: Bool,
    strange: Node<Scalar>?, other: Int?
  ) -> (values: [Scalar], gradients: [Scalar], nodes: [Node<Scalar>]) {
    var values: [Scalar] = []
    var (nodes, variables): ([Node<Scalar>], [Node<Scalar>]) = ([], [])
    func program(_ model: MixedModel<Scalar>, _ graph: Graph<Scalar>) -> Node<Scalar> {
      (nodes, variables) = ([], [])
      var loss = graph.constant(0, NodeShape(steps: 1, batch: 1, features: 1))
      for step in steps {
        let node = perform(step, nodes, model, graph)
        if case .variable = step { variables.append(node) }
        nodes.append(node)
        loss = loss + node.squared().sum()
        values += node.value.elements
      }
      if let strange { _ = strange + loss }
      if let other {
        let graph = graphs[(other + 1) % graphs.count]
        graph.beginEvaluation()
        _ = loss * graph.constant(1, loss.shape)
      }
      return loss
    }
    if isRecorded {
      _ = model.gradients(on: graph, of: program)
    } else {
      model.evaluate(on: graph) { values.append(program($0, $1).scalar) }
    }
    let gradients =
      isRecorded
      ? graph.gradients.numbers + variables.flatMap { $0.gradient?.elements ?? [] } : []
    return (values, gradients, Array(nodes.suffix(2)))
  }

  private func perform(
    _ step: Step, _ v: [Node<Scalar>], _ model: MixedModel<Scalar>, _ graph: Graph<Scalar>
  ) -> Node<Scalar> {
    switch step {
    case .constant(let x): graph.constant(x)
    case .variable(let x): graph.variable(x)
    case .lookup(let tokens): model.table(tokens, on: graph)
    case .vector: model.vector(on: graph)
    case .map(let a): model.map(v[a])
    case .norm(let a): model.norm(v[a])
    case .scores(let a): model.table.scores(v[a])
    case .layer(let a, let state, let lengths):
      model.layer(v[a], from: state.map { v[$0] }, lengths: lengths).finalState
    case .unary(0, let a): v[a].tanh()
    case .unary(1, let a): v[a].softmax()
    case .unary(2, let a): v[a].clamped(to: -0.5...0.5)
    case .unary(_, let a): v[a].stopGradient()
    case .combine(0, let a, let b): v[a] + v[b]
    case .combine(_, let a, let b): v[a] * v[b]
    case .product(let a, let b): v[a].product(transposed: v[b])
    case .inner(let a, let b): v[a].innerProducts(with: v[b])
    case .weigh(let a, let b): v[a].weightedSums(of: v[b])
    case .slice(let a, let range): v[a][steps: range]
    case .join(let a, let b, let axis): v[a].joined(v[b], along: axis)
    case .gather(let a, let rows): v[a].gathered(rows: rows)
    case .pool(0, let a, let lengths): v[a].last(lengths: lengths)
    case .pool(1, let a, let lengths): v[a].mean(lengths: lengths)
    case .pool(_, let a, let lengths): v[a].maximum(lengths: lengths)
    case .attend(let q, let k, let values, let lengths):
      v[q].attending(keys: v[k], values: v[values], lengths: lengths).context
    case .compare(let q, let k, let w, let lengths):
      v[q].attentionScores(keys: v[k], additive: v[w], lengths: lengths).softmax(lengths: lengths)
    case .earlier(let a): v[a].sumsOfEarlierSteps()
    case .copy(let z, let e, let words, let lengths):
      v[z].mixedWithCopies(
        of: words, attention: v[e], generating: v[e].sum(over: .features),
        words: v[z].features + 1, lengths: lengths
      ).exp()
    case .loss(let a, let labels, let lengths): v[a].crossEntropy(labels, lengths: lengths)
    }
  }

  /// Tokens of a vocabulary of `V`, at times with one that is none of it.
  private func words(_ T: Int, _ N: Int, _ V: Int) -> (tokens: TokenBatch, fit: Bool) {
    var tokens: [Token] = []
    for _ in 0..<T * N { tokens.append(Token(dice.below(V))) }
    let slips = dice.slips()
    if slips { tokens[0] = dice.oneIn(2) ? -1 : Token(V) }
    return (TokenBatch(steps: T, batch: N, tokens: tokens), !slips)
  }

  /// A step that can be drawn from values of these shapes, the shape of its value, and whether it fits.
  private func draw(
    _ shapes: [NodeShape], _ V: Int, _ D: Int, _ H: Int
  ) -> (Step, NodeShape, Bool)? {
    func shape(_ T: Int, _ N: Int, _ F: Int) -> NodeShape {
      NodeShape(steps: T, batch: N, features: F)
    }
    let (T, N) = (1 + dice.below(3), 1 + dice.below(3))
    if shapes.isEmpty || dice.oneIn(4) {
      switch dice.below(4) {
      case 0: return (.constant(dice.batch(T, N, D)), shape(T, N, D), true)
      case 1: return (.variable(dice.batch(T, N, D)), shape(T, N, D), true)
      case 2: return (.vector, shape(1, 1, D), true)
      default:
        let (tokens, fits) = words(T, N, V)
        return (.lookup(tokens), shape(T, N, D), fits)
      }
    }
    let (a, b) = (dice.below(shapes.count), dice.below(shapes.count))
    let (x, y) = (shapes[a], shapes[b])
    /// A step whose inputs do not fit is drawn as seldom as other mistakes.
    func unless(_ fits: Bool, _ step: Step, _ result: NodeShape) -> (Step, NodeShape, Bool)? {
      fits || dice.slips() ? (step, result, fits) : nil
    }
    switch dice.below(19) {
    case 0: return unless(x.features == D, .map(a), shape(x.steps, x.batch, H))
    case 1: return unless(x.features == D, .norm(a), x)
    case 2: return unless(x.features == D, .scores(a), shape(x.steps, x.batch, V))
    case 3, 4:
      let state = dice.oneIn(2) ? nil : Optional(b)
      let (lengths, fits) = dice.lengths(x.steps, x.batch)
      return unless(
        fits && x.features == D && (state == nil || y == shape(1, x.batch, 2 * H)),
        .layer(a, state: state, lengths: lengths), shape(1, x.batch, 2 * H))
    case 5: return (.unary(dice.below(4), a), x, true)
    case 6:
      func axis(_ a: Int, _ b: Int) -> Int? { a == b || b == 1 ? a : a == 1 ? b : nil }
      let result = (
        axis(x.steps, y.steps), axis(x.batch, y.batch), axis(x.features, y.features)
      )
      guard case (let t?, let n?, let f?) = result else {
        return unless(false, .combine(dice.below(2), a, b), x)
      }
      return (.combine(dice.below(2), a, b), shape(t, n, f), true)
    case 7:
      return unless(
        y.steps == 1 && x.features == y.features, .product(a, b), shape(x.steps, x.batch, y.batch))
    case 8:
      let start = dice.below(x.steps)
      let end = dice.slips() ? x.steps + 1 : start + 1 + dice.below(x.steps - start)
      return (.slice(a, start..<end), shape(end - start, x.batch, x.features), end <= x.steps)
    case 9:
      let axis = dice.pick(NodeAxis.allCases)
      var (p, q, sum) = (x, y, x)
      sum[axis] += y[axis]
      (p[axis], q[axis]) = (0, 0)
      return unless(p == q, .join(a, b, axis), sum)
    case 10:
      let slips = dice.slips()
      let rows = TokenBatch(
        steps: T, batch: N,
        tokens: (0..<T * N).map { i in
          Token(slips && i == 0 ? x.rows : dice.below(x.rows + 1) - 1)
        })
      return (.gather(a, rows), shape(T, N, x.features), !slips)
    case 11:
      let (lengths, fits) = dice.lengths(x.steps, x.batch)
      return (.pool(dice.below(3), a, lengths), shape(1, x.batch, x.features), fits)
    case 12:
      let c = dice.below(shapes.count)
      let z = shapes[c]
      let (lengths, fits) = dice.lengths(y.steps, y.batch)
      return unless(
        fits && x.batch == y.batch && y.batch == z.batch && y.steps == z.steps
          && x.features == y.features, .attend(a, b, c, lengths),
        shape(x.steps, x.batch, z.features))
    case 13:
      return unless(
        x.batch == y.batch && x.features == y.features, .inner(a, b),
        shape(x.steps, x.batch, y.steps))
    case 14:
      return unless(
        x.batch == y.batch && x.features == y.steps, .weigh(a, b),
        shape(x.steps, x.batch, y.features))
    case 15:
      let c = dice.below(shapes.count)
      let (lengths, fits) = dice.lengths(y.steps, y.batch)
      return unless(
        fits && x.batch == y.batch && x.features == y.features
          && shapes[c] == shape(1, 1, x.features), .compare(a, b, c, lengths),
        shape(x.steps, x.batch, y.steps))
    case 16: return (.earlier(a), x, true)
    case 17:
      let (lengths, fits) = dice.lengths(y.features, y.batch)
      let (copied, known) = words(y.features, y.batch, x.features + 1)
      let step = Step.copy(a, b, copied, lengths)
      let result = shape(x.steps, x.batch, x.features + 1)
      guard x.steps == y.steps && x.batch == y.batch else { return unless(false, step, result) }
      // The word that is none is the first of the first source, and may be behind its end.
      return (step, result, fits && (known || lengths?.first == 0))
    default:
      let (lengths, fits) = dice.lengths(x.steps, x.batch)
      let labels = TokenBatch(
        steps: dice.slips() ? x.steps + 1 : x.steps, batch: x.batch,
        tokens: (0..<(x.steps + 1) * x.batch).map { _ in Token(dice.below(x.features)) },
        cutTo: x)
      return unless(
        fits && labels.steps == x.steps, .loss(a, labels, lengths), shape(1, 1, 1))
    }
  }

  /// Whether all blocks are those that the model was made with.
  private func isWhole(_ i: Int) -> Bool {
    let (_, model, V, D, H) = models[i]
    return model.table.parameters.block.specs.first?.columns == D
      && model.table.parameters.block.specs.first?.rows == V
      && model.map.parameters.block.specs.first?.rows == H
      && model.map.parameters.block.specs.first?.columns == D
  }

  /// Changes numbers, or puts a block of other sizes in the place of one.
  private func change() {
    let (i, j) = (dice.below(3), dice.below(3))
    if dice.slips() {
      will("\(models[i].name).map's block = that of \(models[j].name)", .fits)
      models[i].value.map.parameters.block = models[j].value.map.parameters.block
    } else if dice.oneIn(3), models[i].value.parameters.specs == models[j].value.parameters.specs {
      will("\(models[i].name).parameters = \(models[j].name).parameters", .fits)
      models[i].value.parameters = models[j].value.parameters
    } else {
      will("\(models[i].name).map.parameters.fill(with: …)", .fits)
      models[i].value.map.parameters.fill(with: Scalar(Double(dice.below(9)) / 8))
    }
  }

  // MARK: Beside graphs

  private func direct() {
    let (name, model, V, D, H) = dice.pick(models)
    let whole = model.map.parameters.block.specs.first.map { [$0.rows, $0.columns] } == [H, D]
    let columns = dice.slips() ? dice.almost(D) : D
    let rows = dice.below(4)
    if dice.oneIn(2) {
      let x: Matrix<Scalar> = dice.matrix(rows, columns)
      var y: Matrix<Scalar> = dice.matrix(dice.slips() ? dice.almost(rows) : rows, H)
      let fits = whole && columns == D && y.rows == rows
      will("\(name).map.apply(\(x.shape), into: &\(y.shape))", fits ? .fits : .traps)
      model.map.apply(x, into: &y)
      returned(fits ? .fits : .traps)
      if fits { check(y.numbers, model.fresh.map(x).numbers, "product") }
    } else {
      let token = Token(dice.slips() ? V : dice.below(V))
      var row: Matrix<Scalar> = dice.matrix(1, columns)
      let fits = Int(token) < V && columns == D
      will("\(name).table.gather(\(token), into: &\(row.shape))", fits ? .fits : .traps)
      model.table.gather(token, into: &row)
      returned(fits ? .fits : .traps)
      if fits {
        check(row.numbers, (0..<D).map { model.table.parameters.W[Int(token), $0] }, "row")
      }
    }
  }

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

  private func clip() {
    var gradients = dice.pick(models).value.map.parameters
    if dice.slips() { gradients.block = ParameterBlock([]) }
    will("clip(toGlobalNorm: 0.5) of \(gradients.scalarCount) scalars", .fits)
    _ = try? gradients.clip(toGlobalNorm: 0.5)
    if gradients.globalNorm > 0.5001 { log.note(wrong: "a norm above the limit") }
  }
}

extension TokenBatch {
  /// Labels for the rows of `shape`, or for one step more.
  fileprivate init(steps: Int, batch: Int, tokens: [Token], cutTo shape: NodeShape) {
    self.init(steps: steps, batch: batch, tokens: tokens.prefix(steps * batch))
  }
}
