import Autodiff
import LinAlg
import Recurrent
import SequenceModels

/// A value of the sequence, and the numbers that it must keep until a call is made to change them.
struct Kept<Value, Scalar> {
  let name: String
  var value: Value
  var shadow: [Scalar]
}

/// What a sequence about one type of layer works with besides what every layer has.
struct Family<Layer: SequenceLayer> {
  /// Makes a layer, and tells what it is besides its numbers: of the given sizes, or of random ones.
  let make: (inout Dice, _ D: Int?, _ H: Int?) -> (layer: Layer, configuration: String)
  /// Whether a call may leave a block of the parameters unread.
  var leavesBlocksUnread = false
  /// Puts a part of another layer's parameters in place of one's own, and tells which.
  var mix: ((inout Layer.Parameters, Layer.Parameters, inout Dice) -> String)?
  /// Has a layer inside another one record a pass on its own tape, and tells which.
  var recordInside: ((Layer, Layer.Recording, inout Dice) -> (String, () -> Void)?)?
}

/// A sequence of calls of layers of one type.
class LayerSequence<Layer: SequenceLayer>: Caller, CallSequence where Layer.State: MixState {
  typealias Scalar = Layer.Scalar

  let family: Family<Layer>
  var layers: [HeldLayer<Layer>] = []
  var tapes: [HeldTape<Layer>] = []
  var spaces: [(name: String, value: Layer.Buffers, configuration: String)] = []
  var xs: [Kept<SequenceBatch<Scalar>, Scalar>] = []
  var states: [Kept<Layer.State, Scalar>] = []
  var gradients: [Kept<Layer.Parameters, Scalar>] = []
  var blocks: [(name: String, value: ParameterBlock<Scalar>)] = []
  private var layerShadows: [[Scalar]] = []
  private var count = 0

  init(_ family: Family<Layer>, _ dice: Dice, _ log: SharedLog) {
    self.family = family
    super.init(dice, log)
    for _ in 0..<2 + self.dice.below(3) { addLayer() }
    for _ in 0..<2 { addTape() }
    for i in layers.indices { addGradients(i) }
    addBlocks()
  }

  func name(_ letter: String) -> String {
    count += 1
    return "\(letter)\(count)"
  }

  // MARK: Objects

  func addLayer() {
    let (layer, configuration) = family.make(&dice, nil, nil)
    let pristine = family.copy(of: layer)
    let held = HeldLayer(
      name: name("L"), layer: layer, pristine: pristine, configuration: configuration)
    log.note("\(held.name) = \(configuration)")
    layers.append(held)
    layerShadows.append(layer.parameters.numbers)
  }

  func addTape() {
    let i = dice.below(layers.count)
    guard layers[i].isWhole, !layers[i].isMixed else { return }
    let (steps, batch) = (dice.below(7), dice.below(5))
    let name = name("T")
    will("\(name) = \(layers[i].name).makeTape(steps: \(steps), batch: \(batch))", .fits)
    tapes.append(
      HeldTape(
        name: name, tape: layers[i].layer.makeTape(steps: steps, batch: batch),
        maker: layers[i].name, configuration: layers[i].configuration, steps: steps, batch: batch))
  }

  func addGradients(_ i: Int) {
    keep(layers[i].layer.parameters.zeros(), "G", "\(layers[i].name).parameters.zeros()")
  }

  private func keep(_ value: Layer.Parameters, _ letter: String, _ what: String) {
    let name = name(letter)
    log.note("\(name) = \(what)")
    gradients.append(Kept(name: name, value: value, shadow: value.numbers))
  }

  /// Blocks of layers of other kinds.
  private func addBlocks() {
    let (D, H) = (dice.size(), dice.size())
    let linear = LinearParameters<Scalar>(inputSize: D, outputSize: H)
    let table = EmbeddingParameters<Scalar>(vocabularySize: D, features: H)
    let cell = LSTM<Scalar>(inputSize: D, hiddenSize: H, using: &dice.rng).parameters
    for (what, block) in [
      ("LinearParameters(\(D), \(H)).block", linear.block),
      ("EmbeddingParameters(\(D), \(H)).block", table.block),
      ("LSTM(\(D), \(H)).parameters.block", cell.block),
      ("ParameterBlock([])", ParameterBlock<Scalar>([])),
    ] {
      let name = name("B")
      log.note("\(name) = \(what)")
      blocks.append((name, block))
    }
  }

  // MARK: Arguments

  /// Inputs for a layer, new or not; some that do not fit where the dice slip.
  func input(
    _ features: Int, steps: Int, batch: Int
  ) -> (x: SequenceBatch<Scalar>, name: String) {
    if dice.slips(), !xs.isEmpty {
      let x = dice.pick(xs)
      return (x.value, "\(x.name) \(x.value.shape)")
    }
    if dice.oneIn(3),
      let x = xs.first(where: {
        $0.value.features == features && $0.value.steps <= steps && $0.value.batch <= batch
      })
    {
      return (x.value, "\(x.name) \(x.value.shape)")
    }
    let F = dice.slips() ? dice.almost(features) : features
    let T = dice.slips() ? dice.almost(steps) : dice.below(steps + 1)
    let N = dice.slips() ? dice.almost(batch) : (dice.oneIn(2) ? batch : dice.below(batch + 1))
    let x: SequenceBatch<Scalar> = dice.batch(T, N, F)
    return (keep(x), "\(xs[xs.count - 1].name) \(x.shape)")
  }

  @discardableResult
  func keep(_ x: SequenceBatch<Scalar>, as what: String? = nil) -> SequenceBatch<Scalar> {
    let name = name("X")
    if let what { log.note("\(name) = \(what)") }
    xs.append(Kept(name: name, value: x, shadow: x.numbers))
    return x
  }

  /// A state for a layer and a batch, or nil.
  func state(_ held: HeldLayer<Layer>, batch: Int) -> (state: Layer.State?, name: String) {
    if dice.oneIn(2) { return (nil, "nil") }
    if !states.isEmpty, dice.slips() || dice.oneIn(3) {
      let expected = held.pristine.zeroState(batch: batch).shapes
      let all = dice.slips() ? states : states.filter { $0.value.shapes == expected }
      if !all.isEmpty {
        let state = dice.pick(all)
        return (state.value, "\(state.name) \(state.value.shapes)")
      }
    }
    var state = held.pristine.zeroState(batch: batch)
    state.change(&dice)
    var what = "zeroState(batch: \(batch)) with numbers"
    if dice.slips() { what += ", " + state.disturb(&dice) }
    let name = name("S")
    log.note("\(name) = \(held.name).\(what)")
    states.append(Kept(name: name, value: state, shadow: state.numbers))
    return (state, "\(name) \(state.shapes)")
  }

  func fits(_ state: Layer.State?, _ held: HeldLayer<Layer>, batch: Int) -> Bool {
    guard let state else { return true }
    return state.shapes == held.pristine.zeroState(batch: batch).shapes
  }

  /// How a call of a layer ends as far as the layer itself and its arguments are concerned.
  func expectation(_ held: HeldLayer<Layer>, argumentsFit: Bool) -> SharedLog.Expectation {
    if held.isMixed || (family.leavesBlocksUnread && !held.isWhole) { return .either }
    return held.isWhole && argumentsFit ? .fits : .traps
  }

  // MARK: Calls

  func call() {
    if layers.contains(where: \.isMixed) { log.prepare() }
    switch dice.below(25) {
    case 0...3: infer()
    case 4...8: record()
    case 9...13: runBackward()
    case 14: addTape()
    case 15: changeNumbers()
    case 16: changeNumbers()
    case 17: assignBlock()
    case 18: assignParameters()
    case 19: changeState()
    case 20: optimize()
    case 21: disturbTape()
    case 22: recordInside()
    case 23: copyLayer()
    default: special()
    }
    checkKept()
  }

  /// A call that only some types of layers have.
  func special() {
    #if MIXUPS_KEPT_POINTER
      keepPointer()
    #else
      changeNumbers()
    #endif
  }

  #if MIXUPS_KEPT_POINTER
    /// What 593655d had: a pointer that outlives the call that hands it out.
    private var kept: [(name: String, layer: Int, pointer: UnsafeMutablePointer<Scalar>)] = []

    private func keepPointer() {
      let i = dice.below(layers.count)
      if kept.isEmpty || dice.oneIn(3) {
        guard layers[i].layer.parameters[block: 0].count > 0 else { return }
        let name = name("K")
        will("\(name) = \(layers[i].name).parameters.uniquePointer(ofBlock: 0)", .fits)
        kept.append((name, i, layers[i].layer.parameters.uniquePointer(ofBlock: 0)))
        return changed(i)
      }
      let (name, layer, pointer) = dice.pick(kept)
      will("\(name)[0] += 1", .either)
      pointer[0] += 1
      changed(layer)
    }
  #endif

  /// A copy of a layer, which shares its memory until one of them is changed.
  private func copyLayer() {
    let held = dice.pick(layers)
    let name = name("L")
    log.note("\(name) = \(held.name)")
    layers.append(
      HeldLayer(
        name: name, layer: held.layer, pristine: held.pristine,
        configuration: held.configuration, changes: held.changes, isMixed: held.isMixed))
    layerShadows.append(held.layer.parameters.numbers)
  }

  private func infer() {
    let held = dice.pick(layers)
    let (x, xName) = input(held.pristine.inputSize, steps: 6, batch: 4)
    let (state, stateName) = state(held, batch: x.batch)
    let (lengths, lengthsFit) = dice.lengths(x.steps, x.batch)
    let threads = dice.threads()
    var space: (name: String, value: Layer.Buffers, configuration: String)?
    if dice.oneIn(2), held.isWhole, !held.isMixed {
      let known =
        dice.slips() ? spaces : spaces.filter { $0.configuration == held.configuration }
      if known.isEmpty {
        spaces.append((name("W"), held.layer.makeWorkspace(), held.configuration))
        space = spaces[spaces.count - 1]
      } else {
        space = dice.pick(known)
      }
    }
    var expectation = expectation(
      held,
      argumentsFit: x.features == held.pristine.inputSize && lengthsFit
        && fits(state, held, batch: x.batch))
    if expectation == .fits, let space, space.configuration != held.configuration {
      expectation = .either
    }
    will(
      """
      \(held.name)(\(xName), from: \(stateName), lengths: \(text(lengths)), \
      threads: \(threads), workspace: \(space?.name ?? "nil"))
      """, expectation)
    let run = held.layer(
      x, from: state, lengths: lengths, threads: threads, workspace: space?.value)
    returned(expectation)
    guard held.isWhole else { return }
    let fresh = held.fresh(x, from: state, lengths: lengths, threads: 1, workspace: nil)
    check(run.outputs.numbers, fresh.outputs.numbers, "output")
    check(run.finalState.numbers, fresh.finalState.numbers, "final state")
    keep(run, of: held)
  }

  /// Goes on with results at times: they may share memory with a tape or a workspace.
  private func keep(_ run: RecurrentOutput<Layer.State>, of held: HeldLayer<Layer>) {
    if dice.oneIn(4) { keep(run.outputs, as: "the outputs") }
    if dice.oneIn(4) {
      let name = name("S")
      log.note("\(name) = the final state")
      states.append(Kept(name: name, value: run.finalState, shadow: run.finalState.numbers))
    }
  }

  private func record() {
    guard !tapes.isEmpty else { return addTape() }
    let t = dice.below(tapes.count)
    let held: HeldLayer<Layer>
    let fitting = layers.filter { $0.configuration == tapes[t].configuration }
    held = dice.slips() || fitting.isEmpty ? dice.pick(layers) : dice.pick(fitting)
    let (x, xName) = input(
      held.pristine.inputSize, steps: tapes[t].steps, batch: tapes[t].batch)
    let (state, stateName) = state(held, batch: x.batch)
    let (lengths, lengthsFit) = dice.lengths(x.steps, x.batch)
    let threads = dice.threads()
    var expectation = expectation(
      held,
      argumentsFit: x.features == held.pristine.inputSize && lengthsFit
        && fits(state, held, batch: x.batch) && x.steps <= tapes[t].steps
        && x.batch <= tapes[t].batch)
    if expectation == .fits, tapes[t].configuration != held.configuration {
      expectation = .either
    }
    will(
      """
      \(held.name).forward(\(xName), from: \(stateName), lengths: \(text(lengths)), \
      threads: \(threads), recording: \(tapes[t].name))
      """, expectation)
    let noise = tapes[t].tape.noise
    let run = held.layer.forward(
      x, from: state, lengths: lengths, threads: threads, recording: tapes[t].tape)
    returned(expectation)
    tapes[t].recorded = nil
    tapes[t].isUnknown = !held.isWhole || held.isMixed
    guard held.isWhole else { return }
    let recorded = Recorded(
      layer: held.fresh, configuration: held.configuration, name: held.name,
      changes: held.changes, x: x, state: state, lengths: lengths, noise: noise,
      outputs: run.outputs.shape)
    tapes[t].recorded = recorded
    let fresh = recorded.forward(on: recorded.makeTape())
    check(run.outputs.numbers, fresh.outputs.numbers, "output")
    check(run.finalState.numbers, fresh.finalState.numbers, "final state")
    keep(run, of: held)
  }

  private func runBackward() {
    guard !tapes.isEmpty else { return addTape() }
    let known = tapes.indices.filter { tapes[$0].recorded != nil }
    if known.isEmpty && !dice.slips() { return record() }
    let t = dice.slips() || known.isEmpty ? dice.below(tapes.count) : dice.pick(known)
    let recorded = tapes[t].recorded
    let maker = layers.first { $0.name == recorded?.name }
    let held = dice.slips() ? dice.pick(layers) : (maker ?? dice.pick(layers))
    let shape = recorded?.outputs ?? [2, 2, held.pristine.outputSize]
    var dOutputs: SequenceBatch<Scalar>?
    if !dice.oneIn(6) {
      dOutputs =
        dice.slips()
        ? dice.batch(
          dice.oneIn(2) ? dice.almost(shape[0]) : shape[0],
          dice.oneIn(2) ? dice.almost(shape[1]) : shape[1],
          dice.oneIn(2) ? dice.almost(shape[2]) : shape[2])
        : dice.batch(shape[0], shape[1], shape[2])
    }
    let (dState, dStateName) = state(held, batch: shape[1])
    let specs = held.pristine.parameters.specs
    let fitting = gradients.indices.filter { gradients[$0].value.specs == specs }
    if fitting.isEmpty { addGradients(layers.firstIndex { $0.name == held.name } ?? 0) }
    let g =
      dice.slips() || fitting.isEmpty ? dice.below(gradients.count) : dice.pick(fitting)
    let threads = dice.threads()

    var expectation = SharedLog.Expectation.traps
    if let recorded, held.isWhole, held.configuration == recorded.configuration,
      same(held.layer.parameters.numbers, recorded.layer.parameters.numbers),
      dOutputs == nil || dOutputs?.shape == recorded.outputs,
      fits(dState, held, batch: shape[1]), gradients[g].value.specs == specs
    {
      let isSame = held.name == recorded.name && held.changes == recorded.changes
      expectation = isSame && !held.isMixed ? .fits : .either
    } else if tapes[t].isUnknown || held.isMixed
      || (family.leavesBlocksUnread
        && (!held.isWhole || gradients[g].value.specs != specs))
    {
      expectation = .either
    }
    will(
      """
      \(held.name).backward(\(dOutputs.map { "\($0.shape)" } ?? "nil"), \
      finalState: \(dStateName), through: \(tapes[t].name), threads: \(threads), \
      accumulatingInto: &\(gradients[g].name))
      """, expectation)
    var expected = gradients[g].value
    let start = gradients[g].value.numbers
    let d = held.layer.backward(
      dOutputs, finalState: dState, through: tapes[t].tape, threads: threads,
      accumulatingInto: &gradients[g].value)
    returned(expectation)
    gradients[g].shadow = gradients[g].value.numbers
    tapes[t].recorded = nil
    guard let recorded, held.isWhole, expectation != .traps,
      gradients[g].value.specs == recorded.layer.parameters.specs
    else { return }
    expected = recorded.layer.parameters.zeros().filled(from: start)
    let tape = recorded.makeTape()
    _ = recorded.forward(on: tape)
    let fresh = recorded.layer.backward(
      dOutputs, finalState: dState, through: tape, threads: 1, accumulatingInto: &expected)
    check(d.x.numbers, fresh.x.numbers, "gradient of x")
    check(d.initialState.numbers, fresh.initialState.numbers, "gradient of the state")
    check(gradients[g].value.numbers, expected.numbers, "gradient")
    if dice.oneIn(4) { keep(d.x, as: "the gradient of x") }
  }

  /// Changes numbers of a layer's parameters in place, or those of a copy, which must change nothing.
  func changeNumbers() {
    let i = dice.below(layers.count)
    let block = dice.below(layers[i].layer.parameters.blockCount)
    let count = layers[i].layer.parameters[block: block].count
    if count == 0 { return }
    let place = dice.below(count)
    if dice.oneIn(4) {
      log.note("var copy = \(layers[i].name); copy.parameters.fill(with: 3)")
      var copy = layers[i].layer
      copy.parameters.fill(with: 3)
      return
    }
    will("\(layers[i].name).parameters[block: \(block)]: scalar \(place) = …", .fits)
    let value = Scalar(Double(dice.below(100)) / 50 - 1)
    layers[i].layer.parameters[block: block].withUnsafeMutableBufferPointer { $0[place] = value }
    changed(i)
  }

  func changed(_ i: Int) {
    layers[i].changes += 1
    layerShadows[i] = layers[i].layer.parameters.numbers
  }

  /// Puts another block in the place of one: of a layer of this type or of another.
  private func assignBlock() {
    let other = dice.pick(layers)
    let j = dice.below(other.layer.parameters.blockCount)
    var (name, block) = ("\(other.name).parameters[block: \(j)]", other.layer.parameters[block: j])
    if dice.oneIn(3) { (name, block) = dice.pick(blocks) }
    if dice.oneIn(4) {
      let g = dice.below(gradients.count)
      let k = dice.below(gradients[g].value.blockCount)
      let fits = gradients[g].value[block: k].specs == block.specs
      if !fits && !dice.slips() { return }
      will("\(gradients[g].name)[block: \(k)] = \(name)", fits ? .fits : .either)
      gradients[g].value[block: k] = block
      gradients[g].shadow = gradients[g].value.numbers
      return
    }
    let i = dice.below(layers.count)
    let k = dice.below(layers[i].layer.parameters.blockCount)
    let fits = layers[i].layer.parameters[block: k].specs == block.specs
    if !fits && !dice.slips() { return }
    will("\(layers[i].name).parameters[block: \(k)] = \(name)", fits ? .fits : .either)
    layers[i].layer.parameters[block: k] = block
    changed(i)
  }

  /// Puts another layer's parameters, or a part of them, in the place of a layer's.
  private func assignParameters() {
    let (i, j) = (dice.below(layers.count), dice.below(layers.count))
    if i == j { return }
    if let mix = family.mix, dice.slips() {
      var parameters = layers[i].layer.parameters
      let what = mix(&parameters, layers[j].layer.parameters, &dice)
      will("\(layers[i].name).parameters.\(what) of \(layers[j].name)", .either)
      layers[i].layer.parameters = parameters
      layers[i].isMixed = true
      return changed(i)
    }
    let fits = layers[i].configuration == layers[j].configuration
    if !fits && !dice.slips() { return }
    will("\(layers[i].name).parameters = \(layers[j].name).parameters", fits ? .fits : .either)
    layers[i].layer.parameters = layers[j].layer.parameters
    layers[i].isMixed = layers[i].isMixed || !fits || layers[j].isMixed
    layers[i].pristine.parameters = layers[j].pristine.parameters
    changed(i)
  }

  private func changeState() {
    if states.isEmpty { return }
    let i = dice.below(states.count)
    if dice.slips() {
      let what = states[i].value.disturb(&dice)
      log.note("\(states[i].name).\(what)")
    } else {
      states[i].value.change(&dice)
      log.note("\(states[i].name) with other numbers")
    }
    states[i].shadow = states[i].value.numbers
  }

  /// A step of an optimizer that may have been made for another layer.
  private func optimize() {
    let i = dice.below(layers.count)
    let maker = dice.slips() ? dice.pick(layers) : layers[i]
    let specs = layers[i].layer.parameters.specs
    let fitting = gradients.filter { $0.value.specs == specs }
    let gradient =
      dice.slips() || fitting.isEmpty ? dice.pick(gradients) : dice.pick(fitting)
    let fits = maker.layer.parameters.specs == specs && gradient.value.specs == specs
    let isAdam = dice.oneIn(2)
    will(
      """
      \(isAdam ? "Adam" : "SGD")(for: \(maker.name).parameters).step(&\(layers[i].name).parameters, \
      gradients: \(gradient.name))
      """, fits ? .fits : .traps)
    var expected = layers[i].layer.parameters.zeros().filled(
      from: layers[i].layer.parameters.numbers)
    if isAdam {
      var adam = Adam(for: maker.layer.parameters, learningRate: 0.01)
      adam.step(&layers[i].layer.parameters, gradients: gradient.value)
      if fits {
        var fresh = Adam(for: expected, learningRate: 0.01)
        fresh.step(&expected, gradients: gradient.value)
      }
    } else {
      var sgd = SGD(for: maker.layer.parameters, learningRate: 0.01, momentum: 0.5)
      sgd.step(&layers[i].layer.parameters, gradients: gradient.value)
      if fits {
        var fresh = SGD(for: expected, learningRate: 0.01, momentum: 0.5)
        fresh.step(&expected, gradients: gradient.value)
      }
    }
    returned(fits ? .fits : .traps)
    check(layers[i].layer.parameters.numbers, expected.numbers, "step")
    changed(i)
  }

  private func disturbTape() {
    guard !tapes.isEmpty else { return }
    let t = dice.below(tapes.count)
    if dice.oneIn(2) {
      will("\(tapes[t].name).discard()", .fits)
      tapes[t].tape.discard()
      tapes[t].recorded = nil
    } else {
      log.note("\(tapes[t].name).noise = …")
      tapes[t].tape.noise = dice.oneIn(2) ? nil : RecordingNoise(seed: dice.rng.next())
    }
  }

  /// Has a layer inside another one record a pass of its own.
  private func recordInside() {
    guard let inside = family.recordInside, !tapes.isEmpty, dice.slips() else { return }
    let t = dice.below(tapes.count)
    let makers = layers.filter {
      $0.configuration == tapes[t].configuration && $0.isWhole && !$0.isMixed
    }
    guard let held = makers.first, let (what, run) = inside(held.layer, tapes[t].tape, &dice) else {
      return
    }
    will("\(held.name), \(tapes[t].name): \(what)", .either)
    run()
    tapes[t].recorded = nil
  }

  /// Checks that no call has changed what it was not given to change.
  private func checkKept() {
    for x in xs where !same(plant.spoil(x.value.numbers, as: .change), x.shadow) {
      log.note(wrong: "a call changed \(x.name)")
    }
    for state in states where !same(state.value.numbers, state.shadow) {
      log.note(wrong: "a call changed \(state.name)")
    }
    for gradient in gradients where !same(gradient.value.numbers, gradient.shadow) {
      log.note(wrong: "a call changed \(gradient.name)")
    }
    for (held, shadow) in zip(layers, layerShadows)
    where !same(held.layer.parameters.numbers, shadow) {
      log.note(wrong: "a call changed \(held.name)")
    }
  }
}

extension Family {
  /// A layer of the same options whose numbers no other layer shares.
  func copy(of layer: Layer) -> Layer {
    var result = layer
    result.parameters = layer.parameters.zeros()
    return result
  }
}

extension ParameterSet {
  /// This set with the given numbers.
  func filled(from numbers: [Scalar]) -> Self {
    var (result, start) = (self, 0)
    for i in 0..<blockCount {
      let count = result[block: i].count
      result[block: i].withUnsafeMutableBufferPointer {
        _ = $0.update(fromContentsOf: numbers[start..<start + count])
      }
      start += count
    }
    return result
  }
}

extension Recorded {
  /// A tape for this recording alone.
  func makeTape() -> Layer.Recording {
    layer.makeTape(steps: x.steps, batch: x.batch)
  }

  /// Records it again.
  func forward(on tape: Layer.Recording) -> RecurrentOutput<Layer.State> {
    tape.noise = noise
    return layer.forward(x, from: state, lengths: lengths, threads: 1, recording: tape)
  }
}
